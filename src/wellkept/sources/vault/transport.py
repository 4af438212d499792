"""Connections to one server: kept open, shared by threads, replaced when they have gone stale.

A connection lies in the pool while nobody uses it. The server may close it meanwhile; that shows either
at once (its socket is readable) or as an end before the first byte of an answer, and then a request that
only reads is sent once more, on a new connection. Nothing else is retried here.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import Malformed, SecretError, Unavailable
from .http1 import Answer, ExchangeError, receive, remaining, send

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

IDLE = 50.0
"""Seconds after which a kept connection is not used again: middle boxes forget it at about 60."""

KEPT = 16
"""Idle connections kept."""

WINDOW = 8
"""Connections that one batch uses at a time."""


class Connection(NamedTuple):
    """An open socket and what tells whether it went stale."""

    sock: socket.socket
    readable: Callable[[float], Any]


class Pool:
    """Exchanges with the server at ``host``:``port``.

    ``context`` makes the TLS context when the first connection is opened, and again when it has a method
    ``changed`` that says so; ``None`` means plain HTTP;
    ``server_name`` is the name that its certificate must bear. Safe to use from several threads.
    """

    def __init__(
        self,
        host: str,
        port: int,
        context: Callable[[], ssl.SSLContext] | None = None,
        *,
        server_name: str | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.make_context = context
        self._context: ssl.SSLContext | None = None
        self._server_name = server_name or host
        self._idle: list[tuple[Connection, float]] = []
        self._pid = os.getpid()
        self._inherited: list[Any] = []

    def exchange(self, request: bytes, deadline: float, *, again: bool) -> Answer:
        """Send ``request``, return its answer, whatever its status, before ``deadline`` (monotonic seconds).

        ``again``: the request may be sent a second time when a kept connection turns out to be closed; one
        that may not goes out on a new connection. Raises ``Unavailable`` and ``Malformed``.
        """
        if again:
            kept = self._take()
            if kept is not None:
                answer = self._attempt(kept, request, deadline)
                if isinstance(answer, Answer):
                    return answer
                if not _stale(answer):
                    raise self._sorted(answer)
                self.close()  # the server has probably closed the others as well
        fresh = self._attempt(None, request, deadline)
        if isinstance(fresh, Answer):
            return fresh
        raise self._sorted(fresh)

    def exchange_many(self, requests: Sequence[bytes], deadline: float) -> list[Answer | SecretError]:
        """Each request's answer, or its error, in order; up to ``WINDOW`` are on their way at a time.

        For requests that may be sent again. No threads: the server works on all of them while the first
        answer is awaited.
        """
        results: list[Answer | SecretError] = []
        flights: list[Connection | Exception] = []
        for position in range(min(WINDOW, len(requests))):
            flights.append(self._dispatch(requests[position], deadline))
        for position, request in enumerate(requests):
            flight = flights[position]
            outcome = self._collect(flight, deadline) if isinstance(flight, Connection) else flight
            if isinstance(outcome, Exception) and _stale(outcome):
                outcome = self._attempt(None, request, deadline)
            results.append(outcome if isinstance(outcome, Answer) else self._sorted(outcome))
            following = position + WINDOW
            if following < len(requests):
                flights.append(self._dispatch(requests[following], deadline))
        return results

    def close(self) -> None:
        """Close the idle connections; the next exchange opens a new one."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.sock.close()

    def after_fork(self) -> None:
        """In the child: leave the parent's connections alone, for good."""
        self._inherited.append(self._idle)  # held, so that not even the collector closes them
        self._idle = []
        self._pid = os.getpid()

    def _attempt(self, kept: Connection | None, request: bytes, deadline: float) -> Answer | Exception:
        """One try; its failure is returned, not raised, so that no exception is chained to another."""
        connection = kept
        try:
            if connection is None:
                connection = self._connect(deadline)
            send(connection.sock, request, deadline)
        except (OSError, ExchangeError) as error:
            if connection is not None:
                connection.sock.close()
            return error
        return self._collect(connection, deadline)

    def _dispatch(self, request: bytes, deadline: float) -> Connection | Exception:
        """Send on a kept or a new connection without waiting for the answer."""
        connection = None
        try:
            connection = self._take() or self._connect(deadline)
            send(connection.sock, request, deadline)
        except (OSError, ExchangeError) as error:
            if connection is not None:
                connection.sock.close()
            return error
        return connection

    def _collect(self, connection: Connection, deadline: float) -> Answer | Exception:
        try:
            answer = receive(connection.sock, deadline)
        except (OSError, ExchangeError) as error:
            connection.sock.close()
            return error
        if answer.keep and len(self._idle) < KEPT and self._pid == os.getpid():
            self._idle.append((connection, time.monotonic()))
        else:
            connection.sock.close()
        return answer

    def _take(self) -> Connection | None:
        """An idle connection that still looks open, the most recently used first."""
        if self._pid != os.getpid():
            self.after_fork()
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                break  # another thread was faster
            if time.monotonic() - since < IDLE and not connection.readable(0):
                return connection
            connection.sock.close()
        return None

    def _connect(self, deadline: float) -> Connection:
        import select

        if self.make_context is not None:
            changed = getattr(self.make_context, "changed", None)
            if self._context is None or (changed is not None and changed()):
                self._context = self.make_context()
        sock = self._dial(deadline)
        if self._context is not None:
            plain = sock
            try:
                plain.settimeout(remaining(deadline))
                sock = self._context.wrap_socket(plain, server_hostname=self._server_name)
            except BaseException:
                plain.close()
                raise
        poller = select.poll()
        poller.register(sock.fileno(), select.POLLIN)
        return Connection(sock, poller.poll)

    def _dial(self, deadline: float) -> socket.socket:
        """A connected socket to the server, before any TLS. Raises ``OSError``."""
        return dial(self.host, self.port, deadline)

    def _sorted(self, error: Exception) -> SecretError:
        where = f"{self.host}:{self.port}"
        if isinstance(error, ExchangeError):
            kind = Malformed if error.garbage else Unavailable
            return kind(f"{where} {error}")
        if isinstance(error, TimeoutError):
            return Unavailable(f"{where} did not answer in time")
        reason = getattr(error, "verify_message", None)
        if reason:
            return Unavailable(
                f"{where}: its certificate is not trusted ({reason}); name the authority's file with ca="
            )
        return Unavailable(
            f"{where} cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}"
        )


