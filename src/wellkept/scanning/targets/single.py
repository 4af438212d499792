"""A target of one item that is at hand already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import BaseTarget, Item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..problem import Problem


class Single(BaseTarget):
    """``item`` and nothing else; for a scan in this process."""

    name = "single"

    def __init__(self, item: Item) -> None:
        self._item = item

    def units(self) -> Iterator[Any]:
        yield None

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        yield self._item
