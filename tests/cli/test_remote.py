"""The commands that speak to a server, against a real OpenBao: what works there works with every server of the kind."""

from __future__ import annotations

import io
import json
import os
import stat
import sys

import pytest

from wellkept.cli import main
from wellkept.testing.openbao_fixture import openbao  # noqa: F401


@pytest.fixture
def at(openbao, monkeypatch, tmp_path, capsys):  # noqa: F811
    """Runs a command against the server as root: its exit code and output."""
    for name in [name for name in os.environ if name.startswith(("BAO_", "VAULT_", "WELLKEPT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_ADDR", f"http://{openbao.host}:{openbao.port}")
    monkeypatch.setenv("VAULT_TOKEN", openbao.root_token)
    monkeypatch.chdir(tmp_path)

    def run(*words, stdin=None, code=0):
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        found = main(list(words))
        output = capsys.readouterr()
        assert found == code, output.err
        return output.err if code else output.out

    run.address = f"http://{openbao.host}:{openbao.port}"
    run.openbao = openbao
    return run


def test_writing_reading_and_one_field(at):
    at("write", "secret/data/cli/a", "-", stdin='{"data": {"password": "p w", "n": 1}}')
    assert '"password": "p w"' in at("read", "secret/data/cli/a")
    assert json.loads(at("read", "secret/data/cli/a", "--field", "data")) == {"password": "p w", "n": 1}
    assert json.loads(at("read", "secret/data/cli/a", "--json"))["data"]["data"]["n"] == 1
    at("patch", "secret/data/cli/a", "-", stdin='{"data": {"n": 2}}')
    assert json.loads(at("read", "secret/data/cli/a", "version=1", "--field", "data"))["n"] == 1


def test_a_file_as_value_and_an_escaped_at_sign(at, tmp_path):
    (tmp_path / "value").write_text("from a file\n")
    at("write", "cubbyhole/x", "a=@value", "b=\\@b", "c==x=")
    assert json.loads(at("read", "cubbyhole/x", "--json"))["data"] == {
        "a": "from a file\n",
        "b": "@b",
        "c": "=x=",
    }


def test_what_is_missing_denied_or_wrong_has_its_exit_code(at, monkeypatch):
    assert "not found" in at("read", "secret/data/cli/none", code=3)
    assert "fly" in at("write", "sys/policies/acl/p", 'policy=path "x" { capabilities = ["fly"] }', code=65)
    at("write", "secret/data/x", code=2)
    monkeypatch.setenv("VAULT_TOKEN", "s.wrong")
    assert "wellkept login" in at("read", "secret/data/cli/a", code=4)
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    at("read", "secret/data/cli/a", code=75)
    monkeypatch.delenv("VAULT_ADDR")
    assert "--server" in at("read", "secret/data/cli/a", code=78)


def test_logging_in_keeps_the_token_where_the_others_look(at, monkeypatch, tmp_path):
    at("auth", "enable", "userpass", "--path", "people")
    at("write", "auth/people/users/ann", "password=-", stdin="pw")
    monkeypatch.delenv("VAULT_TOKEN")
    output = at("login", "--method", "userpass", "--path", "people", "username=ann", "password=-", stdin="pw")
    token = (tmp_path / ".vault-token").read_text()
    assert token not in output
    assert stat.S_IMODE((tmp_path / ".vault-token").stat().st_mode) == 0o600
    assert at("token", "lookup", "--field", "display_name") == "people-ann"
    only = at(
        "login",
        "--method",
        "userpass",
        "--path",
        "people",
        "username=ann",
        "password=-",
        "--token-only",
        stdin="pw",
    )
    assert only.strip() not in ("", token)
    assert (tmp_path / ".vault-token").read_text() == token
    assert "invalid" in at(
        "login", "--method", "userpass", "--path", "people", "username=ann", "password=-", stdin="no", code=65
    )
    at("login", "-", stdin=only)
    assert (tmp_path / ".vault-token").read_text() == only.strip()


def test_tokens_are_made_looked_at_renewed_and_revoked(at, monkeypatch):
    token = at(
        "token", "create", "--policy", "default", "--ttl", "1h", "--metadata", "a=b", "--field", "token"
    )
    made = json.loads(at("token", "lookup", "-", "--json", stdin=token))["data"]
    assert (made["meta"], made["orphan"]) == ({"a": "b"}, False)
    assert "token_duration" in at("token", "renew", token, "--increment", "30m")
    assert at("token", "capabilities", "cubbyhole/x", "--accessor", made["accessor"]).strip().split(", ") == [
        "create", "delete", "list", "read", "update",
    ]  # fmt: skip
    at("token", "revoke", "--accessor", made["accessor"])
    at("token", "lookup", token, code=4)
    at("token", "revoke", code=2)
    orphan = at("token", "create", "--orphan", "--field", "token")
    monkeypatch.setenv("VAULT_TOKEN", orphan)
    at("token", "revoke", "--self")
    at("token", "lookup", code=4)


def test_engines_and_methods_come_and_go(at):
    at("secrets", "enable", "kv", "--path", "cli-kv", "--version", "1", "--description", "for a test")
    assert "for a test" in at("secrets", "list")
    at("secrets", "tune", "cli-kv", "--max-lease-ttl", "2h")
    assert json.loads(at("secrets", "list", "--json"))["cli-kv/"]["config"]["max_lease_ttl"] == 7200
    at("secrets", "move", "cli-kv", "cli-kv2")
    at("secrets", "disable", "cli-kv2")
    assert "cli-kv" not in at("secrets", "list")
    at("auth", "enable", "approle", "--path", "cli-roles")
    assert "cli-roles/" in at("auth", "list")
    at("auth", "tune", "cli-roles", "--description", "machines")
    at("auth", "disable", "cli-roles")


def test_wrapping_opens_once(at):
    token = at("wrap", "password=-", "--wrap-ttl", "5m", "--field", "wrapping_token", stdin="pw")
    assert "sys/wrapping/wrap" in at("unwrap", token, "--lookup")
    assert at("unwrap", "-", "--field", "password", stdin=token) == "pw"
    at("unwrap", token, code=65)


def test_policies_in_hcl_pass_through(at, tmp_path):
    (tmp_path / "p.hcl").write_text('path "secret/data/x" { capabilities = ["read"] } # why\n')
    at("policy", "write", "cli-p", "p.hcl", "--server", at.address)
    assert "# why" in at("policy", "read", "cli-p", "--server", at.address)
    assert "cli-p" in at("policy", "list", "--server", at.address)
    at("policy", "delete", "cli-p", "--server", at.address)
    at("policy", "read", "cli-p", "--server", at.address, code=3)


def test_the_commands_of_a_local_store_work_on_a_server(at, tmp_path):
    here = ("--server", at.address)
    at("set", "/remote/app/db", "--file", "-", *here, stdin="first")
    at("set", "/remote/app/db", "--file", "-", *here, stdin="second")
    assert at("get", "/remote/app/db", *here) == "second\n"
    assert at("get", "/remote/app/db", "--version", "1", *here) == "first\n"
    assert at("get", "/remote/app/db", "--stage", "previous", *here) == "first\n"
    (tmp_path / "bytes").write_bytes(b"\xff\x00\xfe")
    at("set", "/remote/app/key", "--file", "bytes", "--binary", *here)
    at("get", "/remote/app/key", "--out", "copy", *here)
    assert (tmp_path / "copy").read_bytes() == b"\xff\x00\xfe"
    assert at("list", "/remote/", *here).split() == ["remote/app/"]
    assert at("list", "/remote/", "-r", *here).split() == ["remote/app/db", "remote/app/key"]
    assert "remote/app/db" in at("list", "/remote/", "-r", "--long", *here)
    assert at("list", "secret/metadata/remote", *here).split() == ["app/"]
    assert at("list", "sys/policies/acl", *here).split()[0] == "default"
    at("rollback", "/remote/app/db", "1", *here)
    assert at("get", "/remote/app/db", *here) == "first\n"
    assert len(json.loads(at("history", "/remote/app/db", "--json", *here))) == 3
    at("metadata", "/remote/app/db", "--owner", "ann", *here)
    assert "ann" in at("metadata", "/remote/app/db", *here)
    at("delete", "/remote/app/db", *here)
    at("get", "/remote/app/db", *here, code=3)
    at("undelete", "/remote/app/db", *here)
    assert at("get", "/remote/app/db", *here) == "first\n"
    at("destroy", "/remote/app/db", "2", "--yes", *here)
    at("get", "/remote/app/db", "--version", "2", *here, code=3)
    at("get", "/remote/none", *here, code=3)
    at("delete", "secret/metadata/remote/app/db", *here)
    at("get", "/remote/app/db", *here, code=3)
    at("get", "x", "--server", at.address, "--store", "y", code=2)
