"""Names, tokens and renewals over HTTP: what was a way in elsewhere, from the outside. The rooms behind have cases of their own."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from doubles.raw_http import Wire
from wellkept.clock import ManualClock
from wellkept.testing.served import TestServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOTS = (
    "root",
    "ROOT",
    "Root",
    " root",
    "root ",
    "rOOT\t",
    "\u200broot",
    "root\u0000",
    "ｒｏｏｔ",
    "default,root",
    "root,default",
)


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(1_800_000_000.0)


@pytest.fixture(scope="module")
def aged(clock: ManualClock) -> Iterator[TestServer]:
    """A server whose time is the test's."""
    with TestServer(clock=clock) as server:
        for kind in ("userpass", "approle"):
            server.request("POST", f"sys/auth/{kind}", {"type": kind})
        yield server


@pytest.fixture
def talk(aged: TestServer) -> Iterator[Wire]:
    with Wire(aged.port) as wire:
        yield wire


def entries(server: TestServer) -> list[str]:
    """The keys of all that is stored, but for leases, tokens and counters of the worker's."""
    service = server.node.service
    assert service is not None
    return [
        key
        for key, _ in service.barrier.scan("")
        if not key.startswith(("core/lease/", "core/token/", "core/audit/"))
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../mounts/secret", "..%2fmounts", "%2e%2e/mounts", "%2e%2e%2fmounts", "x/../../core/mounts", "..", "%2e", "x/y", "x%2fy", "a%00b",
        "x%5c..%5cy", "%252e%252e%252fmounts", "..%c0%afmounts", "..;/mounts", "%ef%bc%8e%ef%bc%8e/mounts", "x%0ay", "~", "core%2fmounts",
    ],
)  # fmt: skip
def test_cve_2026_105820_no_name_of_a_policy_reaches_other_entries(
    served: TestServer, wire: Wire, name: str
) -> None:
    before = entries(served)
    for base in (
        "sys/policies/acl",
        "sys/policy",
        "sys/policies/password",
        "sys/quotas/rate-limit",
        "auth/token/roles",
    ):
        for method, body in (
            ("POST", {"policy": 'path "x" {}', "rate": 100}),
            ("GET", None),
            ("DELETE", None),
        ):
            reply = wire.ask(method, f"/v1/{base}/{name}", body, token=served.root_token)
            assert reply.status in (200, 204, 307, 400, 404, 405), (base, method, reply)
            if reply.status == 200:
                assert "type" not in (reply.json["data"] or {})  # as the entry of a mount would have
    assert entries(served) == before
    assert served.request("GET", "sys/mounts")["data"]["secret/"]["type"] == "kv"


@pytest.mark.parametrize("root", ROOTS)
def test_cve_2025_5999_no_spelling_of_root_makes_a_root_token(
    aged: TestServer, talk: Wire, root: str
) -> None:
    """Neither for who may make any token, nor through a role or a method whose policies one may set."""
    aged.policy(
        "maker",
        **{
            "auth/*": ["create", "read", "update", "delete", "list", "sudo"],
            "sys/policies/*": ["create", "update"],
        },
    )
    maker = aged.token("maker")
    made = [
        talk.ask("POST", f"/v1/auth/token/{path}", {"policies": policies, "ttl": "1h"}, token=maker)
        for path in ("create", "create-orphan")
        for policies in (root, [root], [root, "default"])
    ]
    talk.ask("POST", "/v1/auth/token/roles/r", {"allowed_policies": [root]}, token=maker)
    made.append(talk.ask("POST", "/v1/auth/token/create/r", {}, token=maker))
    talk.ask(
        "POST",
        "/v1/auth/token/roles/r",
        {"allowed_policies": [], "allowed_policies_glob": ["*"], "token_no_default_policy": True},
        token=maker,
    )
    made.append(talk.ask("POST", "/v1/auth/token/create/r", {"policies": [root]}, token=maker))
    talk.ask("POST", "/v1/auth/userpass/users/eve", {"password": "x", "token_policies": [root]}, token=maker)
    made.append(talk.ask("POST", "/v1/auth/userpass/login/eve", {"password": "x"}))
    talk.ask(
        "POST",
        "/v1/auth/approle/role/eve",
        {
            "token_policies": [root],
            "bind_secret_id": False,
            "token_bound_cidrs": "127.0.0.1/32",
            "role_id": "eve",
        },
        token=maker,
    )
    made.append(talk.ask("POST", "/v1/auth/approle/login", {"role_id": "eve"}))
    for reply in made:
        if reply.status != 200:
            continue
        token = reply.json["auth"]["client_token"]
        assert "root" not in reply.json["auth"]["policies"]
        assert talk.ask("GET", "/v1/sys/mounts", token=token).status == 403
        assert talk.ask("POST", "/v1/secret/data/x", {"data": {}}, token=token).status == 403
    for method in ("POST", "PUT", "DELETE"):
        for name in ("root", "ROOT", "Root", "%72oot"):
            written = talk.ask(
                method,
                f"/v1/sys/policies/acl/{name}",
                {"policy": 'path "*" { capabilities = ["sudo"] }'},
                token=aged.root_token,
            )
            assert written.status == 400, (method, name, written)


