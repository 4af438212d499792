import json
import subprocess

import pytest


@pytest.fixture
def kept(shop):
    """Three versions of a secret with fields."""
    for value in (
        {"user": "u", "password": "hunter1"},
        {"user": "u", "password": "hunter2", "port": 1},
        {"port": True},
    ):
        shop.ok("set", "db", "--json-object", stdin=json.dumps(value))
    return shop


def test_history_lists_versions_newest_first(kept):
    data = kept.ok("history", "db", "--json").json
    assert [version["version"] for version in data] == [3, 2, 1]
    assert data[0]["stages"] == ["current"]
    lines = kept.ok("history", "db").out.splitlines()
    assert lines[1].split()[:2] == ["3", "ok"]


def test_diff_names_fields_and_never_values(kept):
    out = kept.ok("diff", "db", "1", "2").out
    assert "changed password" in out
    assert "added port" in out
    assert "user" not in out
    assert "hunter" not in out
    data = kept.ok("diff", "db", "1", "2", "--json").json
    assert data["changes"] == {"added": ["port"], "removed": [], "changed": ["password"]}


def test_diff_compares_the_current_with_the_one_before_by_default(kept):
    data = kept.ok("diff", "db", "--json").json
    assert (data["from"], data["to"]) == (2, 3)
    assert data["changes"] == {"added": [], "removed": ["password", "user"], "changed": ["port"]}
    data = kept.ok("diff", "db", "1", "--json").json
    assert (data["from"], data["to"]) == (1, 3)


def test_diff_of_plain_values_says_whether_they_differ(shop):
    for value in ("hunter1", "hunter2", "hunter2"):
        shop.ok("set", "A", stdin=value)
    assert "changed value" in shop.ok("diff", "A", "1", "2").out
    assert "the same value" in shop.ok("diff", "A", "2", "3").out
    assert "hunter" not in shop.ok("diff", "A", "1", "2").out


def test_diff_needs_two_versions(shop):
    shop.ok("set", "A", stdin="x")
    assert shop("diff", "A").code == 3


def test_rollback_writes_a_new_version_with_the_old_value(kept):
    assert "version 4" in kept.ok("rollback", "db", "1").out
    assert json.loads(kept.ok("get", "db").out) == {"user": "u", "password": "hunter1"}
    assert kept("rollback", "db", "2", "--cas", "1").code == 5
    assert kept("rollback", "db", "9").code == 3


def test_deleted_versions_come_back_and_destroyed_ones_do_not(kept):
    kept.ok("delete", "db")
    assert kept("get", "db").code == 3
    kept.ok("undelete", "db")
    assert json.loads(kept.ok("get", "db").out) == {"port": True}
    kept.ok("delete", "db", "1", "2")
    kept.ok("undelete", "db", "1", "2")
    kept.ok("destroy", "db", "1", "--yes")
    assert kept("get", "db", "--version", "1").code == 3
    assert kept.ok("history", "db", "--json").json[2]["state"] == "destroyed"
    assert kept("undelete", "db").code == 2


def test_destroying_asks_and_without_a_terminal_needs_yes(kept):
    for words in (["db", "1"], ["db", "--all"]):
        result = kept.process("destroy", *words, stdin=subprocess.DEVNULL, start_new_session=True)
        assert result.returncode == 2
        assert b"--yes" in result.stderr
    assert len(kept.ok("history", "db", "--json").json) == 3


def test_the_whole_secret_goes_with_all(kept):
    kept.ok("destroy", "db", "--all", "--yes")
    assert kept("history", "db").code == 3
    assert kept.ok("list").out == ""


@pytest.mark.parametrize("words", [["db"], ["db", "1", "--all"]])
def test_what_to_destroy_must_be_said(kept, words):
    assert kept("destroy", *words, "--yes").code == 2


@pytest.mark.parametrize("version", ["0", "-1", "x", "1e3"])
def test_a_version_is_a_number_from_1(kept, version):
    assert kept("rollback", "db", version).code == 2
