"""Attacks that succeeded elsewhere, by their identifiers. The issue that lists them says what each was about."""

from __future__ import annotations

import pytest

from wellkept.core.tokens import store as token_store


def lookup(served, token):
    return served.call("GET", "auth/token/lookup-self", token=token)


def test_cve_2021_32923_no_lease_or_token_outlives_its_time(leasing):
    """A renewal at the very end gave leases without an end."""
    leasing.policy("user", 'path "inside/*" { capabilities = ["read"] }')
    token = leasing.token("user", ttl="100s", explicit_max_ttl="100s")
    lease = leasing.call(
        "GET", "inside/creds/a", {"ttl": 1000}, token=leasing.token("user", ttl="9h")
    ).lease_id
    leasing.clock.advance(99.9)
    answer = leasing.call("POST", "auth/token/renew-self", {"increment": "1h"}, token=token)
    assert answer.status == 400 or answer.auth["lease_duration"] <= 1
    leasing.clock.advance(0.1)
    for increment in (0, "0s", "1h", "100000h"):
        answer = leasing.call("POST", "auth/token/renew-self", {"increment": increment}, token=token)
        assert answer.status == 403
    leasing.clock.advance(899)
    renewed = leasing.call("POST", "sys/leases/renew", {"lease_id": lease, "increment": 5000})
    assert renewed.lease_duration <= 1
    leasing.clock.advance(2)
    assert leasing.call("POST", "sys/leases/renew", {"lease_id": lease, "increment": 5000}).status == 400
    leasing.service.expiration.run_once()
    assert leasing.call("LIST", "sys/leases/lookup/inside").status == 404


def test_cve_2026_39388_nothing_is_renewed_that_would_not_be_given_again(leasing):
    leasing.call("POST", "auth/simple/allowed", {"on": True})
    token = leasing.call("POST", "auth/simple/login", {"policies": "default"}, token="").token
    accessor = lookup(leasing, token).data["accessor"]
    leasing.call("POST", "auth/simple/allowed", {"on": False})
    lease = "auth/simple/login/h" + leasing.service.tokens.hash(token)
    for path, body in (
        ("auth/token/renew", {"token": token}),
        ("auth/token/renew-accessor", {"accessor": accessor}),
        ("sys/leases/renew", {"lease_id": lease}),
    ):
        answer = leasing.call("POST", path, body)
        assert (answer.status, answer.errors) == (400, ["no longer allowed"])


def test_cve_2026_63132_a_token_is_looked_up_by_a_keyed_hash_and_compared_with_nothing(served, monkeypatch):
    """So a guess that is right in its beginning takes the same way as one that is not."""
    token = served.token("default")
    asked = []
    original = token_store.TokenStore._remembered

    def remembered(self, key):
        asked.append(key)
        return original(self, key)

    monkeypatch.setattr(token_store.TokenStore, "_remembered", remembered)
    for guess in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:-1], token + "x", token.upper()):
        assert lookup(served, guess).status == 403
    assert len({key[:8] for key in asked}) == len(asked)
    assert all(token[2:10] not in key for key in asked)


@pytest.mark.parametrize("name", ["root", "ROOT", "Root", " root", "rOOT ", "root\t"])
def test_cve_2025_5999_root_is_root_in_every_spelling(leasing, name):
    leasing.policy("maker", 'path "auth/token/*" { capabilities = ["create", "update"] }')
    maker = leasing.token("maker")
    assert leasing.call("POST", "auth/token/create", {"policies": [name]}, token=maker).status == 400
    assert leasing.call("POST", "auth/token/create-orphan", {"policies": [name]}, token=maker).status == 400
    assert leasing.call("POST", "auth/simple/login", {"policies": [name]}, token="").status == 400
    leasing.call("POST", "auth/token/roles/r", {"allowed_policies": [name]})
    assert leasing.call("POST", "auth/token/create/r", {}, token=maker).status == 400
    leasing.call("POST", "auth/token/roles/r", {"allowed_policies": [], "allowed_policies_glob": ["*"]})
    assert leasing.call("POST", "auth/token/create/r", {"policies": [name]}, token=maker).status == 400
    written = leasing.call("POST", f"sys/policies/acl/{name.strip()}", {"policy": 'path "x" {}'})
    assert (written.status, written.errors) == (400, ['cannot update "root" policy'])