def _stale(error: Exception) -> bool:
    """Whether a kept connection failed in the way of one that the server had closed before."""
    if isinstance(error, ExchangeError):
        return not error.received and not error.late
    return isinstance(error, ConnectionError) or type(error).__name__ in ("SSLEOFError", "SSLZeroReturnError")


def dial(host: str, port: int, deadline: float) -> socket.socket:
    """A connected socket to the first address of ``host`` that accepts. Raises ``OSError``.

    An address that does not answer gets its share of the time only, so that the others have theirs.
    """
    failure: OSError = OSError("no address")
    addresses = resolve(host, port, deadline)
    for position, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(remaining(deadline) / (len(addresses) - position))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def resolve(host: str, port: int, deadline: float) -> list[Any]:
    """The addresses of ``host``, as ``getaddrinfo`` gives them. Raises ``OSError``, ``TimeoutError`` among it.

    The resolver cannot be told how long it may take; so a name is looked up on a thread that can be left alone.
    """
    if ":" in host or host.replace(".", "").isdigit():
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    from threading import Thread

    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            found.append(error)
        except UnicodeError:
            found.append(OSError("this is no host name"))

    thread = Thread(target=look_up, name="wellkept-resolver", daemon=True)
    thread.start()
    thread.join(remaining(deadline))
    if not found:
        raise TimeoutError
    if isinstance(found[0], OSError):
        raise found[0]
    return list(found[0])
