"""KV version 2 in Vault's form answers as OpenBao does, request by request."""

from __future__ import annotations

import random

import pytest

VALUES = ("x", 5, True, [], [1], [{"a": 1}], {"a": {"b": [1, 1.5, None, True]}}, {})
NUMBERS = ("x", 5, True, [], [1], None, {}, "", 1.5, -1, "0x10", "010", " 1", "1_0", 10**20)


@pytest.fixture
def kv(both):
    return both(secret=("kv", {"version": "2"}))


def test_what_data_and_options_may_be(kv):
    for value in VALUES:
        kv.ask("POST", "secret/data/a", {"data": value})
        kv.ask("GET", "secret/data/a")
    for cas in ("x", "1", 1, 0, None, 1.5, True, [], {}, -1):
        kv.ask("POST", "secret/data/a", {"data": {}, "options": {"cas": cas}})
        kv.ask("POST", "secret/data/new", {"data": {}, "options": {"cas": cas}})
        kv.ask("DELETE", "secret/metadata/new")
    for options in ("x", 5, None, [], {"cas": 0, "foo": 1}, {"foo": 1}):
        kv.ask("POST", "secret/data/a", {"data": {}, "options": options})
    kv.ask("POST", "secret/data/a", {})
    kv.ask("POST", "secret/data/a", {"data": {}, "foo": 1, "version": "x"})
    kv.ask("POST", "secret/data/a", {"data": {"a": 1}, "foo": 1, "bar": 2, "path": "zz", "version": "3"})
    kv.verify()


def test_versions_are_read_by_number(kv):
    for number in range(3):
        kv.ask("POST", "secret/data/a/b", {"data": {"n": number}})
    for query in (
        "",
        "?version=1",
        "?version=99",
        "?version=x",
        "?version=-1",
        "?version=0",
        "?version=",
        "?foo=1",
        "?version=2&foo=1",
    ):
        kv.ask("GET", f"secret/data/a/b{query}")
        kv.ask("GET", f"secret/subkeys/a/b{query}")
        kv.ask("GET", f"secret/metadata/a/b{query}")
    kv.verify()


@pytest.mark.parametrize("path", ["", "data", "data/", "metadata", "metadata/", "delete", "delete/", "undelete", "destroy", "subkeys",
                                  "subkeys/", "detailed-metadata", "config", "config/", "config/x", "foo", "foo/bar", "data/none",
                                  "metadata/none", "delete/none", "undelete/none", "destroy/none", "subkeys/none", "detailed-metadata/none"])  # fmt: skip
def test_every_path_with_every_method(kv, path):
    kv.ask("POST", "secret/data/there", {"data": {"a": 1}})
    for method in ("GET", "POST", "PUT", "LIST", "SCAN", "DELETE", "PATCH"):
        body = {"data": {}, "versions": [1]} if method in ("POST", "PUT", "PATCH") else None
        kv.ask(method, f"secret/{path}", body)
    kv.verify()


def test_deleting_undeleting_and_destroying(kv):
    for number in range(3):
        kv.ask("POST", "secret/data/a", {"data": {"n": number}})
    for act in ("delete", "undelete", "destroy", "undelete"):
        for versions in ("x", ["a"], None, [], {}, "", [1.5], [-1], [99], "1,2", 2, [1], ["3"], "1,x,y"):
            kv.ask("POST", f"secret/{act}/a", {"versions": versions})
        kv.ask("POST", f"secret/{act}/a", {})
        for version in (0, 1, 2, 3):
            kv.ask("GET", f"secret/data/a?version={version}")
            kv.ask("GET", f"secret/subkeys/a?version={version}")
        kv.ask("GET", "secret/metadata/a")
        kv.ask("PATCH", "secret/data/a", {"data": {"x": 1}})
        kv.ask("DELETE", "secret/data/a")
        kv.ask("DELETE", "secret/data/a")
    kv.verify()


