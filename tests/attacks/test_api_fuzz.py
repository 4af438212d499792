"""Every operation of our own OpenAPI document, with odd, wrong and hostile parameters: no 500, and nothing breaks.

As many requests as CI allows; ``WELLKEPT_FUZZ_REQUESTS`` and ``WELLKEPT_FUZZ_SEED`` make it longer and other.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from doubles.api_fuzz import calls
from doubles.raw_http import Reply, Wire
from doubles.server_process import Process, memory

if TYPE_CHECKING:
    from collections.abc import Callable

REQUESTS = int(os.environ.get("WELLKEPT_FUZZ_REQUESTS", "6000"))
SEED = int(os.environ.get("WELLKEPT_FUZZ_SEED", "4"))
MOST_MEMORY = 400 << 20
"""Bytes of one worker. It begins with some 70 MB."""

SKIP = frozenset(
    {
        "post /sys/seal", "post /sys/step-down", "post /auth/token/revoke-self",  # each does what it says
        "post /sys/audit/{path}",  # a device that fails is meant to stop everything: see test_audit_devices
        "post /sys/quotas/config", "post /sys/quotas/rate-limit/{name}",  # likewise
        "post /sys/leases/revoke-prefix/{prefix}", "post /sys/leases/revoke-force/{prefix}",
        "post /sys/unseal", "post /sys/init",  # the limits on failed attempts are another thing
    }
)  # fmt: skip


def furnish(call: Callable[..., tuple[int, Any]]) -> None:
    """Something of each kind at each place that the requests name. Whatever is there already stays."""
    for path, kind in (
        ("mounts/transit", "transit"),
        ("mounts/kv", "kv"),
        ("auth/approle", "approle"),
        ("auth/userpass", "userpass"),
    ):
        call("POST", f"sys/{path}", {"type": kind})
    call("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    for name, body in {
        "a": {}, "b": {"type": "chacha20-poly1305", "exportable": True, "allow_plaintext_backup": True},
        "derived": {"derived": True, "convergent_encryption": True}, "ed": {"type": "ed25519"}, "x": {"type": "ecdsa-p256"},
        "rsa": {"type": "rsa-2048"}, "mac": {"type": "hmac", "key_size": 32},
    }.items():  # fmt: skip
        call("POST", f"transit/keys/{name}", body)
    for mount in ("secret/data", "kv", "cubbyhole"):
        for name in ("a", "b", "x", "a/b"):
            call("POST", f"{mount}/{name}", {"data": {"a": "1"}})
    call("POST", "auth/approle/role/role", {"token_policies": ["default"]})
    call("POST", "auth/userpass/users/ann", {"password": "x", "bcrypt_cost": 4})
    call("POST", "auth/token/roles/role", {"allowed_policies": ["default"]})
    call("POST", "sys/policies/acl/p", {"policy": 'path "x" { capabilities = ["read"] }'})


def document(process: Process, token: str) -> dict[str, Any]:
    found: dict[str, Any] = process.call("GET", "sys/internal/specs/openapi", token=token)[1]
    assert {
        "/secret/data/{path}",
        "/kv/{path}",
        "/transit/keys/{name}",
        "/auth/userpass/login/{username}",
    } <= set(found["paths"])
    return found


@pytest.mark.slow
def test_no_request_that_the_document_describes_or_does_not_makes_the_server_fail(serve: Any) -> None:
    process: Process = serve()
    root, _ = process.initialise()
    furnish(lambda method, path, body: process.call(method, path, body, root))
    seen: dict[int, int] = {}
    failed: list[str] = []
    with Wire(process.port) as wire:
        for number, call in zip(
            range(REQUESTS), calls(document(process, root), SEED, skip=SKIP), strict=False
        ):
            if number % 700 == 0:
                furnish(lambda method, path, body: process.call(method, path, body, root))
            reply: Reply = wire.ask(call.method, call.target, call.body, token=root, headers=call.headers)
            seen[reply.status] = seen.get(reply.status, 0) + 1
            if reply.status >= 500 or reply.status == 0:
                failed.append(f"{reply.status} {call.where}\n  {call!r}\n  {reply.body[:300]!r}")
    assert not failed, "\n".join(failed[:40])
    assert seen[200] + seen[204] > REQUESTS / 10
    assert seen[404] > 0
    assert seen[400] > 0
    assert process.call("GET", "sys/health")[0] == 200
    assert process.call("GET", "auth/token/lookup-self", token=root)[0] == 200
    assert "Traceback" not in process.said()
    assert max(memory(pid) for pid in process.workers()) < MOST_MEMORY
