"""What can be scanned: the ``Target`` protocol. One file per kind of target beside this one.

A target runs in two halves. ``units`` runs once, in the process that coordinates, and says what there is to do
in pieces small enough to ship (a list of paths, a range of object ids: never content). ``expand`` runs in a
worker and turns one unit into items. Whoever finds that something cannot be looked at yields a ``Problem``
in the place of a unit or an item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..finding import Finding
    from ..location import Location
    from ..problem import Problem


class Stream(Protocol):
    """What content is read from: the part of a binary file object that is used."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""

    def close(self) -> None:
        """Releases it."""


class Item(NamedTuple):
    """One thing with content: a file, a blob, a member of an archive, a line of a log.

    ``origin`` is the template of its findings' locations (path, commit, layer, ...). Content is one of:
    ``data`` (bytes in memory), ``file`` (a path to open, read in windows), ``open`` (yields a stream).
    ``unpack`` false keeps archives from being opened, for targets that open them on their own.
    """

    origin: Location
    data: bytes | None = None
    file: str | bytes | None = None
    open: Callable[[], Stream] | None = None
    size: int | None = None
    unpack: bool = True


class Target(Protocol):
    """A kind of thing to scan. Units must survive ``marshal``: None, numbers, strings, bytes, tuples, lists, dicts."""

    name: str
    """Shown in progress and reports: ``paths``, ``git``, ``image``."""

    def units(self) -> Iterator[Any]:
        """Units of work and ``Problem`` records; runs in the coordinating process, one after the other."""

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        """The items of a unit, in a fixed order; runs in a worker, which keeps one copy of the target for all its
        units (so that a helper process is started once). Any exception becomes a problem."""

    def settle(self, findings: list[Finding]) -> list[Finding]:
        """Last word on the findings, in the coordinating process: who added the line, is it still in HEAD.
        Costly attribution belongs here, because findings are few."""


class BaseTarget:
    """What most targets share: nothing to settle."""

    name = ""

    def settle(self, findings: list[Finding]) -> list[Finding]:
        """The findings as they are."""
        return findings