def test_patching(kv):
    kv.ask("PATCH", "secret/data/w", {"data": {"a": 1}})
    kv.ask("POST", "secret/data/w", {"data": {"a": 1, "b": {"c": 1, "d": 2}}})
    for change in (
        {"a": None},
        {"b": {"c": None, "e": [1]}},
        {"b": "x"},
        {"b": {"y": {"z": None}}},
        {},
        [{"q": 1}],
        "x",
        [1],
    ):
        kv.ask("PATCH", "secret/data/w", {"data": change})
        kv.ask("GET", "secret/data/w")
    for body in (
        {},
        {"data": {}, "options": {"cas": "x"}},
        {"data": {}, "options": {"cas": 1}},
        {"data": {}, "foo": 1},
        {"data": {}, "options": None},
    ):
        kv.ask("PATCH", "secret/data/w", body)
    kv.ask("GET", "secret/data/w")
    kv.verify()


def test_the_structure_down_to_a_depth(kv):
    kv.ask("POST", "secret/data/s", {"data": {"x": {"y": {"z": 1}, "e": {}}, "l": [1]}})
    for depth in ("", "0", "1", "2", "3", "-1", "x"):
        kv.ask("GET", f"secret/subkeys/s?depth={depth}")
    kv.verify()


def test_what_holds_for_the_mount(kv):
    kv.ask("GET", "secret/config")
    for value in NUMBERS:
        kv.ask("POST", "secret/config", {"max_versions": value})
        kv.ask("POST", "secret/config", {"cas_required": value})
        kv.ask("POST", "secret/config", {"delete_version_after": value})
        kv.ask("GET", "secret/config")
    for value in ("-1s", "1h30m5s", "1d", "90", "1.5h", "1x", "100000h", "0", "5ms", "-5m"):
        kv.ask("POST", "secret/config", {"delete_version_after": value, "cas_required": False})
        kv.ask("GET", "secret/config")
    kv.ask("POST", "secret/config", {"foo": 1})
    kv.verify()


def test_check_and_set_where_the_mount_wants_it(kv):
    kv.ask("POST", "secret/config", {"max_versions": 3, "cas_required": True, "metadata_cas_required": True})
    for cas in (None, 0, 0, 1, 7):
        body = {"data": {"a": 1}, **({} if cas is None else {"options": {"cas": cas}})}
        kv.ask("POST", "secret/data/c", body)
        kv.ask("PATCH", "secret/data/c", body)
    for cas in (None, 0, 0, 1, 9, "x"):
        body = {"cas_required": False, **({} if cas is None else {"metadata_cas": cas})}
        kv.ask("POST", "secret/metadata/c", body)
        kv.ask("PATCH", "secret/metadata/c", {**body, "custom_metadata": {"a": "b"}})
        kv.ask("GET", "secret/metadata/c")
    kv.verify()


def test_settings_of_a_secret(kv):
    kv.ask("POST", "secret/metadata/n", {})
    kv.ask("POST", "secret/metadata/n", {"foo": 1})
    kv.ask("GET", "secret/metadata/n")
    for value in NUMBERS:
        for field in ("max_versions", "cas_required", "delete_version_after", "metadata_cas"):
            kv.ask("POST", "secret/metadata/n", {field: value})
            if value != -1:  # OpenBao's patch answers 500 to what its write takes
                kv.ask("PATCH", "secret/metadata/n", {field: value})
        kv.ask("GET", "secret/metadata/n")
    kv.ask("POST", "secret/metadata/n", {"delete_version_after": "1h30m5s", "foo": 1})
    kv.ask("GET", "secret/metadata/n")
    kv.ask("GET", "secret/data/n")
    kv.ask("PATCH", "secret/data/n", {"data": {}})
    kv.ask("DELETE", "secret/data/n")
    kv.ask("POST", "secret/metadata/n", {"cas_required": False, "metadata_cas_required": True})
    kv.ask("POST", "secret/metadata/n", {"max_versions": 1})
    kv.ask("PATCH", "secret/metadata/nope", {"max_versions": 1})
    kv.ask("GET", "secret/metadata/n")
    kv.verify()


