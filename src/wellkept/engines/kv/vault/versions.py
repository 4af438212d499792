"""``delete/``, ``undelete/``, ``destroy/NAME``: by number; what is not there is passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.form import bad
from .. import keys
from .reading import gone, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from ....core.form import Call
    from ....core.model import VersionInfo
    from ..records import Record


def delete(call: Call) -> None:
    """Softly."""

    def change(record: Record, info: VersionInfo) -> None:
        if not gone(info, call.now):
            record.set(info.number, deleted=call.now)

    _each(call, change, "No version number provided")


def undelete(call: Call) -> None:
    """A version whose lifetime was over lives on without an end."""

    def change(record: Record, info: VersionInfo) -> None:
        if info.destroyed is None:
            record.set(info.number, deleted=None, expires=None)

    _each(call, change, "No version number provided")


def destroy(call: Call) -> None:
    """The value is removed; that there was one stays known."""

    def change(record: Record, info: VersionInfo) -> None:
        if info.destroyed is None:
            call.view.delete(keys.value_key(call.data["path"], info))
            record.set(info.number, destroyed=call.now)

    _each(call, change, "no version number provided")


def _each(call: Call, change: Callable[[Record, VersionInfo], None], none_given: str) -> None:
    numbers: list[int] = call.data["versions"]
    if not numbers:
        raise bad(none_given)
    name: str = call.data["path"]
    record = load(call.view, name)
    if record is None:
        return
    before = dict(record.versions)
    for number in numbers:
        info = record.versions.get(number)
        if info is not None:
            change(record, info)
    if record.versions != before:
        keys.save(call.view, name, record)
