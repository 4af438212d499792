"""Background reads shared by a family of forked processes: one of them asks the source, the others take its answer.

Sixteen prefork workers with the same secrets would otherwise ask sixteen times a period. What was read lies in
anonymous shared memory, mapped before the fork: it has no name and no file, and nobody outside the family can
reach it. A file lock (of a file that is unlinked at birth) is held from the look at the table to the answer of the
source, so that whoever comes meanwhile waits for that answer; a process that dies gives the lock back.

Only background refreshes are shared. A first read, ``refresh()`` and a read after ``invalidate()`` always ask the
source. An adopted value keeps the age that it has, so no value gets older than it would in one process.
"""

from __future__ import annotations

import fcntl
import marshal
import mmap
import tempfile
import time
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..secret import Secret, TextSecret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..errors import WellkeptError

    Outcomes = Mapping[str, Secret | WellkeptError]

SIZE = 8 * 1024 * 1024
"""Bytes of shared memory; the system provides a page only when it is written to. What does not fit is not shared."""

_HEADER = 8
_PAUSE = 0.005


class SharedReads:
    """Make it before the processes part. Moments are of ``time.monotonic``, one clock for all processes of a machine."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SIZE)
        # Lives as long as the family does; nothing is ever written to it.
        self._lock_file = tempfile.TemporaryFile()  # noqa: SIM115
        self._mutex = Lock()

    def read(
        self,
        wanted: Mapping[str, float],
        timeout: float,
        fetch: Callable[[list[str]], Outcomes],
    ) -> tuple[dict[str, Secret | WellkeptError], dict[str, float]]:
        """The outcome for each name of ``wanted``, and for those that were adopted, when they had been read.

        ``wanted`` gives for each name the moment after which a read by another process is news. The rest is
        fetched. Waits at most half of ``timeout`` (seconds) for another process before it goes alone.
        """
        limit = time.monotonic() + timeout / 2
        if not self._acquire(limit):
            return dict(fetch(list(wanted))), {}
        try:
            table = self._load()
            adopted = {
                name: table[name] for name, after in wanted.items() if table.get(name, (0.0,))[0] > after
            }
            outcomes: dict[str, Secret | WellkeptError] = {
                name: _secret(name, entry) for name, entry in adopted.items()
            }
            missing = [name for name in wanted if name not in adopted]
            if missing:
                began = time.monotonic()
                fetched = fetch(missing)
                outcomes.update(fetched)
                for name, outcome in fetched.items():
                    if isinstance(outcome, Secret):
                        table[name] = _entry(began, outcome)
                    else:
                        table.pop(name, None)
                self._store(table)
        finally:
            self._release()
        return outcomes, {name: entry[0] for name, entry in adopted.items()}

    def after_fork(self) -> None:
        """In the child: nobody of this process holds the lock."""
        self._mutex = Lock()

    def _acquire(self, limit: float) -> bool:
        if not self._mutex.acquire(timeout=max(0.0, limit - time.monotonic())):
            return False
        while True:
            try:
                fcntl.lockf(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() + _PAUSE > limit:
                    self._mutex.release()
                    return False
                time.sleep(_PAUSE)
            else:
                return True

    def _release(self) -> None:
        fcntl.lockf(self._lock_file, fcntl.LOCK_UN)
        self._mutex.release()

    def _load(self) -> dict[str, Any]:
        size = int.from_bytes(self._memory[:_HEADER], "big")
        if not 0 < size <= SIZE - _HEADER:
            return {}
        table: dict[str, Any] = marshal.loads(self._memory[_HEADER : _HEADER + size])  # noqa: S302 - our own family wrote it
        return table

    def _store(self, table: dict[str, Any]) -> None:
        packed = marshal.dumps(table)
        while len(packed) > SIZE - _HEADER:
            del table[max(table, key=lambda name: len(table[name][-1]))]
            packed = marshal.dumps(table)
        # The size is zero while the content is half written: whoever dies in between leaves an empty table.
        self._memory[:_HEADER] = bytes(_HEADER)
        self._memory[_HEADER : _HEADER + len(packed)] = packed
        self._memory[:_HEADER] = len(packed).to_bytes(_HEADER, "big")


def _entry(read_at: float, secret: Secret) -> tuple[Any, ...]:
    value = secret.reveal_bytes() if secret.is_binary else secret.reveal()
    return read_at, secret.version, secret.source, secret.created, isinstance(secret, TextSecret), value


def _secret(name: str, entry: tuple[Any, ...]) -> Secret:
    _, version, source, created, is_text, value = entry
    kind = TextSecret if is_text else Secret
    return kind(value, name=name, version=version, source=source, created=created)
