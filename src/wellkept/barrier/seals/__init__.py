"""Seals: what closes a store. A seal wraps the root key, and nothing else; one file a kind stands beside this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .keyfile import KeyFileSeal
    from .passphrase import Cost, PassphraseSeal

__all__ = ["Cost", "KeyFileSeal", "PassphraseSeal", "Seal"]


class Seal(Protocol):
    """What every seal offers."""

    @property
    def kind(self) -> str:
        """Stored in clear, so that the right seal can be chosen: ``keyfile``, ``passphrase``."""

    def wrap(self, root: bytes) -> dict[str, Any]:
        """The root key in a form that only this seal can open; JSON-able, stored in clear."""

    def unwrap(self, blob: dict[str, Any]) -> bytes:
        """The root key again. Raises ``Sealed`` for a wrong key, ``IntegrityError`` for a damaged ``blob``."""


def __getattr__(name: str) -> Any:
    """Each kind is imported when it is asked for: opening a store is on the way of every command."""
    if name == "KeyFileSeal":
        from .keyfile import KeyFileSeal

        return KeyFileSeal
    if name in ("PassphraseSeal", "Cost"):
        from . import passphrase

        return getattr(passphrase, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
