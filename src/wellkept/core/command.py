"""The ``Engine`` protocol: parse at the door, run behind it.

The core asks an engine twice. ``parse`` checks a request's form and turns it into a ``Command``; it sees no
storage, so malformed and oversized input costs nothing and leaves no trace but its audit line. ``run`` is
called after authorisation and after the record was written, with a ``View`` of the mount's own part of
storage: for a mutation inside a transaction (and again, from the start, when that loses a race).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from .request import Operation, Response
    from .view import View
else:
    Protocol = object  # nothing asks at run time, and a protocol class would cost start-up 0.4 ms


class Command:
    """A request in the engine's own terms.

    ``subject`` names the secret (or other thing) for errors. ``run(view, now)`` does it; ``now`` is in
    seconds since the epoch. ``exists(view)`` tells create from update, where that makes a difference;
    ``None`` where it does not. For the audit record: ``clear`` are parameters shown as they are, ``values``
    those that appear only as keyed digests. ``sudo``: wants that capability besides. ``transaction``:
    whether a mutation runs inside the core's; an ``action`` on the store as a whole brings its own.
    ``scrub``: afterwards storage sees to it that nothing of what was deleted is left anywhere.
    """

    __slots__ = ("clear", "exists", "run", "scrub", "subject", "sudo", "transaction", "values")

    def __init__(
        self,
        subject: str,
        run: Callable[[View, float], Response],
        *,
        exists: Callable[[View], bool] | None = None,
        clear: Mapping[str, Any] | None = None,
        values: Mapping[str, bytes] | None = None,
        sudo: bool = False,
        transaction: bool = True,
        scrub: bool = False,
    ) -> None:
        self.subject = subject
        self.run = run
        self.exists = exists
        self.clear = clear
        self.values = values
        self.sudo = sudo
        self.transaction = transaction
        self.scrub = scrub


class Engine(Protocol):
    """What every engine offers."""

    def subject(self, path: str) -> str:
        """What ``path`` (relative to the mount) is about, for errors; never raises."""

    def parse(self, operation: Operation, path: str, data: Mapping[str, Any]) -> Command:
        """The command that a request means. Raises ``InvalidRequest`` or a kind of it."""


class Lazy:
    """An engine that is made when its mount is first used: a program that only reads does not load the rest."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engine: Engine | None = None

    def subject(self, path: str) -> str:
        return self._loaded().subject(path)

    def parse(self, operation: Operation, path: str, data: Mapping[str, Any]) -> Command:
        return self._loaded().parse(operation, path, data)

    def _loaded(self) -> Engine:
        if self._engine is None:
            self._engine = self._make()
        return self._engine
