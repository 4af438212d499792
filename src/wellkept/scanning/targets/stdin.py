"""A stream of bytes: standard input, a pipe, a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..location import Location
from . import BaseTarget, Item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..problem import Problem
    from . import Stream


class StreamTarget(BaseTarget):
    """Scans one open stream, for example ``sys.stdin.buffer.raw``; named ``label`` in findings."""

    name = "stdin"

    def __init__(self, stream: Stream, label: str = "<stdin>") -> None:
        self._stream = stream
        self._label = label

    def units(self) -> Iterator[Any]:
        """One."""
        yield None

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        """The stream."""
        yield Item(Location(self._label), open=lambda: self._stream)
