"""Moving from Vault or OpenBao: every version, with its number, times and state, from a real server."""

from __future__ import annotations

import base64
import json

import pytest

from wellkept.testing.openbao_fixture import openbao  # noqa: F401


@pytest.fixture
def mount(openbao):  # noqa: F811
    """A KV engine with histories of every kind, and its URL."""
    name = "moving"
    openbao.request("POST", f"sys/mounts/{name}", {"type": "kv", "options": {"version": "2"}})
    openbao.wait_until_writable(name)

    def put(path, data):
        openbao.request("POST", f"{name}/data/{path}", {"data": data})

    for number in range(1, 13):
        put("prod/app/db", {"password": f"p{number}", "n": number})
    put("prod/app/text", {"value": "plain täxt"})
    put("prod/app/bytes", {"value": base64.b64encode(b"\xff\x00").decode(), "encoding": "base64"})
    for number in range(3):
        put("prod/gone", {"n": number})
    openbao.request("POST", f"{name}/delete/prod/gone", {"versions": [2]})
    openbao.request("POST", f"{name}/destroy/prod/gone", {"versions": [1]})
    openbao.request(
        "POST",
        f"{name}/metadata/prod/gone",
        {
            "custom_metadata": {"owner": "ann"},
            "max_versions": 4,
            "cas_required": True,
            "delete_version_after": "3h",
        },
    )
    openbao.request("POST", f"{name}/metadata/prod/empty", {"max_versions": 2})
    yield name, f"vault+http://{openbao.host}:{openbao.port}/{name}"
    openbao.request("DELETE", f"sys/mounts/{name}")


@pytest.fixture
def moved(bare, mount, openbao, monkeypatch):  # noqa: F811
    monkeypatch.setenv("VAULT_TOKEN", openbao.root_token)
    bare.ok("init")
    bare.url = mount[1]
    return bare


def test_every_version_comes_with_its_number_time_and_state(moved, openbao, mount):  # noqa: F811
    result = moved.ok("import", moved.url, "--json").json
    assert result["imported"] == ["prod/app/bytes", "prod/app/db", "prod/app/text", "prod/empty", "prod/gone"]
    assert result["versions"] == 13
    assert result["deleted_versions_lost"] == 1
    history = moved.ok("history", "/prod/app/db", "--json").json
    assert [version["version"] for version in history] == list(range(12, 2, -1)) or [
        version["version"] for version in history
    ] == list(range(3, 13))
    assert json.loads(moved.ok("get", "/prod/app/db", "--version", "5").out) == {"password": "p5", "n": 5}
    assert moved.ok("get", "/prod/app/text").out == "plain täxt\n"
    assert moved.ok("get", "/prod/app/bytes", "--raw").bytes == b"\xff\x00"
    assert json.loads(moved.ok("get", "/prod/gone").out) == {"n": 2}
    assert moved("get", "/prod/gone", "--version", "2").code == 3
    metadata = moved.ok("metadata", "/prod/gone", "--json").json
    assert metadata["custom_metadata"] == {"owner": "ann"}
    assert (metadata["max_versions"], metadata["cas_required"]) == (4, True)


def test_an_import_is_repeated_without_harm_and_leaves_other_histories_alone(moved, openbao, mount):  # noqa: F811
    moved.ok("set", "/prod/app/text", stdin="mine")
    first = moved("import", moved.url, "--json")
    assert first.code == 5
    assert first.json["different"] == ["prod/app/text"]
    assert moved.ok("get", "/prod/app/text").out == "mine\n"
    again = moved("import", moved.url, "--json").json
    assert (again["imported"], len(again["unchanged"])) == ([], 4)
    openbao.request("POST", f"{mount[0]}/data/prod/new", {"data": {"a": 1}})
    assert moved("import", moved.url, "--json").json["imported"] == ["prod/new"]


def test_a_dry_run_writes_nothing_and_a_prefix_selects(moved):
    assert moved.ok("import", moved.url, "--dry-run", "--json").json["versions"] == 13
    assert moved("get", "/prod/app/db").code == 3
    assert moved.ok("import", f"{moved.url}?prefix=prod/app", "--json").json["imported"] == [
        "prod/app/bytes",
        "prod/app/db",
        "prod/app/text",
    ]


def test_names_go_below_an_environment_when_one_is_given(moved):
    moved.ok("import", f"{moved.url}?prefix=prod/app", "--env", "stage")
    assert any(name.endswith("/prod/app/db") for name in moved.ok("list").out.split())


def test_no_value_stands_in_the_audit_log(moved):
    moved.ok("import", moved.url)
    log = (moved.directory / ".wellkept" / "audit.jsonl").read_text()
    assert '"path":"secret/adopt/prod/app/db"' in log
    assert "plain t" not in log
    assert "p12" not in log


def test_version_1_comes_as_one_version(bare, openbao, monkeypatch):  # noqa: F811
    monkeypatch.setenv("VAULT_TOKEN", openbao.root_token)
    openbao.request("POST", "sys/mounts/old", {"type": "kv", "options": {"version": "1"}})
    openbao.request("POST", "old/a/b", {"x": "1"})
    bare.ok("init")
    assert (
        bare.ok("import", f"vault+http://{openbao.host}:{openbao.port}/old", "--json").json["versions"] == 1
    )
    assert json.loads(bare.ok("get", "/a/b").out) == {"x": "1"}
    openbao.request("DELETE", "sys/mounts/old")
