"""What docs/sources/vault.md shows works, against a real OpenBao in place of vault.example.com."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.doubles.actions_oidc import ActionsTokenServer, public_pem

from wellkept.sources.vault.options import METHODS, OPTIONS

PAGE = Path(__file__).parents[3] / "docs" / "sources" / "vault.md"
TEXT = PAGE.read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def billing(openbao):
    openbao.write("prod/billing/database", {"username": "app", "password": "pw"})
    for value in ("first", "second", "third", "fourth"):
        openbao.write("prod/billing/signing-key", {"value": value})
    (policy,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    openbao.request("PUT", "sys/policies/acl/billing", {"policy": policy})
    return openbao


@pytest.fixture
def run(billing, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", billing.token("billing"))

    def run(containing, replacing=()):
        (code,) = [code for code in EXAMPLES if containing in code]
        here = f"vault+http://{billing.host}:{billing.port}/secret"
        code = re.sub(r"vault://vault\.[a-z.]+(:8200)?/secret", here, code)
        for old, new in replacing:
            assert old in code
            code = code.replace(old, new)
        names = {}
        exec(compile(code, str(PAGE), "exec"), names)
        return names

    return run


def test_a_field_of_a_secret(run):
    names = run("database#password")
    assert names["password"] == "pw"
    names["secrets"].close()


def test_versions(run):
    names = run('version="previous"')
    assert [names[name].reveal() for name in ("now", "before", "third")] == ["fourth", "third", "third"]
    names["source"].close()


def test_in_a_pod(billing, run, tmp_path):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    billing.request("POST", "sys/auth/pods", {"type": "jwt"})
    billing.request("POST", "auth/pods/config", {"jwt_validation_pubkeys": [public_pem(key)]})
    role = {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_audiences": ["k8s"],
        "token_policies": ["billing"],
    }
    billing.request("POST", "auth/pods/role/billing", role)
    claims = {"sub": "system:serviceaccount:shop:billing", "aud": "k8s", "exp": int(time.time()) + 60}
    (tmp_path / "token").write_text(jwt.encode(claims, key, algorithm="RS256"))
    more = f"role=billing&auth_mount=pods&jwt_file={tmp_path}/token"  # the login itself: test_logins.py
    names = run("auth=kubernetes", [("role=billing", more), ("&ca=/etc/vault/ca.pem", "")])
    assert names["secrets"].get("prod/billing/database#password").reveal() == "pw"
    names["secrets"].close()


def test_in_github_actions(billing, run, monkeypatch):
    billing.request("POST", "sys/auth/jwt", {"type": "jwt"})
    audience = "https://vault.example.com"
    role = {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_audiences": [audience],
        "token_policies": ["billing"],
    }
    with ActionsTokenServer() as github:
        billing.request("POST", "auth/jwt/config", {"jwt_validation_pubkeys": [github.public_key]})
        billing.request("POST", "auth/jwt/role/deploy", role)
        for variable, value in github.environment.items():
            monkeypatch.setenv(variable, value)
        names = run("auth=jwt")
        assert names["secrets"].get("prod/billing/database#password").reveal() == "pw"
        names["secrets"].close()
    billing.request("DELETE", "sys/auth/jwt")


def test_a_server_for_tests(run, capsys):
    run("OpenBaoServer")
    assert "vault+http://127.0.0.1:" in capsys.readouterr().out


def test_every_example_is_run():
    assert len(EXAMPLES) == 5


def test_every_option_and_login_stands_on_the_page():
    for name in (*OPTIONS, *METHODS):
        assert f"`{name}" in TEXT, name


def test_the_policy_is_the_least():
    (policy,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    paths = json.loads(policy)["path"]
    assert all(rule == {"capabilities": ["read"]} for rule in paths.values())
    assert not any("*" in path or "+" in path for path in paths)
