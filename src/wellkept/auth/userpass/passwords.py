"""Passwords as stored: Argon2id for those given here, bcrypt for hashes that were brought along.

A user that does not exist costs the same time as one that does (CVE-2025-6011): something is hashed either way,
and as soon as a mount holds bcrypt hashes, every check does one of each kind.
"""

from __future__ import annotations

import hmac
import os
import re
from base64 import b64decode, b64encode
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ...core.form import bad
from ...errors import ConfigError

MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
"""OWASP's recommendation for Argon2id; about 20 ms."""

LEAST_COST, MOST_COST = 5, 14
"""Of a bcrypt hash. Every login of the mount pays for the costliest, so there is an upper bound too."""

LONGEST = 4096
"""Bytes of a password."""

_BCRYPT = re.compile(r"\$2[abxy]?\$(\d\d)\$[./A-Za-z0-9]{53}")
_NOBODY: dict[str, Any] = {
    "kind": "argon2id",
    "m": MEMORY_KIB,
    "t": PASSES,
    "p": LANES,
    "salt": b64encode(bytes(16)).decode(),
    "hash": "",
}


def hashed(password: str) -> dict[str, Any]:
    """What to store for ``password``."""
    salt = os.urandom(16)
    raw = _encoded(password)
    digest = Argon2id(salt=salt, length=32, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB).derive(
        raw
    )
    return {
        "kind": "argon2id",
        "m": MEMORY_KIB,
        "t": PASSES,
        "p": LANES,
        "salt": b64encode(salt).decode(),
        "hash": b64encode(digest).decode(),
    }


def brought(text: str) -> dict[str, Any]:
    """What to store for a bcrypt hash made elsewhere. Raises ``Refusal``."""
    match = _BCRYPT.fullmatch(text)
    if match is None:
        raise bad("password_hash is not a valid bcrypt hash")
    cost = int(match.group(1))
    if cost < LEAST_COST:
        raise bad(f"bcrypt cost of {cost} is too low, want {LEAST_COST} at minimum")
    if cost > MOST_COST:
        raise bad(f"bcrypt cost of {cost} is too high, want {MOST_COST} at most")
    _bcrypt()
    return {"kind": "bcrypt", "hash": text}


def matches(password: str, stored: dict[str, Any] | None, bcrypt_cost: int) -> bool:
    """Whether ``password`` is the one that ``stored`` was made from; ``None`` is nobody's.

    ``bcrypt_cost``: of the costliest bcrypt hash in the mount, 0 when there is none.
    """
    raw = _encoded(password)
    argon = stored if stored is not None and stored["kind"] == "argon2id" else _NOBODY
    digest = Argon2id(
        salt=b64decode(argon["salt"]),
        length=32,
        iterations=argon["t"],
        lanes=argon["p"],
        memory_cost=argon["m"],
    ).derive(raw)
    fits = hmac.compare_digest(digest, b64decode(argon["hash"]))
    if bcrypt_cost:
        other = stored["hash"] if stored is not None and stored["kind"] == "bcrypt" else _empty(bcrypt_cost)
        same = _bcrypt().checkpw(raw[:72], other.encode())
        if stored is not None and stored["kind"] == "bcrypt":
            fits = same
    return fits and stored is not None


def cost_of(stored: dict[str, Any]) -> int:
    """A bcrypt hash's cost; 0 for the other kind."""
    match = _BCRYPT.fullmatch(stored["hash"]) if stored["kind"] == "bcrypt" else None
    return int(match.group(1)) if match else 0


def _empty(cost: int) -> str:
    return f"$2b${cost:02}$" + "." * 53


def _encoded(password: str) -> bytes:
    raw = password.encode("utf-8", "surrogatepass")
    if len(raw) > LONGEST:
        raise bad(f"a password has at most {LONGEST} bytes")
    return raw


def _bcrypt() -> Any:
    try:
        import bcrypt
    except ImportError:
        pass
    else:
        return bcrypt
    raise ConfigError("bcrypt hashes need its library: pip install 'wellkept[server]'")