@pytest.mark.parametrize(
    "name",
    ["../mounts/secret", "x/../../core/mounts/secret", "..", ".", "x/y", "a\x00b", "%2e%2e", "x\\..\\y"],
)
def test_cve_2026_105820_the_name_of_a_policy_names_nothing_else_in_storage(served, name):
    before = list(served.barrier.scan(""))
    for base in ("sys/policies/acl", "sys/policy"):
        for method, body in (("POST", {"policy": 'path "x" {}'}), ("DELETE", None), ("GET", None)):
            answer = served.call(method, f"{base}/{name}", body)
            assert answer.status in (204, 400, 404), answer
            assert not answer.data
    assert list(served.barrier.scan("")) == before
    token = served.token(name)
    assert served.call("GET", "secret/data/x", token=token).status == 403


def test_cve_2026_45808_one_action_has_one_way_to_it(served):
    """A second route to the same action was not checked. Here old names lead to the same handlers and checks."""
    served.policy("reader", 'path "sys/policies/acl/*" { capabilities = ["read"] }')
    token = served.token("reader")
    assert served.call("GET", "sys/policies/acl/default", token=token).status == 200
    assert served.call("GET", "sys/policy/default", token=token).status == 403
    for path in (
        "sys/renew", "sys/revoke", "sys/revoke-prefix/auth", "sys/revoke-force/auth", "sys/lookup",
        "auth/token/lookup/x", "auth/token/revoke/x", "auth/token/renew/x", "sys/leases/lookup/auth/token",
    ):  # fmt: skip
        assert served.call("POST", path).status in (404, 405), path


def test_cve_2026_46405_an_error_after_a_token_was_made_leaves_no_token(served, monkeypatch):
    """The answer was lost, the token stayed: in force, and known to nobody. Both are one transaction here."""
    before = served.call("LIST", "auth/token/accessors").data["keys"]

    def fail(*arguments, **named):
        raise RuntimeError

    monkeypatch.setattr(served.service.wrapping, "wrap", fail)
    assert served.call("POST", "auth/token/create", {}, wrap=60).status == 500
    monkeypatch.undo()
    monkeypatch.setattr(served.service.leases, "add_login", fail)
    assert served.call("POST", "auth/token/create", {"policies": ["default"]}).status == 500
    monkeypatch.undo()
    assert served.call("LIST", "auth/token/accessors").data["keys"] == before


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "LIST", "PATCH"])
def test_without_a_token_nothing_is_learnt(served, method):
    """Neither whether a path exists, nor what would be wrong with the request."""
    paths = (
        "sys/mounts",
        "sys/nope",
        "nope/x",
        "secret/data/x",
        "auth/token/create",
        "auth/nope/x",
        "identity/x",
    )
    for token in ("", "s.guess", "b.guess", "x"):
        answers = {
            (answer.status, tuple(answer.errors))
            for answer in (served.call(method, path, {"bytes": "abc"}, token=token) for path in paths)
        }
        assert answers == {(403, ("permission denied",))}


def test_paths_without_a_token_are_exact(served):
    for path in (
        "sys/wrapping/lookupx", "sys/wrapping/unwrap", "sys/internal/ui/mountsx", "sys/internal/ui/mount",
        "sys/internal/specs/openapi/x", "sys/internal/ui/resultant-acl", "sys/Wrapping/lookup",
    ):  # fmt: skip
        assert served.call("GET", path, token="").status == 403, path


def test_who_has_no_sudo_gets_none_by_a_policy_that_matches_everything(served):
    served.policy("all", 'path "*" { capabilities = ["create", "read", "update", "delete", "list"] }')
    token = served.token("all")
    for method, path in (
        ("LIST", "auth/token/accessors"), ("POST", "sys/remount"), ("POST", "sys/leases/revoke-prefix/auth"),
        ("POST", "sys/leases/revoke-force/auth"), ("LIST", "sys/leases/lookup"), ("GET", "sys/leases"),
        ("POST", "sys/auth/x"), ("POST", "sys/rotate"), ("GET", "sys/config/cors"),
    ):  # fmt: skip
        assert served.call(method, path, {}, token=token).status == 403, path
    assert served.call("GET", "sys/mounts", token=token).status == 200


def test_no_secret_stands_in_the_audit_log(served):
    token = served.token("default")
    served.call("POST", "secret/data/x", {"data": {"password": "hunter2-in-a-value"}})
    served.call("GET", "secret/data/x")
    wrapped = served.call("GET", "secret/data/x", wrap=60).token
    served.call("POST", "sys/wrapping/unwrap", {"token": wrapped})
    served.call("POST", "auth/token/lookup", {"token": token})
    served.call("POST", "auth/token/lookup", {"token": "hunter2-as-a-token"})
    served.call("POST", "sys/tools/random", {"bytes": "hunter2-in-an-error"})
    with open(served.audit_path) as file:
        text = file.read()
    for secret in ("hunter2", token, wrapped, served.root):
        assert secret not in text
