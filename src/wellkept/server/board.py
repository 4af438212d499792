"""``Board``: what the workers of one server share: the shares given so far, and whether the store is open.

Unseal, rekey and generate-root are conversations: each share may arrive at another worker. So their state is
not a worker's but the board's, changed by one worker at a time, and never on disk. With one process the board
is this dictionary and a lock; with several the supervisor holds it (``hub``), at the other end of a private
socket.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

State = dict[str, Any]
"""JSON-able, since it may travel."""


class Board(Protocol):
    """What the conversations use."""

    def exclusive(self) -> Any:
        """A context manager that gives the state to the caller alone; what it leaves in it stays."""

    def publish(self, roots: Sequence[bytes] | None) -> None:
        """Tell every other worker the root keys in force, or (``None``) that the store is sealed; returns when all
        have followed."""


class OwnBoard:
    """The board of a server that is one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: State = {}

    @contextmanager
    def exclusive(self) -> Iterator[State]:
        with self._lock:
            yield self._state

    def publish(self, roots: Sequence[bytes] | None) -> None:
        """There is nobody else."""
