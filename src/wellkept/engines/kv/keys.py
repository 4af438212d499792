"""Where a secret's parts lie in the mount's storage, and how they are fetched and put.

``meta/NAME`` is the record; ``value/NAME/UUID`` a version's value. The UUID, not the number, so that a
value's place (which the encryption is bound to) is never used again, not even after a purge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import IntegrityError
from .records import Record

if TYPE_CHECKING:
    from ...core.model import VersionInfo
    from ...core.view import View

META = "meta/"


def load(view: View, name: str) -> Record | None:
    """The record of ``name``, or ``None``."""
    entry = view.get(META + name)
    return None if entry is None else Record.decode(entry.value)


def save(view: View, name: str, record: Record) -> None:
    view.put(META + name, record.encode())


def value_key(name: str, info: VersionInfo) -> str:
    return f"value/{name}/{info.uuid}"


def value(view: View, name: str, info: VersionInfo) -> bytes:
    """A version's value. Raises ``IntegrityError`` when the record has it and storage has not."""
    entry = view.get(value_key(name, info))
    if entry is None:
        raise IntegrityError(
            f"the value of version {info.number} of {name!r} is missing from storage; restore from a backup"
        )
    return entry.value
