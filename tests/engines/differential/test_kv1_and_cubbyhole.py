"""KV version 1, its upgrade to version 2, and the cubbyhole answer as OpenBao does."""

from __future__ import annotations

import pytest

TTLS = ("1h", 90, "90", -5, 30, True, "bad", "1000000h", "1d", None, [], {}, 1.5, "", "5ms", 10**12)


@pytest.fixture
def kv(both):
    return both(kv=("kv", {"version": "1"}))


def test_version_1_reads_writes_and_deletes(kv):
    kv.ask("GET", "kv/a")
    for body in (
        {},
        {"x": 1},
        {"path": "zz", "x": [1, {"a": None}]},
        {"a": 1.5, "b": 12345678901234567890},
        {"data": {"x": 1}},
    ):
        kv.ask("POST", "kv/a", body)
        kv.ask("PUT", "kv/a/b", body)
        kv.ask("GET", "kv/a")
        kv.ask("GET", "kv/a?x=1")
    for method in ("DELETE", "DELETE", "GET", "PATCH"):
        kv.ask(method, "kv/a", {"a": 1} if method == "PATCH" else None)
    kv.verify()


def test_the_lease_duration_that_an_entry_asks_for(kv):
    for name in ("ttl", "lease"):
        for value in TTLS:
            kv.ask("POST", "kv/t", {name: value, "x": 1})
            kv.ask("GET", "kv/t")
    kv.ask("POST", "kv/t", {"ttl": "bad", "lease": 5})
    kv.ask("GET", "kv/t")
    kv.verify()


def test_version_1_lists(kv):
    for name in ("a", "b", "d/e/f", "d/g", "d"):
        kv.ask("POST", f"kv/{name}", {"x": 1})
    for path in ("", "/", "/d", "/d/", "/zz", "/a", "/?after=b", "/?limit=1"):
        kv.ask("LIST", f"kv{path}")
        kv.ask("SCAN", f"kv{path}")
    for method in ("GET", "POST", "DELETE"):
        for path in ("kv", "kv/", "kv/d/"):
            kv.ask(method, path, {"a": 1} if method == "POST" else None)
    kv.verify()


def test_a_mount_is_upgraded_where_it_stands(kv, openbao):
    for name in ("a", "d/e"):
        kv.ask("POST", f"kv/{name}", {"x": name, "ttl": "1h"})
    mount = kv.mounts["kv"]
    for side, wanted in ((kv.theirs, 200), (kv.ours, 204)):  # theirs warns of a moment of being unavailable
        assert side.request("POST", f"sys/mounts/{mount}/tune", {"options": {"version": "2"}})[0] == wanted
    openbao.wait_until_writable(mount)
    for name in ("a", "d/e"):
        kv.ask("GET", f"kv/data/{name}")
        kv.ask("GET", f"kv/metadata/{name}")
        kv.ask("POST", f"kv/data/{name}", {"data": {"x": 2}})
        kv.ask("GET", f"kv/metadata/{name}")
        kv.ask("GET", f"kv/{name}")
    kv.ask("LIST", "kv/metadata")
    kv.verify()


def test_the_cubbyhole(both):
    cubby = both(cubbyhole=("cubbyhole", {}))
    for body in ({}, {"x": 1, "ttl": "1h"}, {"path": "f", "x": [1, None]}):
        cubby.ask("POST", "cubbyhole/a/b", body)
        cubby.ask("GET", "cubbyhole/a/b")
        cubby.ask("GET", "cubbyhole/a/b?z=1")
        cubby.ask("PATCH", "cubbyhole/a/b", body)
    for path in (
        "cubbyhole",
        "cubbyhole/",
        "cubbyhole/a",
        "cubbyhole/a/",
        "cubbyhole/none",
        "cubbyhole/?after=a&limit=1",
    ):
        for method in ("LIST", "SCAN", "GET", "POST", "DELETE"):
            cubby.ask(method, path, {"a": 1} if method == "POST" else None)
    cubby.ask("LIST", "cubbyhole")
    cubby.ask("DELETE", "cubbyhole/a/b")
    cubby.ask("GET", "cubbyhole/a/b")
    cubby.verify()
