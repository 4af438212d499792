"""Seals: what closes a store. A seal wraps the root key, and nothing else; one file a kind stands beside this one."""

from __future__ import annotations

from typing import Any, Protocol

from .keyfile import KeyFileSeal
from .passphrase import PassphraseSeal

__all__ = ["KeyFileSeal", "PassphraseSeal", "Seal"]


class Seal(Protocol):
    """What every seal offers."""

    kind: str
    """Stored in clear, so that the right seal can be chosen: ``keyfile``, ``passphrase``."""

    def wrap(self, root: bytes) -> dict[str, Any]:
        """The root key in a form that only this seal can open; JSON-able, stored in clear."""

    def unwrap(self, blob: dict[str, Any]) -> bytes:
        """The root key again. Raises ``Sealed`` for a wrong key, ``IntegrityError`` for a damaged ``blob``."""