def test_cve_2025_5999_no_policy_gives_what_only_root_has(aged: TestServer, talk: Wire) -> None:
    everything = ["create", "read", "update", "patch", "delete", "list", "sudo"]
    aged.policy("all", **{"*": everything})
    token = aged.token("all")
    assert talk.ask("POST", "/v1/auth/token/create", {"policies": ["root"]}, token=token).status == 400
    assert talk.ask(
        "POST", "/v1/auth/token/create", {"policies": ["all"], "id": "root"}, token=token
    ).status in (200, 400)
    looked = talk.ask("GET", "/v1/auth/token/lookup-self", token=token).json["data"]
    assert "root" not in looked["policies"]


def test_cve_2025_6004_a_burst_of_guesses_locks_and_no_header_unlocks(aged: TestServer) -> None:
    aged.request("POST", "auth/userpass/users/burst", {"password": "right"})
    seen: list[int] = []

    def guess(number: int) -> None:
        with Wire(aged.port) as wire:
            name = quote(
                "".join(char.upper() if number >> at & 1 else char for at, char in enumerate("burst"))
            )
            forged = {
                "X-Forwarded-For": f"10.0.0.{number}",
                "X-Real-IP": f"10.0.0.{number}",
                "X-Vault-Namespace": "root",
            }
            seen.append(
                wire.ask(
                    "POST", f"/v1/auth/userpass/login/{name}", {"password": "wrong"}, headers=forged
                ).status
            )

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) <= {400, 403}
    with Wire(aged.port) as wire:
        for name in ("burst", "BURST", "bursT"):
            assert wire.ask("POST", f"/v1/auth/userpass/login/{name}", {"password": "right"}).status == 403
        assert (
            wire.ask(
                "POST",
                "/v1/auth/userpass/login/burst",
                {"password": "right"},
                headers={"X-Forwarded-For": "10.9.9.9"},
            ).status
            == 403
        )


def test_cve_2021_32923_nothing_outlives_its_time_whatever_is_asked_for(
    aged: TestServer, talk: Wire, clock: ManualClock
) -> None:
    def make(**fields: object) -> str:
        return aged.token("default", **fields)

    tokens = {
        "max": make(ttl="100s", explicit_max_ttl="100s"),
        "periodic": make(period="50s", explicit_max_ttl="100s"),
        "batch": make(type="batch", ttl="100s"),
        "short": make(ttl="1s"),
        "child": make(ttl="100s", explicit_max_ttl="100s", renewable=True),
    }
    asked = ("0", "1h", "100000h", 2**40, -1, "-1h", "9" * 30, None, "1e9", 2**70)
    wrapped = talk.ask(
        "POST", "/v1/sys/wrapping/wrap", {"a": 1}, token=aged.root_token, headers={"X-Vault-Wrap-TTL": "100"}
    ).json
    for moment in (0.5, 0.4999, 48.9, 49.9, 0.2999):
        clock.advance(moment)
        for token in tokens.values():
            for increment in asked:
                reply = talk.ask("POST", "/v1/auth/token/renew-self", {"increment": increment}, token=token)
                assert reply.status in (200, 400, 403)
    clock.advance(1)
    for name, token in tokens.items():
        assert talk.ask("GET", "/v1/auth/token/lookup-self", token=token).status == 403, name
        assert talk.ask("POST", "/v1/auth/token/renew", {"token": token}, token=aged.root_token).status in (
            400,
            403,
        ), name
        assert (
            talk.ask(
                "POST", "/v1/sys/capabilities", {"token": token, "path": "x"}, token=aged.root_token
            ).status
            == 400
        ), name
    gone = talk.ask("POST", "/v1/sys/wrapping/unwrap", token=wrapped["wrap_info"]["token"])
    assert gone.status in (400, 403)


