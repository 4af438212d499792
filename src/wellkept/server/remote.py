"""A worker's end of the board: the state is the supervisor's, asked for over the private socket."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from . import wire

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence

    from .board import State


class RemoteBoard:
    """See ``board.Board``. ``start`` it with what follows the other workers, and what to do without a supervisor."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sending = threading.Lock()
        self._turn = threading.Lock()
        self._number = 0
        self._waiting: dict[int, SimpleQueue[dict[str, Any] | None]] = {}
        self._orders: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._gone = False

    def start(self, follow: Callable[[Sequence[bytes] | None], None], lost: Callable[[], None]) -> None:
        """Begin to listen; both are called on threads of this board's own."""
        threading.Thread(target=self._read, args=(lost,), name="board", daemon=True).start()
        threading.Thread(target=self._follow, args=(follow,), name="board-follow", daemon=True).start()

    @contextmanager
    def exclusive(self) -> Iterator[State]:
        with self._turn:  # one of this worker's threads at a time stands in line at the supervisor's
            state: State = self._call({"do": "lock"})["state"]
            try:
                yield state
            finally:
                self._call({"do": "unlock", "state": state})

    def publish(self, roots: Sequence[bytes] | None) -> None:
        self._call({"do": "publish", "roots": None if roots is None else [root.hex() for root in roots]})

    def tell(self, **message: Any) -> None:
        """Something that needs no answer: ready, or why not."""
        self._send(message)

    def _call(self, message: dict[str, Any]) -> dict[str, Any]:
        answer: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        with self._sending:
            self._number += 1
            number = self._number
            self._waiting[number] = answer
        self._send({**message, "id": number})
        found = None if self._gone else answer.get()
        if found is None:
            from ..errors import StorageUnavailable

            raise StorageUnavailable("the server is shutting down")
        return found

    def _send(self, message: dict[str, Any]) -> None:
        with self._sending:
            try:
                self._sock.sendall(wire.pack(message))
            except OSError:
                self._gone = True

    def _read(self, lost: Callable[[], None]) -> None:
        while (message := wire.receive(self._sock)) is not None:
            if "order" in message:
                self._orders.put(message)
            elif (waiting := self._waiting.pop(message["re"], None)) is not None:
                waiting.put(message)
        self._gone = True
        for waiting in list(self._waiting.values()):
            waiting.put(None)
        lost()

    def _follow(self, follow: Callable[[Sequence[bytes] | None], None]) -> None:
        while True:
            message = self._orders.get()
            roots = message["roots"]
            try:
                follow(None if roots is None else [bytes.fromhex(root) for root in roots])
            except Exception as error:
                # Half a worker is worse than none: the supervisor makes another, with the right keys.
                self._send({"failed": f"cannot follow the other workers ({type(error).__name__})"})
                os._exit(70)
            self._send({"done": message["order"]})
