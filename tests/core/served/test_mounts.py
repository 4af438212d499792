"""Mounts: enabled, tuned, moved and disabled, as a whole or not at all."""

from __future__ import annotations

import pytest


def test_what_was_mounted_is_there_after_a_restart(served):
    served.call("POST", "sys/mounts/team/kv", {"type": "kv", "options": {"version": "2"}})
    served.call("POST", "team/kv/data/x", {"data": {"a": "b"}})
    served.restart()
    assert served.call("GET", "team/kv/data/x").data["data"] == {"a": "b"}


@pytest.mark.parametrize("path", ["team", "team/kv", "team/kv/deeper"])
def test_mounts_never_lie_inside_one_another(served, path):
    served.call("POST", "sys/mounts/team/kv", {"type": "kv"})
    answer = served.call("POST", f"sys/mounts/{path}", {"type": "kv"})
    assert (answer.status, answer.errors) == (400, ["path is already in use at team/kv/"])


@pytest.mark.parametrize("path", ["sys/x", "cubbyhole", "identity/y", "auth/z", "audit"])
def test_nothing_is_mounted_where_the_server_itself_answers(served, path):
    assert served.call("POST", f"sys/mounts/{path}", {"type": "kv"}).errors == [f'cannot mount "{path}/"']


@pytest.mark.parametrize("path", ["a//b", "a/../b", "../a", "a\x00b", "a\u200bb"])
def test_a_path_that_would_normalise_differently_is_no_mount(served, path):
    before = served.call("GET", "sys/mounts").data
    assert served.call("POST", f"sys/mounts/{path}", {"type": "kv"}).status == 400
    assert served.call("GET", "sys/mounts").data == before


def test_the_secrets_of_the_embedded_store_are_served_at_secret(served):
    mount = next(each for each in served.service.router.mounts("secret") if each.path == "secret/")
    assert mount.prefix == "mount/secret/"


def test_a_new_engine_at_an_old_path_sees_nothing_of_the_old_one(served):
    served.call("POST", "secret/data/x", {"data": {"a": "b"}})
    assert served.call("DELETE", "sys/mounts/secret").status == 204
    served.call("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    assert served.call("GET", "secret/data/x").status == 404


def test_a_moved_engine_keeps_its_data_and_leaves_nothing_behind(served):
    served.call("POST", "secret/data/x", {"data": {"a": "b"}})
    moved = served.call("POST", "sys/remount", {"from": "secret", "to": "elsewhere"})
    status = served.call("GET", f"sys/remount/status/{moved.data['migration_id']}").data
    assert status["migration_info"]["status"] == "success"
    assert served.call("GET", "elsewhere/data/x").data["data"] == {"a": "b"}
    assert served.call("GET", "secret/data/x").status == 404


def test_a_removal_that_was_cut_off_is_finished_at_the_next_start(served, monkeypatch):
    from wellkept.core.sys import mounting

    served.call("POST", "secret/data/x", {"data": {"a": "b"}})

    def die(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(mounting, "purge", die)
    with pytest.raises(KeyboardInterrupt):
        served.call("DELETE", "sys/mounts/secret")
    monkeypatch.undo()
    served.restart()
    assert served.call("GET", "secret/data/x").status == 404
    assert "secret/" not in served.call("GET", "sys/mounts").data
    assert served.call("POST", "sys/mounts/secret", {"type": "kv"}).status == 400  # not free yet
    served.service.resume()
    assert served.barrier.list("mount/secret/") == []
    assert served.call("POST", "sys/mounts/secret", {"type": "kv"}).status == 204


def test_a_mount_is_seen_by_another_process_at_once(served):
    from core_served import Served

    other = Served.__new__(Served)
    other.__dict__.update(served.__dict__)
    other.service = served._open()
    try:
        served.call("POST", "sys/mounts/new", {"type": "kv"})
        assert other.call("POST", "new/x", {"a": "b"}).status == 204
        served.call("DELETE", "sys/mounts/new")
        assert other.call("GET", "new/x").status == 404
    finally:
        other.service.close()


def test_a_mounts_times_to_live_bound_its_tokens(served):
    served.call("POST", "sys/auth/token/tune", {"default_lease_ttl": "1h", "max_lease_ttl": "2h"})
    created = served.call("POST", "auth/token/create", {"policies": ["default"]})
    assert created.auth["lease_duration"] == 3600
    longer = served.call("POST", "auth/token/create", {"policies": ["default"], "ttl": "3h"})
    assert longer.auth["lease_duration"] == 7200


def test_an_engine_that_is_not_installed_is_told_of_and_loses_nothing(served, monkeypatch):
    from wellkept.core import registry

    served.call("POST", "sys/mounts/new", {"type": "kv"})
    served.call("POST", "new/x", {"a": "b"})
    with monkeypatch.context() as without:
        without.delitem(registry.SECRET_ENGINES, "kv")
        served.restart()
        assert served.call("GET", "new/x").status == 500
    served.restart()
    assert served.call("GET", "new/x").data == {"a": "b"}


def test_who_may_see_mounts_and_who_may_not(served):
    served.call("POST", "sys/mounts/team", {"type": "kv", "config": {"listing_visibility": "unauth"}})
    served.policy("some", 'path "secret/data/x" { capabilities = ["read"] }')
    visible = served.call("GET", "sys/internal/ui/mounts", token="").data["secret"]
    assert visible == {"team/": {"description": "", "options": None, "type": "kv"}}
    seen = served.call("GET", "sys/internal/ui/mounts", token=served.token("some")).data["secret"]
    assert {"secret/", "cubbyhole/", "team/"} <= set(seen)
    assert "identity/" not in seen
    denied = served.call("GET", "sys/internal/ui/mounts/team/x", token=served.token("some"))
    assert denied.status == 403
