"""Engines, logins and the operators' paths over HTTP, as strangers and as clients with few rights meet them."""

from __future__ import annotations

import base64
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from doubles.raw_http import Wire
from wellkept.auth.userpass import passwords

if TYPE_CHECKING:
    from wellkept.testing.served import TestServer

HELLO = base64.b64encode(b"hello").decode()
NONCE = base64.b64encode(b"n" * 12).decode()


@pytest.fixture(scope="module")
def talk(served: TestServer) -> Any:
    for path, kind in (
        ("mounts/transit", "transit"),
        ("auth/userpass", "userpass"),
        ("auth/approle", "approle"),
    ):
        served.request("POST", f"sys/{path}", {"type": kind})
    with Wire(served.port) as wire:
        yield lambda method, path, body=None, token=served.root_token: wire.ask(
            method, f"/v1/{path}", body, token=token
        )


def test_cve_2023_4680_no_form_of_a_request_brings_its_own_nonce(talk: Any, name: str) -> None:
    for kind, options in itertools.product(
        ("aes256-gcm96", "chacha20-poly1305"),
        ({}, {"derived": True}, {"derived": True, "convergent_encryption": True}),
    ):
        key = f"{name}-{kind}-{len(options)}"
        assert talk("POST", f"transit/keys/{key}", {"type": kind, **options}).status == 200
        given = {"plaintext": HELLO, "nonce": NONCE, "context": HELLO}
        replies = [
            talk("POST", f"transit/encrypt/{key}", given),
            talk("PUT", f"transit/encrypt/{key}?nonce={NONCE}", given),
            talk("POST", f"transit/encrypt/{key}", {"batch_input": [given, given]}),
            talk("POST", f"transit/datakey/wrapped/{key}", {"nonce": NONCE, "context": HELLO}),
        ]
        for reply in replies:
            data = reply.json.get("data") or {}
            for each in data.get("batch_results", [data]):
                if "ciphertext" in each:
                    assert not base64.b64decode(each["ciphertext"].split(":")[2]).startswith(b"n" * 12), (
                        kind,
                        options,
                    )


@pytest.mark.parametrize(
    "kind",
    [
        "hmac",
        "rsa-2048",
        "rsa-4096",
        "ecdsa-p256",
        "ecdsa-p521",
        "ed25519",
        "aes128-cmac",
        "xchacha20-poly1305",
    ],
)
def test_cve_2026_55776_derivation_that_a_key_cannot_do_ends_no_server(
    talk: Any, name: str, kind: str
) -> None:
    """Whether it is made so, imported so, or asked for with a context: it is answered, and so is the next request."""
    for options in (
        {"derived": True},
        {"convergent_encryption": True},
        {"derived": True, "convergent_encryption": True},
    ):
        talk("POST", f"transit/keys/{name}", {"type": kind, "key_size": 32, **options})
        talk(
            "POST",
            f"transit/keys/{name}/import",
            {"type": kind, "ciphertext": HELLO, "public_key": "x", **options},
        )
        for context in ({}, {"context": HELLO}, {"context": ""}, {"context": "!"}):
            for path, field in (
                ("encrypt", "plaintext"),
                ("decrypt", "ciphertext"),
                ("sign", "input"),
                ("hmac", "input"),
                ("rewrap", "ciphertext"),
            ):
                reply = talk("POST", f"transit/{path}/{name}", {field: HELLO, **context})
                assert 0 < reply.status < 500, (path, context, reply)
        for path in ("rotate", "trim", "config"):
            assert 0 < talk("POST", f"transit/keys/{name}/{path}", {"min_available_version": 1}).status < 500
    assert talk("GET", "transit/keys/nobody").status == 404


