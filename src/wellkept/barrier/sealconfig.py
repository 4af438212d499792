"""The seal's configuration: which kind of seal closes this store, and the root key as that seal wrapped it.

Stored in clear, since it must be read before anything can be decrypted. Nothing in it is trusted further
than to find the key: the root key it yields must open the key ring, which names the store again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import IntegrityError, Sealed
from .names import SEAL

if TYPE_CHECKING:
    from ..storage.protocol import Storage

_WORD = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LARGEST = 64 * 1024  # bytes; a wrapped key of any kind is far smaller


def read_seal_config(storage: Storage) -> dict[str, Any]:
    """``store_id``, ``kind``, ``created`` and ``wrapped`` (the seal's own), without any key.

    Raises ``Sealed`` when the store was never initialised, ``IntegrityError`` when this is unreadable.
    """
    entry = storage.get(SEAL)
    if entry is None:
        raise Sealed(
            "this store has no seal: it was made but never initialised; initialise it, or make it anew"
        )
    return parse(entry.value)


def parse(raw: bytes) -> dict[str, Any]:
    """The configuration from its stored form."""
    config = _load(raw) if len(raw) <= _LARGEST else None
    if (
        not isinstance(config, dict)
        or not is_word(config.get("store_id"))
        or not is_word(config.get("kind"))
        or not isinstance(config.get("wrapped"), dict)
    ):
        raise IntegrityError("the seal's configuration is damaged or altered; restore it from a backup")
    if config.get("format") != 1:
        raise IntegrityError(
            "the seal's configuration has a form that this version does not know; upgrade wellkept"
        )
    return config


def build(store_id: str, kind: str, wrapped: dict[str, Any], created: float) -> bytes:
    """Its stored form."""
    config = {"format": 1, "store_id": store_id, "kind": kind, "created": created, "wrapped": wrapped}
    return json.dumps(config, sort_keys=True).encode()


def is_word(value: Any) -> bool:
    """Lower-case letters, digits and ``-``: safe in a message, a file name and a comparison."""
    return isinstance(value, str) and 0 < len(value) <= 64 and all(char in _WORD for char in value)


def _load(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
