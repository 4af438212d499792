"""``Node``: the store as one process serves it: uninitialised, sealed, or open.

============= =========== ============================================================
from          to          by
============= =========== ============================================================
uninitialised sealed      ``initialise``
sealed        open        ``open`` with a root key: shares, an automatic seal, another worker
open          sealed      ``seal``, ``follow(None)``; what is being answered is finished first
============= =========== ============================================================

While it is sealed, no key and no plaintext is left in reach: the whole service goes, and a new one is made.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

from ..barrier import Barrier
from ..barrier.sealconfig import read_seal_config
from ..clock import SYSTEM
from ..core.client import this_process
from ..core.place import DATABASE
from ..errors import ConfigError, IntegrityError, Sealed, WellkeptError
from .assemble import assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..barrier.seals import Seal
    from ..clock import Clock
    from ..core.request import Request, Response
    from ..core.service import Service
    from ..core.turn import Turn
    from ..storage.protocol import Storage
    from .board import Board
    from .settings import Settings

PATIENCE = 30.0
"""Seconds that a seal waits for requests under way."""


class Serving:
    """An open store, and how many are being answered from it. A context manager around each answer."""

    def __init__(self, barrier: Barrier, service: Service, close: Callable[[], None]) -> None:
        self.barrier = barrier
        self.service = service
        self.handle: Callable[[Request], Response] = service.core.handle
        self.handle_now: Callable[..., Response | None] | None = getattr(service.core, "handle_now", None)
        self.turn: Callable[[], Turn | None] = getattr(service.core, "turn", lambda: None)
        self.handle_together: Callable[[Sequence[Any]], list[Any]] | None = (
            getattr(service.core, "handle_together", None) if getattr(service.core, "memory", None) else None
        )
        self.ending = False
        """Set by the request that seals the store; whoever carries it does so when it was answered."""
        self._close = close
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> Serving:
        with self._changed:
            self._count += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def end(self) -> None:
        """Wait for those under way, then close."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while self._count and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
        self._close()


class Node:
    """One for a process. ``storage`` lies below the barrier; ``service`` is there while the store is open."""

    def __init__(self, settings: Settings, board: Board, *, clock: Clock = SYSTEM) -> None:
        self.settings = settings
        self.board = board
        self.clock = clock
        self.client = this_process()
        self.storage: Storage = open_storage(settings)
        self.service: Serving | None = None
        self.seal_config: dict[str, Any] | None = None
        """As stored; ``None`` when the store was never initialised."""
        self.opened = 0.0
        self._changing = threading.Lock()
        self.refresh()

    @property
    def initialised(self) -> bool:
        """Whether the store has keys; looked up again while it has none, since another worker may give it some."""
        if self.seal_config is None:
            self.refresh()
        return self.seal_config is not None

    def refresh(self) -> None:
        """Read the seal's configuration again."""
        try:
            self.seal_config = read_seal_config(self.storage)
        except Sealed:
            self.seal_config = None

    def initialise(self, seal: Seal, root_token: str = "") -> str:
        """Give the store its keys, closed with ``seal``; returns a root token (``root_token``, where it was chosen).
        The store stays sealed."""
        barrier = Barrier.initialize(self.storage, seal, clock=self.clock)
        serving = assemble(self.settings, barrier, self.clock, first=True)
        try:
            token: str = serving.service.root_token(root_token)
        finally:
            serving.end()
        self.refresh()
        return token

    def unlock(self, seal: Seal) -> bytes:
        """The root key that ``seal`` opens. Raises ``Sealed``."""
        self.refresh()
        config = self.seal_config
        if config is None:
            raise Sealed("this store has not been initialised")
        if config["kind"] != seal.kind:
            raise Sealed(f"this store is closed by a seal of kind {config['kind']!r}, not {seal.kind!r}")
        return seal.unwrap(config["wrapped"])

    def open(self, root: bytes) -> None:
        """Open the store with its root key, here. Raises ``Sealed`` and ``IntegrityError``."""
        with self._changing:
            self.refresh()
            if self.service is not None:
                self.service.barrier.roots = (root,)
                self.service.barrier.refresh()
                return
            config = self.seal_config
            if config is None:
                raise Sealed("this store has not been initialised")
            barrier = Barrier.unseal(self.storage, _Known(config["kind"], root), clock=self.clock)
            serving = assemble(self.settings, barrier, self.clock, node=self)
            self.opened = self.clock.time()
            self.service = serving
            serving.service.start()

    def seal(self) -> None:
        """Close the store here and in every other worker."""
        self.board.publish(None)
        with self.board.exclusive() as state:
            state.clear()
        self._shut()

    def follow(self, roots: Sequence[bytes] | None) -> None:
        """Another worker has opened or sealed the store, or is changing its root key."""
        if roots is None:
            self._shut()
            return
        serving = self.service
        if serving is not None:
            serving.barrier.roots = tuple(roots)
            if len(roots) == 1:
                self.refresh()
                serving.barrier.refresh()
            return
        self.open(roots[-1])

    def _shut(self) -> None:
        with self._changing:
            serving, self.service = self.service, None
            if serving is not None:
                serving.end()

    def close(self) -> None:
        """Finish, and let go of the storage."""
        self._shut()
        self.storage.close()


class _Known:
    """Stands for a seal whose work is done: the root key is known already."""

    def __init__(self, kind: str, root: bytes) -> None:
        self.kind = kind
        self._root = root

    def wrap(self, root: bytes) -> dict[str, Any]:
        raise IntegrityError("nothing is wrapped here")

    def unwrap(self, blob: dict[str, Any]) -> bytes:
        return self._root


def open_storage(settings: Settings) -> Storage:
    """The storage that the settings name; made when it is not there. Raises ``ConfigError``, ``StorageUnavailable``."""
    from ..core.local import BUSY_TIMEOUT
    from ..storage.sqlite import SQLiteStorage

    directory = settings.storage.path
    failure = ""
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    except OSError as error:
        failure = f"{directory}: {error.strerror}"
    if failure:
        raise ConfigError(f"the storage's path cannot be used: {failure}")
    database = os.path.join(directory, DATABASE)
    if not os.path.lexists(database):
        try:
            return SQLiteStorage.create(database)
        except WellkeptError:
            if not os.path.lexists(database):
                raise  # or else another worker was quicker
    return SQLiteStorage.open(database, busy_timeout=BUSY_TIMEOUT)