def test_cve_2025_52894_no_stranger_begins_advances_or_cancels_what_operators_do(
    served: TestServer, talk: Any, name: str
) -> None:
    served.policy(name, **{"secret/*": ["create", "read", "update", "delete", "list"]})
    few = served.token(name)
    begun = talk("PUT", "sys/rotate/root/init", {"secret_shares": 1, "secret_threshold": 1})
    assert begun.status == 200
    token = talk("PUT", "sys/generate-root-token/attempt", {})
    assert token.status == 200
    for tried in ("", "s.guess", few):
        for path in (
            "sys/rotate/root/init", "sys/rekey/init", "sys/rotate/root/verify", "sys/rekey/verify", "sys/rotate/root/update", "sys/rekey/update",
            "sys/generate-root/attempt", "sys/generate-root-token/attempt", "sys/generate-root/update", "sys/generate-root-token/update",
            "sys/rekey-recovery-key/init", "sys/rekey/backup", "sys/rotate/root/backup", "sys/rekey//init", "sys/rekey/init/", "sys/rotate/./root/init",
        ):  # fmt: skip
            for method in ("GET", "PUT", "POST", "DELETE", "PATCH", "LIST"):
                body = (
                    {"key": "00", "nonce": begun.json["data"]["nonce"]}
                    if method in ("PUT", "POST", "PATCH")
                    else None
                )
                reply = talk(method, path, body, tried)
                assert reply.status >= 300, (tried, method, path, reply)
    state = talk("GET", "sys/rotate/root/init").json["data"]
    assert (state["started"], state["nonce"], state["progress"]) == (True, begun.json["data"]["nonce"], 0)
    assert talk("GET", "sys/generate-root-token/attempt").json["data"]["nonce"] == token.json["data"]["nonce"]
    for path in ("sys/rotate/root/init", "sys/generate-root-token/attempt"):
        assert talk("DELETE", path).status == 204


def test_cve_2025_6011_over_http_each_login_costs_the_same_hashes(
    talk: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user and nobody, however they are spelt: counted in hashes computed, not in time."""
    talk("POST", f"auth/userpass/users/{name}", {"password": "right"})
    count = itertools.count()
    argon = passwords.Argon2id
    monkeypatch.setattr(passwords, "Argon2id", lambda **parameters: (next(count), argon(**parameters))[1])

    def cost(who: str, password: Any) -> int:
        before = next(count)
        talk("POST", f"auth/userpass/login/{who}", {"password": password}, "")
        return next(count) - before

    somebody = cost(name, "wrong")
    assert somebody > 1
    for who in ("nobody", name.upper(), "a" * 200, "a.b"):
        assert cost(who, "wrong") == somebody, who


def test_cve_2023_24999_over_http_a_secret_id_serves_its_own_role_only(talk: Any, name: str) -> None:
    made = {}
    for role in ("mine", "other"):
        talk("POST", f"auth/approle/role/{name}-{role}", {"role_id": f"{name}-{role}"})
        made[role] = talk("POST", f"auth/approle/role/{name}-{role}/secret-id", {}).json["data"]
    for path in (
        "secret-id/destroy",
        "secret-id/lookup",
        "secret-id-accessor/destroy",
        "secret-id-accessor/lookup",
    ):
        for spelt in (f"{name}-other", f"{name}-OTHER", f"{name}-other/../{name}-other"):
            talk("POST", f"auth/approle/role/{spelt}/{path}", made["mine"])
    cross = talk(
        "POST", "auth/approle/login", {"role_id": f"{name}-other", "secret_id": made["mine"]["secret_id"]}, ""
    )
    assert cross.status == 400
    own = talk(
        "POST", "auth/approle/login", {"role_id": f"{name}-mine", "secret_id": made["mine"]["secret_id"]}, ""
    )
    assert own.status == 200


def test_cve_2026_63132_a_token_is_all_of_it_or_none(served: TestServer, talk: Any) -> None:
    """No beginning, no other case, no padding, no hash and no accessor of it is taken for it."""
    token = served.token("default")
    accessor = talk("POST", "auth/token/lookup", {"token": token}).json["data"]["accessor"]
    service = served.node.service
    assert service is not None
    key = service.service.tokens.hash(token)
    for guess in (
        token[:-1], token[:10], token[2:], token + "=", token + "x", token + token, token.upper(), token.swapcase(), token + ".", "s." + token,
        accessor, key, "h" + key, token.replace("s.", "b.", 1), token.replace("s.", "hvs.", 1), f"{token}, {token}", token + "%00",
    ):  # fmt: skip
        assert talk("GET", "auth/token/lookup-self", None, guess).status == 403, guess
        assert talk("POST", "auth/token/lookup", {"token": guess}).status == 403, guess
    assert talk("GET", "auth/token/lookup-self", None, token).status == 200
