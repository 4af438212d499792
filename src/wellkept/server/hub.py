"""The supervisor's end of the board: who may change the state now, and who has not yet followed.

It knows of no process and no signal; ``supervisor`` feeds it what arrives and asks it what is overdue.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from . import wire

if TYPE_CHECKING:
    import socket

    from .board import State

PATIENCE = 45.0
"""Seconds that a worker has to follow; longer than a seal waits for requests under way."""


class Link:
    """One worker's socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = bytearray()
        self.ready = False
        self.failure = ""
        self.exit_code = 70

    def send(self, message: dict[str, Any]) -> None:
        try:
            self.sock.sendall(wire.pack(message))
        except OSError:
            pass  # it is dying; its end is noticed and handled as such


class _Order:
    """What all other workers were told; who gave it waits until they have followed."""

    def __init__(self, giver: Link, reply: int, waiting: set[Link]) -> None:
        self.giver = giver
        self.reply = reply
        self.waiting = waiting
        self.deadline = time.monotonic() + PATIENCE


class Hub:
    """``roots``: the root keys in force, for new workers; ``None`` while the store is sealed."""

    def __init__(self) -> None:
        self.links: set[Link] = set()
        self.roots: list[bytes] | None = None
        self._state: State = {}
        self._owner: Link | None = None
        self._line: deque[tuple[Link, int]] = deque()
        self._orders: dict[int, _Order] = {}
        self._number = 0

    def add(self, link: Link) -> None:
        self.links.add(link)

    def remove(self, link: Link) -> None:
        """The worker is gone: nobody waits for it any more, and what it held is free."""
        self.links.discard(link)
        self._line = deque(entry for entry in self._line if entry[0] is not link)
        for number, order in list(self._orders.items()):
            order.waiting.discard(link)
            self._settle(number, order)
        if self._owner is link:
            self._owner = None
            self._grant()

    def receive(self, link: Link, data: bytes) -> None:
        """What arrived from ``link``."""
        link.buffer += data
        for message in wire.take(link.buffer):
            self._handle(link, message)

    def overdue(self) -> list[Link]:
        """Workers that have not followed in time."""
        now = time.monotonic()
        return [link for order in self._orders.values() if order.deadline < now for link in order.waiting]

    def _handle(self, link: Link, message: dict[str, Any]) -> None:
        what = message.get("do")
        if what == "lock":
            self._line.append((link, message["id"]))
            self._grant()
        elif what == "unlock":
            self._state = message["state"]
            self._owner = None
            link.send({"re": message["id"]})
            self._grant()
        elif what == "publish":
            self._publish(link, message)
        elif "done" in message:
            order = self._orders.get(message["done"])
            if order is not None:
                order.waiting.discard(link)
                self._settle(message["done"], order)
        elif "ready" in message:
            link.ready = True
        elif "failed" in message:
            link.failure, link.exit_code = message["failed"], message.get("code", 70)

    def _grant(self) -> None:
        if self._owner is None and self._line:
            self._owner, number = self._line.popleft()
            self._owner.send({"re": number, "state": self._state})

    def _publish(self, link: Link, message: dict[str, Any]) -> None:
        roots = message["roots"]
        self.roots = None if roots is None else [bytes.fromhex(root) for root in roots]
        self._number += 1
        order = _Order(link, message["id"], {other for other in self.links if other is not link})
        self._orders[self._number] = order
        for other in order.waiting:
            other.send({"order": self._number, "roots": roots})
        self._settle(self._number, order)

    def _settle(self, number: int, order: _Order) -> None:
        if not order.waiting and self._orders.pop(number, None) is not None:
            order.giver.send({"re": order.reply})
