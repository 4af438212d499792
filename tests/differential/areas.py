"""Areas of the API: what is mounted for each, what is there before a sequence begins, which operations it holds."""

from __future__ import annotations

from typing import Any, NamedTuple

from .sides import Step

READER = 'path "+/data/*" { capabilities = ["read", "list"] } path "sys/mounts" { capabilities = ["read"] }'
WRITER = """
path "*" { capabilities = ["create", "read", "update", "delete", "list", "scan", "patch"] }
path "sys/policies/*" { capabilities = ["read"] }
path "+/a" { capabilities = ["create", "update"] required_parameters = ["a"] denied_parameters = { "b" = [] } }
"""


class Area(NamedTuple):
    """``pattern`` picks operations of OpenBao's document. ``mounts``: paths below which they are there, by what is
    mounted (path, body) for a sequence, with ``{n}`` for its number. ``fields`` and ``parts``: values special to it.
    """

    name: str
    pattern: str
    mount: tuple[str, str, dict[str, Any]] | None = None
    setup: tuple[Step, ...] = ()
    fields: dict[str, list[Any]] = {}  # noqa: RUF012
    parts: dict[str, list[str]] = {}  # noqa: RUF012
    without: str = "^$"


KINDS = [
    "aes256-gcm96",
    "chacha20-poly1305",
    "ed25519",
    "ecdsa-p256",
    "rsa-2048",
    "hmac",
    "aes128-gcm96",
    "none",
]
POLICIES = ["{n}a", "{n}reader", "none", "default", "root", "Root"]
MOUNTS = ["{n}a", "{n}b", "{n}a/b", "none", "sys", "cubbyhole"]

AREAS = (
    Area(
        "tokens",
        r"auth/token/|sys/capabilities",
        setup=(Step("POST", "auth/token/roles/{n}a", {"allowed_policies": "default", "renewable": False}),),
        parts={"role_name": ["{n}a", "{n}b", "none"]},
        fields={"type": ["service", "batch", "default", "loud"]},
        without=r"accessors|auth/token/roles$|tidy",
    ),
    Area(
        "approle",
        r"auth/approle/",
        ("approle", "auth", {"type": "approle"}),
        setup=(
            Step("POST", "auth/{n}approle/role/a", {"token_policies": "default", "token_ttl": "1h"}),
            Step("GET", "auth/{n}approle/role/a/role-id"),
            Step("POST", "auth/{n}approle/role/a/secret-id", {"metadata": '{"k": "v"}'}),
        ),
        without="tidy",
    ),
    Area(
        "userpass",
        r"auth/userpass/",
        ("userpass", "auth", {"type": "userpass"}),
        setup=(Step("POST", "auth/{n}userpass/users/ann", {"password": "correct horse"}),),
    ),
    Area("kv-v1", r"kv-v1/", ("kv-v1", "mounts", {"type": "kv", "options": {"version": "1"}})),
    Area(
        "kv-v2",
        r"kv-v2/",
        ("kv-v2", "mounts", {"type": "kv", "options": {"version": "2"}}),
        setup=(Step("POST", "{n}kv-v2/data/a", {"data": {"a": "b"}}),),
    ),
    Area("cubbyhole", r"cubbyhole/"),
    Area(
        "transit",
        r"transit/",
        ("transit", "mounts", {"type": "transit"}),
        setup=(
            Step("POST", "{n}transit/keys/a", {"exportable": True, "allow_plaintext_backup": True}),
            Step("POST", "{n}transit/keys/b", {"type": "ed25519"}),
            Step("POST", "{n}transit/encrypt/a", {"plaintext": "cGxhaW4="}),
        ),
        fields={
            "type": KINDS,
            "hash_algorithm": ["sha2-256", "sha2-512", "none"],
            "key_version": [0, 1, 2, "x"],
        },
        without="random|cache-config|wrapping_key",
    ),
    Area(
        "mounts",
        r"sys/(mounts|auth|remount|internal/ui/mounts)",
        parts={"path": MOUNTS},
        fields={
            "type": ["kv", "transit", "approle", "userpass", "kv-v2", "cubbyhole", "none", ""],
            "from": ["{n}a", "none", "sys", "auth/{n}a"],
            "to": ["{n}c", "{n}a", "auth/{n}c", "sys/x"],
            "config": [
                {},
                {"default_lease_ttl": "1h"},
                {"max_lease_ttl": "bad"},
                {"force_no_cache": True},
                5,
            ],
            "plugin_name": ["kv", "none"],
            "plugin_version": ["", "v1"],
            "options": [{"version": "1"}, {"a": "b"}, {}],
        },
    ),
    Area(
        "policies",
        r"sys/(policy|policies)",
        parts={"name": POLICIES},
        fields={"ttl": ["1h", "bad"], "expiration": ["2040-01-01T00:00:00Z", "bad"]},
    ),
    Area(
        "system",
        r"sys/(tools|wrapping|leases|quotas|config|loggers|key-status|version-history|health|leader|seal-status|"
        r"internal/ui/(namespaces|resultant)|locked-users|audit-hash|plugins/catalog$|decode-token|namespaces$|in-flight)",
        parts={"name": ["{n}a", "{n}b", "none"], "path": ["none", "a"]},
        fields={
            "level": ["info", "loud"],
            "type": ["rate-limit"],
            "path": ["", "{n}a", "none", "sys/mounts"],
        },
        without="leases/tidy|random|state/sanitized|revoke-(force|prefix)|quotas/config",
    ),
)