def test_custom_metadata(kv):
    for value in (
        {"b": "1", "a": "2"}, "x", {"a": {"b": 1}}, {"a": 5, "t": True}, {"n": None}, {"": "x"}, {"k" * 129: "y"},
        {"v": "z" * 513}, {"a\x01": "x"}, {"a": "x\x02"}, {str(i): "x" for i in range(65)}, {}, None, [], [{"a": "b"}],
        {"é": "ü", "tab": "a\tb"}, {"a": ""},
    ):  # fmt: skip
        kv.ask("POST", "secret/metadata/n", {"custom_metadata": value})
        kv.ask("GET", "secret/metadata/n")
        kv.ask("GET", "secret/data/n")
    for value in ({"a": "1", "b": "2"}, {"a": None}, {"c": ""}, {"d": {}}, "x", None, {}):
        kv.ask("PATCH", "secret/metadata/n", {"custom_metadata": value})
        kv.ask("GET", "secret/metadata/n")
    kv.verify()


def test_old_versions_go(kv):
    for number in range(12):
        kv.ask("POST", "secret/data/big", {"data": {"i": number}})
        kv.ask("GET", "secret/metadata/big")
    for kept in (3, 5, 1, 20, 0):
        kv.ask("POST", "secret/metadata/big", {"max_versions": kept})
        for _ in range(3):
            kv.ask("POST", "secret/data/big", {"data": {}})
            kv.ask("GET", "secret/metadata/big")
    kv.ask("POST", "secret/config", {"max_versions": 2})
    kv.ask("POST", "secret/data/big", {"data": {}})
    kv.ask("GET", "secret/metadata/big")
    kv.ask("GET", "secret/data/big?version=1")
    kv.verify()


def test_folders(kv):
    for name in ("f/a/b", "f/c", "f", "m", "f/a/deep/er", "z z", "f-1"):
        kv.ask("POST", f"secret/data/{name.replace(' ', '%20')}", {"data": {}})
    for kind in ("metadata", "detailed-metadata"):
        for query in (
            "",
            "/",
            "/f",
            "/f/",
            "/f?after=a/",
            "/?limit=2",
            "/?limit=x",
            "/?limit=-1",
            "?after=m",
            "/none",
            "/m",
            "/f/a?foo=1",
            "?after=zzz",
        ):
            kv.ask("LIST", f"secret/{kind}{query}")
            kv.ask("GET", f"secret/{kind}{query}{'&' if '?' in query else '?'}list=true")
    for path in (
        "metadata",
        "metadata/f",
        "metadata/none",
        "detailed-metadata/f",
        "detailed-metadata/none",
        "metadata/f/a",
    ):
        kv.ask("SCAN", f"secret/{path}")
    kv.verify()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_random_histories_agree(kv, seed):
    chance = random.Random(seed)
    names = ("a", "a/b", "c")
    for _ in range(60):
        name, numbers = chance.choice(names), chance.sample(range(7), 2)
        kv.ask(*chance.choice([
            ("POST", f"secret/data/{name}", {"data": {"n": chance.choice([1, "x", None, {"d": 1}])}}),
            ("POST", f"secret/data/{name}", {"data": {"n": 1}}),
            ("POST", f"secret/data/{name}", {"data": {}, "options": {"cas": chance.randint(0, 4)}}),
            ("PATCH", f"secret/data/{name}", {"data": {"p": chance.choice([1, None, {"q": 2}])}}),
            ("DELETE", f"secret/data/{name}", None),
            ("POST", f"secret/delete/{name}", {"versions": numbers}),
            ("POST", f"secret/undelete/{name}", {"versions": numbers}),
            ("POST", f"secret/destroy/{name}", {"versions": numbers}),
            ("POST", f"secret/metadata/{name}", {"max_versions": chance.randint(0, 4)}),
            ("PATCH", f"secret/metadata/{name}", {"custom_metadata": {"k": chance.choice(["1", None])}}),
            ("POST", "secret/config", {"max_versions": chance.randint(0, 3)}),
            ("DELETE", f"secret/metadata/{name}", None),
        ]))  # fmt: skip
        for each in names:
            kv.ask("GET", f"secret/metadata/{each}")
            kv.ask("GET", f"secret/data/{each}")
        kv.ask("LIST", "secret/metadata/")
    kv.verify()
