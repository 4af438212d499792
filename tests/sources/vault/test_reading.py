"""Reading from a real OpenBao: values, versions, names, lists, and how little permission that needs."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from wellkept.errors import ConfigError, Denied, Malformed, NotFound
from wellkept.secret import Secret


@pytest.fixture
def source(bao, opened):
    return opened(bao.url())


def test_an_object_comes_as_json_text_with_its_fields(bao, source, fresh):
    name = fresh()
    bao.write(
        name, {"username": "app", "password": "pässwörd", "port": 5432, "tags": ["a"], "ok": True, "no": None}
    )
    secret = source.read(name)
    assert secret.reveal_json() == {
        "username": "app", "password": "pässwörd", "port": 5432, "tags": ["a"], "ok": True, "no": None,
    }  # fmt: skip
    assert secret.field("password").reveal() == "pässwörd"
    assert secret.field("port").reveal() == "5432"
    assert (secret.name, secret.version, secret.source) == (name, "1", source.url)


def test_a_single_text_field_called_value_comes_as_that_text(bao, source, fresh):
    name = fresh()
    bao.write(name, {"value": "postgresql://app:x@db/app"})
    secret = source.read(name)
    assert secret.reveal() == "postgresql://app:x@db/app"
    assert secret.field("value").reveal() == "postgresql://app:x@db/app"


def test_text_that_is_json_itself_gives_its_own_fields(bao, source, fresh):
    name = fresh()
    bao.write(name, {"value": json.dumps({"password": "inner", "value": "also inner"})})
    secret = source.read(name)
    assert secret.field("password").reveal() == "inner"
    assert secret.field("value").reveal() == "also inner"
    with pytest.raises(NotFound):
        secret.field("other")


@pytest.mark.parametrize("data", [{"value": 5}, {"value": None}, {"value": "x", "more": "y"}, {}])
def test_any_other_object_stays_an_object(bao, source, fresh, data):
    name = fresh()
    bao.write(name, data)
    assert source.read(name).reveal_json() == data


def test_with_value_object_even_a_single_value_stays_an_object(bao, opened, fresh):
    name = fresh()
    bao.write(name, {"value": "x"})
    assert opened(bao.url(options="value=object")).read(name).reveal() == '{"value":"x"}'


def test_bytes_are_kept_as_base64_and_come_back_as_bytes(bao, source, fresh):
    name, content = fresh(), bytes(range(256))
    bao.write(name, {"value": base64.b64encode(content).decode(), "encoding": "base64"})
    assert source.read(name).is_binary
    assert source.read(name).reveal_bytes() == content


def test_what_claims_to_be_base64_and_is_not_is_malformed_and_not_quoted(bao, source, fresh):
    name = fresh()
    bao.write(name, {"value": "not base64!", "encoding": "base64"})
    with pytest.raises(Malformed) as caught:
        source.read(name)
    assert "not base64!" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", " leading and trailing \n", "x" * 64 * 1024, "☃\u0000\u2028", '"quoted"']
)
def test_text_comes_back_exactly(bao, source, fresh, text):
    name = fresh()
    bao.write(name, {"value": text})
    assert source.read(name).reveal() == text


@pytest.mark.parametrize("name", ["ünï/cödé", "with space", "50%/a?b#c+d&e", "☃", "a:b@c", "dot.ted/-_~"])
def test_names_are_exactly_what_they_are(bao, opened, fresh, name):
    folder = fresh()
    bao.write(quote(f"{folder}/{name}"), {"value": "found"})
    source = opened(bao.url(options=f"prefix={folder}"))
    assert source.read(name).reveal() == "found"
    assert source.list() == [name]


@pytest.mark.parametrize(
    "name", ["", "/", "a//b", "/a", "a/", "../a", "a/./b", "a\nb", "a\x00", "\ud800", "x" * 1025]
)
def test_what_no_secret_can_be_called_is_not_found_and_not_asked_for(source, name):
    with pytest.raises(NotFound):
        source.read(name)
    assert isinstance(source.read_many([name])[name], NotFound)


def test_versions_by_number_and_the_previous_one_past_those_deleted(bao, source, fresh):
    name = fresh()
    for number in range(1, 6):
        bao.write(name, {"value": f"v{number}"})
    bao.request("POST", f"secret/delete/{name}", {"versions": [4]})
    bao.request("PUT", f"secret/destroy/{name}", {"versions": [3]})
    assert source.read(name).version == "5"
    assert source.read(name, version="1").reveal() == "v1"
    previous = source.read(name, version="previous")
    assert (previous.reveal(), previous.version) == ("v2", "2")
    for version in ("3", "4", "6", "0", "-1", "one", "", "1.0", "٣"):
        with pytest.raises(NotFound):
            source.read(name, version=version)


def test_the_previous_version_needs_no_permission_but_to_read_the_secret(
    bao, opened, reader, monkeypatch, fresh
):
    name = fresh()
    bao.write(name, {"value": "old"})
    bao.write(name, {"value": "new"})
    monkeypatch.setenv("VAULT_TOKEN", bao.token(reader(name), no_default_policy=True))
    assert opened(bao.url()).read(name, version="previous").reveal() == "old"


def test_without_an_earlier_version_there_is_no_previous_one(bao, source, fresh):
    name = fresh()
    bao.write(name, {"value": "only"})
    with pytest.raises(NotFound, match="no previous"):
        source.read(name, version="previous")


def test_versions_that_are_no_longer_kept_end_the_search(bao, source, fresh):
    name = fresh()
    bao.request("POST", f"secret/metadata/{name}", {"max_versions": 2})
    for number in range(1, 5):
        bao.write(name, {"value": f"v{number}"})
    bao.request("POST", f"secret/delete/{name}", {"versions": [3]})
    with pytest.raises(NotFound):
        source.read(name, version="previous")


def test_a_deleted_current_version_is_not_found_and_its_predecessor_is_the_previous(bao, source, fresh):
    name = fresh()
    bao.write(name, {"value": "old"})
    bao.write(name, {"value": "new"})
    bao.request("DELETE", f"secret/data/{name}")
    with pytest.raises(NotFound, match="version 2 .* is deleted"):
        source.read(name)
    assert source.read(name, version="previous").reveal() == "old"


def test_a_version_knows_when_it_was_made(bao, source, fresh):
    name = fresh()
    bao.write(name, {"value": "x"})
    made = bao.request("GET", f"secret/metadata/{name}")["data"]["versions"]["1"]["created_time"]
    assert source.read(name).created == pytest.approx(
        __import__("datetime").datetime.fromisoformat(made).timestamp()
    )


def test_many_at_once_each_with_its_own_fate(bao, source, fresh):
    folder = fresh()
    names = [f"{folder}/{number}" for number in range(30)]
    for name in names[:25]:
        bao.write(name, {"value": name})
    found = source.read_many([*names, "a//b", names[0]])
    assert [found[name].reveal() for name in names[:25]] == names[:25]
    assert all(isinstance(found[name], NotFound) for name in [*names[25:], "a//b"])
    assert all(found[name].name == name for name in names)
    assert set(found) == {*names, "a//b"}


def test_one_denied_name_spoils_no_other(bao, opened, reader, monkeypatch, fresh):
    mine, theirs = fresh("mine"), fresh("theirs")
    bao.write(mine, {"value": "mine"})
    bao.write(theirs, {"value": "theirs"})
    monkeypatch.setenv("VAULT_TOKEN", bao.token(reader(mine)))
    found = opened(bao.url()).read_many([theirs, mine])
    assert isinstance(found[theirs], Denied)
    assert found[mine].reveal() == "mine"


def test_with_a_prefix_names_are_below_it(bao, opened, fresh):
    folder = fresh()
    bao.write(f"{folder}/billing/db", {"value": "below"})
    bao.write(f"{folder}/billing/a/b/c", {"value": "deep"})
    bao.write(f"{folder}/billing-more", {"value": "beside"})
    source = opened(bao.url(options=f"prefix={folder}/billing"))
    assert source.read("db").reveal() == "below"
    assert source.list() == ["a/b/c", "db"]
    assert folder in source.url


def test_listing_nothing_is_no_error(bao, opened, fresh):
    assert opened(bao.url(options=f"prefix={fresh()}")).list() == []


def test_reading_one_secret_needs_permission_for_that_one_only(bao, opened, reader, monkeypatch, fresh):
    name, other = fresh(), fresh()
    bao.write(name, {"value": "mine"})
    monkeypatch.setenv("VAULT_TOKEN", bao.token(reader(name), no_default_policy=True))
    source = opened(bao.url())
    assert source.read(name).reveal() == "mine"
    with pytest.raises(Denied):
        source.read(other)
    with pytest.raises(Denied, match="listing"):
        source.list()


def test_a_folder_that_may_not_be_listed_is_left_out(bao, opened, monkeypatch, fresh):
    folder, policy = fresh(), fresh("policy")
    bao.write(f"{folder}/open/a", {"value": "x"})
    bao.write(f"{folder}/closed/b", {"value": "x"})
    bao.policy(
        policy, **{f"secret/metadata/{folder}/": ["list"], f"secret/metadata/{folder}/open/": ["list"]}
    )
    monkeypatch.setenv("VAULT_TOKEN", bao.token(policy))
    assert opened(bao.url(options=f"kv=2&prefix={folder}")).list() == ["open/a"]


@pytest.fixture
def old_engine(bao, fresh):
    mount = fresh("kv")
    bao.request("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "1"}})
    bao.request("POST", f"{mount}/team/db", {"username": "app", "password": "old school"})
    bao.request("POST", f"{mount}/text", {"value": "plain"})
    return mount


@pytest.mark.parametrize("options", ["", "kv=1"])
def test_a_version_1_engine_is_recognised(bao, opened, old_engine, options):
    source = opened(bao.url(old_engine, options))
    assert source.read("team/db").field("password").reveal() == "old school"
    assert source.read("text").reveal() == "plain"
    assert source.read("text").version is None
    assert source.list() == ["team/db", "text"]
    assert set(source.read_many(["team/db", "text"])) == {"team/db", "text"}
    with pytest.raises(NotFound):
        source.read("team/nothing")
    for version in ("1", "previous"):
        with pytest.raises(NotFound, match="no versions"):
            source.read("text", version=version)


def test_a_mount_may_have_slashes(bao, opened, fresh):
    mount = f"{fresh('teams')}/billing/kv"
    bao.request("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "2"}})
    bao.wait_until_writable(mount)
    bao.write("x", {"value": "deep"}, mount=mount)
    assert opened(bao.url(mount)).read("x").reveal() == "deep"


def test_a_mount_that_goes_on_after_its_name_is_told_to_use_prefix(bao, opened):
    with pytest.raises(ConfigError, match=r"\?prefix=prod/billing"):
        opened(bao.url("secret/prod/billing")).read("x")


def test_a_mount_that_is_not_there_is_denied_as_the_server_says_no_more(bao, opened):
    with pytest.raises(Denied, match="no such mount"):
        opened(bao.url("nowhere")).read("x")
    with pytest.raises(NotFound, match="mounted"):
        opened(bao.url("nowhere", "kv=2")).read("x")


def test_another_kind_of_engine_is_named(bao, opened):
    with pytest.raises(ConfigError, match="'cubbyhole'.*lease"):
        opened(bao.url("cubbyhole")).read("x")


def test_nothing_is_asked_of_the_server_before_the_first_read(opened):
    assert opened("vault://127.0.0.1:1/secret").url == "vault://127.0.0.1:1/secret"


def test_a_closed_source_reads_again(bao, source, fresh):
    name = fresh()
    bao.write(name, {"value": "x"})
    source.read(name)
    source.close()
    source.close()
    assert source.read(name).reveal() == "x"


def test_the_secret_is_a_secret(bao, source, fresh):
    name = fresh()
    bao.write(name, {"value": "nobody sees this"})
    secret = source.read(name)
    assert isinstance(secret, Secret)
    assert "nobody" not in f"{secret!r} {secret} {source!r}"


def test_a_value_that_another_process_read_has_the_same_fields():
    from wellkept.loader.sharing import _entry, _secret
    from wellkept.secret import TextSecret

    shared = _secret("name", _entry(0.0, TextSecret("plain", name="name", version="3")))
    assert shared.field("value").reveal() == "plain"
    assert shared.version == "3"
    plain = _secret("name", _entry(0.0, Secret("plain", name="name")))
    with pytest.raises(Malformed):
        plain.field("value")