@pytest.mark.parametrize("change", ["deleted", "made-anew", "moved"])
def test_cve_2026_39388_a_login_is_renewed_only_while_it_would_be_given_again(
    aged: TestServer, talk: Wire, name: str, change: str
) -> None:
    """The user or role is gone, was made anew, or may log in from elsewhere only; by token, accessor and lease alike."""
    root = aged.root_token
    aged.request("POST", f"auth/userpass/users/{name}", {"password": "x", "token_ttl": "1h"})
    aged.request("POST", f"auth/approle/role/{name}", {"role_id": name, "token_ttl": "1h"})
    secret = aged.request("POST", f"auth/approle/role/{name}/secret-id", {})["data"]["secret_id"]
    given = [
        talk.ask("POST", f"/v1/auth/userpass/login/{name}", {"password": "x"}).json["auth"],
        talk.ask("POST", "/v1/auth/approle/login", {"role_id": name, "secret_id": secret}).json["auth"],
    ]
    for each in given:
        assert talk.ask("POST", "/v1/auth/token/renew-self", {}, token=each["client_token"]).status == 200
    for path in (f"auth/userpass/users/{name}", f"auth/approle/role/{name}"):
        if change != "moved":
            aged.request("DELETE", path)
        if change == "made-anew":
            aged.request(
                "POST",
                path,
                {"password": "other", "role_id": f"{name}-new"}
                if "users" in path
                else {"role_id": f"{name}-new"},
            )
        if change == "moved":
            aged.request("POST", path, {"token_bound_cidrs": "10.0.0.0/8"})
    renewed = []
    for each in given:
        for path, body in (
            ("auth/token/renew", {"token": each["client_token"]}),
            ("auth/token/renew-accessor", {"accessor": each["accessor"]}),
        ):
            renewed.append((path, talk.ask("POST", f"/v1/{path}", body, token=root).status))
        renewed.append(
            (
                "renew-self",
                talk.ask("POST", "/v1/auth/token/renew-self", {}, token=each["client_token"]).status,
            )
        )
    if change == "deleted":
        assert {status for _, status in renewed} <= {400, 403}, renewed
    elif change == "made-anew":
        assert {status for _, status in renewed[3:]} <= {400, 403}, renewed
    else:
        assert {status for _, status in renewed} <= {200, 400, 403}


def test_cve_2026_46405_a_token_that_could_not_be_handed_over_is_not_there(
    aged: TestServer, talk: Wire
) -> None:
    aged.request(
        "PUT",
        "sys/policies/acl/narrow",
        {
            "policy": json.dumps(
                {"path": {"auth/token/create": {"capabilities": ["update"], "max_wrapping_ttl": "10s"}}}
            )
        },
    )
    narrow = aged.token("narrow")
    before = aged.request("LIST", "auth/token/accessors/")["data"]["keys"]
    for body, headers, token in (
        ({}, {"X-Vault-Wrap-TTL": "60"}, narrow), ({}, {"X-Vault-Wrap-TTL": "x"}, aged.root_token), ({}, {"X-Vault-Wrap-TTL": "-5"}, aged.root_token),
        ({"policies": ["root"]}, {}, narrow), ({"ttl": "x"}, {}, aged.root_token), ({"type": "nonsense"}, {}, aged.root_token),
        ({"num_uses": -1}, {}, aged.root_token), ({"period": "-1h"}, {}, aged.root_token),
        ({"explicit_max_ttl": "-1h"}, {}, aged.root_token), ({"meta": "x"}, {}, aged.root_token), ({"entity_alias": "nobody"}, {}, aged.root_token),
    ):  # fmt: skip
        reply = talk.ask("POST", "/v1/auth/token/create", body, token=token, headers=headers)
        assert reply.status in (400, 403), (body, headers, reply)
    assert aged.request("LIST", "auth/token/accessors/")["data"]["keys"] == before


def test_cve_2026_46358_no_header_escapes_the_record_by_its_form(served: TestServer, wire: Wire) -> None:
    """Another case, sent twice, very long, empty, not text; on reads from memory, writes, denials and unknown paths."""
    for header, hidden in (("X-Plain", False), ("X-HIDDEN", True)):
        served.request("POST", f"sys/config/auditing/request-headers/{header}", {"hmac": hidden})
    served.write("audited", {"a": 1})
    service = served.node.service
    assert service is not None
    device = service.service.audit.broker.devices[0]  # type: ignore[union-attr]
    number = 0
    for method, target, token in (
        ("GET", "secret/data/audited", served.root_token), ("GET", "secret/data/audited", served.root_token), ("POST", "secret/data/audited", served.root_token),
        ("GET", "secret/data/audited", "s.guess"), ("GET", "nope/x", served.root_token), ("LIST", "secret/metadata", served.root_token),
        ("POST", "sys/wrapping/lookup", ""), ("GET", "sys/mounts", ""),
    ):  # fmt: skip
        for shown in ("x-plain", "X-PLAIN", "x-PlAiN"):
            number += 1
            lines = [
                f"Host: x\r\n{shown}: first-{number}\r\nX-Plain: second-{number}\r\nx-hidden: hidden-{number}\r\nX-Vault-Token: {token}"
            ]
            body = b'{"data":{"a":2}}' if method == "POST" else b""
            wire.send(
                f"{method} /v1/{target} HTTP/1.1\r\n{lines[0]}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            with open(device.path, encoding="utf-8") as file:
                last = json.loads(file.read().splitlines()[-1])
            assert last["headers"]["x-plain"] == f"first-{number}, second-{number}", (method, target)
            assert last["headers"]["x-hidden"].startswith("hmac-sha256:")
    for odd in (b"", b"\xff\xfe\x80", b"x" * 40_000, b'"\\,{}', b"a\tb"):
        reply = wire.send(
            b"GET /v1/secret/data/audited HTTP/1.1\r\nHost: x\r\nX-Vault-Token: "
            + served.root_token.encode()
            + b"\r\nX-Plain: "
            + odd
            + b"\r\n\r\n"
        )
        assert reply.status == 200
        with open(device.path, encoding="utf-8") as file:
            assert "x-plain" in json.loads(file.read().splitlines()[-1])["headers"]
