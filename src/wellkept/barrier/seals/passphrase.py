"""The passphrase seal: Argon2id (RFC 9106) turns a passphrase into the key that wraps the root key.

The cost is stored beside the wrapped key, so that it can be raised later; and it is checked before it is
spent, since whoever can write to the file could otherwise make opening it take all memory.
"""

from __future__ import annotations

import os
from binascii import b2a_base64
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import ConfigError, InvalidRequest, Sealed, StoreError
from .wrapping import damaged, field, unwrap_key, wrap_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CONTEXT = b"wellkept seal passphrase 1\0"
_BOUNDS = {"memory_kib": (8 * 1024, 1024 * 1024), "iterations": (1, 64), "lanes": (1, 16)}
_MOST_WORK = 8 * 1024 * 1024  # KiB of memory times iterations: some ten seconds
_LONGEST = 64 * 1024  # bytes


class Cost(NamedTuple):
    """Argon2id's parameters: memory in KiB, passes over it, lanes."""

    memory_kib: int
    iterations: int
    lanes: int


DEFAULT_COST = Cost(64 * 1024, 3, 4)
"""RFC 9106's second recommended option (section 4)."""


class PassphraseSeal:
    """``passphrase`` is called each time it is needed, and gives text (taken in Unicode's form NFC) or bytes."""

    kind = "passphrase"

    def __init__(self, passphrase: Callable[[], str | bytes], *, cost: Cost = DEFAULT_COST) -> None:
        self._ask = passphrase
        self.cost = cost

    def wrap(self, root: bytes) -> dict[str, Any]:
        passphrase = _prepare(self._ask())
        if not passphrase:
            raise InvalidRequest("the passphrase is empty; choose one")
        if not _acceptable(self.cost):
            raise ConfigError(f"the cost {self.cost} of the passphrase is out of bounds {_BOUNDS}")
        salt = os.urandom(16)
        key = _stretch(passphrase, salt, self.cost)
        return {
            "kdf": "argon2id",
            **self.cost._asdict(),
            "salt": b2a_base64(salt, newline=False).decode(),
            **wrap_key(key, root, _context(self.cost, salt)),
        }

    def unwrap(self, blob: Mapping[str, Any]) -> bytes:
        cost, salt = _read_cost(blob), field(blob, "salt", 16)
        passphrase = _prepare(self._ask())
        root = None
        if passphrase:
            root = unwrap_key(_stretch(passphrase, salt, cost), blob, _context(cost, salt))
        if root is None:
            raise Sealed("wrong passphrase (or the seal's configuration was altered); try again")
        return root

    def outdated(self, blob: Mapping[str, Any]) -> bool:
        """Whether a stored seal cost less to make than this one would: rekey to raise it."""
        return any(stored < wanted for stored, wanted in zip(_read_cost(blob), self.cost, strict=True))

    def __repr__(self) -> str:
        return "<PassphraseSeal>"


def _prepare(passphrase: str | bytes) -> bytes:
    if isinstance(passphrase, str):
        from unicodedata import normalize

        raw = _utf8(normalize("NFC", passphrase))
    else:
        raw = bytes(passphrase)
    if raw is None:
        raise InvalidRequest("the passphrase holds characters that UTF-8 cannot carry")
    if len(raw) > _LONGEST:
        raise InvalidRequest(f"the passphrase is longer than {_LONGEST} bytes")
    return raw


def _utf8(text: str) -> bytes | None:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return None


def _read_cost(blob: Mapping[str, Any]) -> Cost:
    """The stored cost. Raises ``IntegrityError`` when it is not one that this program would have chosen."""
    values = [blob.get(name) for name in Cost._fields]
    if blob.get("kdf") != "argon2id" or not all(type(value) is int for value in values):
        raise damaged()
    cost = Cost(*values)  # type: ignore[arg-type]
    if not _acceptable(cost):
        raise damaged()
    return cost


def _acceptable(cost: Cost) -> bool:
    within = all(low <= value <= high for value, (low, high) in zip(cost, _BOUNDS.values(), strict=True))
    return within and cost.memory_kib * cost.iterations <= _MOST_WORK


def _context(cost: Cost, salt: bytes) -> bytes:
    return _CONTEXT + b",".join(str(value).encode() for value in cost) + salt


def _stretch(passphrase: bytes, salt: bytes, cost: Cost) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    failure: StoreError | ConfigError
    try:
        return Argon2id(
            salt=salt, length=32, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib
        ).derive(passphrase)
    except MemoryError:
        failure = Sealed(
            f"opening with a passphrase needs {cost.memory_kib // 1024} MiB of memory, which there is not"
        )
    except UnsupportedAlgorithm:
        failure = ConfigError(
            "the installed cryptography library has no Argon2id; install one with OpenSSL 3.2 or later"
        )
    raise failure
