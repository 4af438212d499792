"""Threads for what may wait: writes, cold reads, slow arithmetic. Results come back to the event loop in batches.

``concurrent.futures`` makes a future, two locks and a wake-up of the loop for each call; here many results
that are ready together cost one wake-up. Many threads are meant to wait at the same time: their commits share
one ``fsync``.
"""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from .app import App
    from .exchange import Exchange

    Asked = tuple[App, Exchange, Callable[[Any], None]]

MOST = 128
"""Requests that are answered in one batch."""

Work = tuple["Callable[[], Any]", "Callable[[Any], None]"]


class Pool:
    """At most ``size`` threads, started as they are needed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, size: int = 64) -> None:
        self._loop = loop
        self._size = size
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._done: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._threads: list[threading.Thread] = []
        self._waiting = 0  # submitted and not answered; touched on the loop only
        self._waking = False
        self._gathered: list[Asked] = []  # this turn's
        self._gathering = False
        self._batches: SimpleQueue[list[Asked] | None] = SimpleQueue()
        self._batcher: threading.Thread | None = None

    @property
    def busy(self) -> int:
        """How many are being worked on, or wait for a thread."""
        return self._waiting

    def submit(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Run ``work`` in a thread, then ``done`` with its result on the loop. ``work`` must not raise."""
        self._waiting += 1
        self._work.put((work, done))
        if self._waiting > len(self._threads) and len(self._threads) < self._size:
            thread = threading.Thread(target=self._serve, name=f"wellkept-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def together(self, app: App, exchange: Exchange, done: Callable[[Any], None]) -> None:
        """Have ``app`` answer it with others that are asked in the same turn of the loop, or while a batch is being
        answered; then ``done`` with the answer on the loop."""
        self._waiting += 1
        self._gathered.append((app, exchange, done))
        if not self._gathering:
            self._gathering = True
            self._loop.call_soon(self._flush)
        if self._batcher is None:
            self._batcher = threading.Thread(target=self._answer_batches, name="wellkept-batch", daemon=True)
            self._batcher.start()

    def _flush(self) -> None:
        self._gathering = False
        gathered, self._gathered = self._gathered, []
        self._batches.put(gathered)

    def _answer_batches(self) -> None:
        left: list[Asked] = []
        while True:
            batch = left
            if not batch:
                given = self._batches.get()
                if given is None:
                    return
                batch = given
            while len(batch) < MOST and not self._batches.empty():
                given = self._batches.get()
                if given is None:
                    self._batches.put(None)  # after what is at hand
                    break
                batch = batch + given
            left = batch[MOST:]
            left = self._answer_batch(batch[:MOST]) + left

    def _answer_batch(self, batch: Sequence[Asked]) -> list[Asked]:
        """Those to be asked again."""
        again: list[Asked] = []
        ready: list[tuple[Callable[[Any], None], Any]] = []
        for app in dict.fromkeys(each[0] for each in batch):
            mine = [each for each in batch if each[0] is app]
            for each, answer in zip(mine, _answers(app, [each[1] for each in mine]), strict=True):
                if answer is None:
                    again.append(each)
                elif callable(answer):
                    ready.append((partial(self._pass_on, each[2]), answer))
                else:
                    ready.append((each[2], answer))
        self._done.extend(ready)
        self._wake()
        return again

    def _pass_on(self, done: Callable[[Any], None], work: Callable[[], Any]) -> None:
        self.submit(work, done)

    def _wake(self) -> bool:
        if not self._waking:
            # Two threads may both see False: one wake-up too many does no harm, one too few would.
            self._waking = True
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:
                return False  # the loop was closed meanwhile; nobody is waiting any more
        return True

    def _serve(self) -> None:
        while (item := self._work.get()) is not None:
            work, done = item
            result = work()
            self._done.append((done, result))
            if not self._wake():
                return
            del item, work, done, result

    def _deliver(self) -> None:
        self._waking = False
        while self._done:
            done, result = self._done.popleft()
            self._waiting -= 1
            done(result)

    def close(self) -> None:
        """Let the threads end once the work is done."""
        for _ in self._threads:
            self._work.put(None)
        self._batches.put(None)


def _answers(app: App, exchanges: Sequence[Exchange]) -> Sequence[Any]:
    """Nobody is to wait for ever because of a mistake of ours."""
    try:
        return app.together(exchanges)
    except Exception as error:
        return [app.failed(error, exchange) for exchange in exchanges]
