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

    from .grant import AuthGrant, LeaseGrant
    from .leases.lease import Lease
    from .request import Operation, Request, Response
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

    ``outside()`` is for effects on other systems and for slow work: called after authorisation and the
    request's audit line, before the transaction; then ``run(view, now, result)`` gets what it returned.
    ``slow``: ``outside`` or ``run`` computes for long (a password's hash, an RSA key), so never on an event loop.
    ``writes``: whether it writes, where the operation does not tell: true for a read that makes a credential (so it
    gets a transaction too), false for an update that only computes (transit's encrypt: no transaction, and recorded
    like a read), ``None`` where the operation tells.
    ``after(response)``: called when the transaction stands, outside of it; gives the answer to be sent.
    """

    __slots__ = (
        "after",
        "clear",
        "exists",
        "outside",
        "run",
        "scrub",
        "slow",
        "subject",
        "sudo",
        "transaction",
        "values",
        "writes",
    )

    def __init__(
        self,
        subject: str,
        run: Callable[..., Response],
        *,
        exists: Callable[[View], bool] | None = None,
        clear: Mapping[str, Any] | None = None,
        values: Mapping[str, bytes] | None = None,
        sudo: bool = False,
        transaction: bool = True,
        scrub: bool = False,
        outside: Callable[[], Any] | None = None,
        slow: bool = False,
        writes: bool | None = None,
        after: Callable[[Response], Response] | None = None,
    ) -> None:
        self.subject = subject
        self.run = run
        self.exists = exists
        self.clear = clear
        self.values = values
        self.sudo = sudo
        self.transaction = transaction
        self.scrub = scrub
        self.outside = outside
        self.slow = slow
        self.writes = writes
        self.after = after


class Engine(Protocol):
    """What every engine offers. A server's engines offer more: see ``ServedEngine``."""

    def subject(self, path: str) -> str:
        """What ``path`` (relative to the mount) is about, for errors; never raises."""

    def parse(self, operation: Operation, path: str, data: Mapping[str, Any]) -> Command:
        """The command that a request means. Raises ``InvalidRequest`` or a kind of it."""


class ServedEngine(Engine, Protocol):
    """What a server's engine may offer besides; ``Served`` has all of it, doing nothing.

    Patterns of paths are relative to the mount; a ``*`` at the end stands for any rest, ``+`` for a segment.
    """

    kind: str
    """The kind under which it is mounted."""
    version: str
    """The engine's own version, shown in listings."""
    unauthenticated: frozenset[str]
    """Paths that want no token ("login", "login/*"). Exact but for the patterns."""
    sudo: frozenset[str]
    """Paths that want the capability ``sudo`` besides."""

    def parse_request(self, request: Request, path: str) -> Command:
        """As ``parse``, with the whole request: its mount and caller are known. Raises also ``Refusal``."""

    def renew(self, view: View, lease: Lease, increment: float, now: float) -> LeaseGrant | AuthGrant:
        """What a renewed lease is to live for; in a transaction. For a login's lease (``lease.token`` is set)
        an ``AuthGrant``, after checking again that the login would still succeed. Raises ``Refusal``."""

    def revoke(self, view: View, lease: Lease, now: float) -> None:
        """Undo, in this mount's own part of storage, what the lease stood for; in a transaction."""

    def revoke_outside(self, lease: Lease) -> None:
        """Undo it on another system. Called outside of any transaction, again with growing pauses when it
        raises, and after six failures the lease is shown as irrevocable; never forgotten. It may be called
        for what is gone already."""

    def tidy(self, view: View, now: float) -> None:
        """Drop what has expired; called now and then, in a transaction."""

    def work(self, now: float) -> None:
        """What is due on other systems; called every second outside of any transaction, in every process: so it
        claims what it does. See ``registry.WORKING``."""

    def close(self) -> None:
        """Give back what is held: the mount is gone, or the server ends."""


class Served:
    """What ``ServedEngine`` asks for, doing nothing; to inherit from."""

    kind = ""
    version = ""
    unauthenticated: frozenset[str] = frozenset()
    sudo: frozenset[str] = frozenset()
    outside_effects = False
    """Whether revoking a lease means more than ``revoke``; then ``revoke_outside`` is called too."""

    def subject(self, path: str) -> str:
        return path

    def parse(self, operation: Operation, path: str, data: Mapping[str, Any]) -> Command:
        raise TypeError("this engine wants the whole request: it is only served")

    def renew(self, view: View, lease: Lease, increment: float, now: float) -> LeaseGrant | AuthGrant:
        from .refusal import Refusal

        raise Refusal(400, "lease is not renewable")

    def revoke(self, view: View, lease: Lease, now: float) -> None:
        """Nothing of its own to undo."""

    def revoke_outside(self, lease: Lease) -> None:
        """Nothing on other systems to undo."""

    def tidy(self, view: View, now: float) -> None:
        """Nothing expires."""

    def close(self) -> None:
        """Nothing is held."""


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
