"""The audit log's file: appends lines that are on the disk before ``append`` returns, or raises.

Several processes and threads share the file. An append holds an exclusive ``flock``, finds the end of the
chain, writes, syncs, and notes the new head in the store. The head is noted without a sync of its own:
after a power cut it may lie behind the file, and the next append then takes over the lines beyond it, each
of which is chained to it. It can never lie ahead, so a file shorter than its head was tampered with.

Lines that are missing do not stop the service: the chain goes on from the head, and ``verify`` shows the
gap for ever. What does stop it is a record that cannot be written.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from _thread import allocate_lock  # `threading` and `weakref` cost two milliseconds at start-up
from _weakrefset import WeakSet
from collections import deque
from typing import TYPE_CHECKING

from ..errors import AuditError, WellkeptError
from .audit_chain import START, Chain, Head

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Marks(Protocol):
        """Where the head is kept: named small values outside of the storage's revisions."""

        def get_mark(self, name: str) -> bytes | None: ...

        def set_mark(self, name: str, value: bytes, *, durable: bool = True) -> None: ...


HEAD_MARK = "audit-head"
LOCK_TIMEOUT = 30.0
"""Seconds to wait for other processes' appends before the request is refused."""

_OPEN = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_CHUNK = 1 << 20
_files: WeakSet[AuditFile] = WeakSet()
_registered = False


class _Waiting:
    """Records of one caller, and how it went with them."""

    __slots__ = ("failure", "head", "records")

    def __init__(self, records: Sequence[str]) -> None:
        self.records = records
        self.head: Head | None = None
        self.failure: BaseException | None = None


class AuditFile:
    """The file at ``path``, with its head in ``marks``."""

    def __init__(self, path: str, chain: Chain, marks: Marks) -> None:
        self.path = path
        self._chain = chain
        self._marks = marks
        self._fd = -1
        self._known = START
        self._mutex = allocate_lock()
        self._queue: deque[_Waiting] = deque()
        _register(self)

    def initialise(self) -> None:
        """Begin an empty log in a new store. Raises ``AuditError`` when the file has content already."""
        size, failure = 0, None
        with self._mutex:
            try:
                fd = self._acquire()
                size = os.fstat(fd).st_size
                _unlock(fd)
            except OSError as error:
                failure = error
        if failure is not None:
            raise self._refused(failure)
        if size:
            raise AuditError(f"{self.path} exists and is not empty; move it away first")
        self._marks.set_mark(HEAD_MARK, self._chain.seal_head(START))

    def head(self) -> Head:
        """The head as the store has it. Raises ``IntegrityError``."""
        return self._chain.open_head(self._marks.get_mark(HEAD_MARK))

    def append(self, records: Sequence[str]) -> Head:
        """Write one line for each of ``records`` (JSON members), all of them durable on return.

        Threads that append at the same time share one sync: whoever gets the lock first writes for all that
        wait. Raises ``AuditError`` when writing is not possible; then none of the records stands in the file,
        or at worst as lines that the chain takes over.
        """
        mine = _Waiting(records)
        self._queue.append(mine)
        with self._mutex:
            if mine.head is None and mine.failure is None:
                self._write_all()
        if mine.head is None:
            failure = mine.failure
            if isinstance(failure, WellkeptError):
                raise type(failure)(
                    str(failure)
                )  # a fresh one for each of the threads that shared the attempt
            raise self._refused(failure)
        return mine.head

    def _write_all(self) -> None:
        """Write what waits in the queue, and tell each how it went."""
        waiting: list[_Waiting] = []
        failure: BaseException | None = None
        head = None
        try:
            fd = self._acquire()
            try:
                while self._queue:
                    waiting.append(self._queue.popleft())
                head = self._append(fd, [record for each in waiting for record in each.records])
            finally:
                _unlock(fd)
        except (OSError, WellkeptError) as error:
            failure = error
        finally:
            if head is None and not waiting:
                waiting = [self._queue.popleft() for _ in range(len(self._queue))]
            for each in waiting:
                each.head, each.failure = head, failure or OSError(errno.EINTR, "interrupted")

    def _append(self, fd: int, records: Sequence[str]) -> Head:
        head, before, gap = self._end(fd)
        lines = [gap]
        for record in records:
            line, head = self._chain.line(head, record)
            lines.append(line)
        failure = _write(fd, b"".join(lines), before)
        if failure is not None:
            raise failure
        self._marks.set_mark(HEAD_MARK, self._chain.seal_head(head), durable=False)
        self._known = head
        return head

    def close(self) -> None:
        """Give back the descriptor; the next append opens it again."""
        with self._mutex:
            self._forget()

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)

    def _acquire(self) -> int:
        """The file's descriptor, locked, and certainly of the file that stands at ``path`` now."""
        deadline = time.monotonic() + LOCK_TIMEOUT
        pause = 0.0002
        failure: OSError | None = None
        while failure is None:
            try:
                if self._fd < 0:
                    self._open()
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_current():
                    return self._fd
                self._forget()
            except BlockingIOError:
                if time.monotonic() > deadline:
                    failure = TimeoutError(errno.ETIMEDOUT, "another process holds the lock")
                time.sleep(pause)
                pause = min(pause * 1.5, 0.005)
            except OSError as error:
                failure = error
        raise failure

    def _open(self) -> None:
        fd = os.open(self.path, _OPEN, 0o600)
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "it is not a regular file")
        if status.st_size == 0:
            sync_directory(self.path)
        self._fd = fd
        self._known = START

    def _is_current(self) -> bool:
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        mine = os.fstat(self._fd)
        return (there.st_ino, there.st_dev) == (mine.st_ino, mine.st_dev)

    def _end(self, fd: int) -> tuple[Head, int, bytes]:
        """Where the next line goes: the head to go on from, the file's real size, and a newline when
        somebody cut the file inside a line (so that ours is not glued to the rest)."""
        size = os.fstat(fd).st_size
        if size and size == self._known.size:
            return self._known, size, b""
        head = self.head()
        if size > head.size:
            head, end = adopt(self._chain, head, os.pread(fd, size - head.size, head.size))
            if end < size:
                os.ftruncate(fd, end)  # a line that a crash cut off; it was never answered
            return head._replace(size=end), end, b""
        cut = 0 < size < head.size and os.pread(fd, 1, size - 1) != b"\n"
        return head._replace(size=size + cut), size, b"\n" if cut else b""

    def _forget(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._known = START

    def _after_fork(self) -> None:
        """In the child: the descriptor shares its lock with the parent's, so it must be another."""
        self._mutex = allocate_lock()
        self._queue = deque()
        self._forget()

    def _refused(self, failure: BaseException | None) -> WellkeptError:
        if isinstance(failure, OSError) and failure.errno == errno.ELOOP:
            reason = "it is a symbolic link, which is never followed"
        else:
            reason = (getattr(failure, "strerror", None) or type(failure).__name__).lower()
        return AuditError(
            f"cannot write the audit record to {self.path}: {reason}; without a record nothing is answered"
        )


def adopt(chain: Chain, head: Head, tail: bytes) -> tuple[Head, int]:
    """Follow the chain from ``head`` through ``tail``, the bytes after it.

    Returns the last head that fits, and the offset in the file after the last whole line.
    """
    end = head.size
    for line in tail.split(b"\n")[:-1]:
        end += len(line) + 1
        place = chain.check(line)
        if place is not None and place.seq == head.seq + 1 and place.prev == head.mac:
            head = Head(place.seq, place.mac, end)
    return head, end


def _write(fd: int, data: bytes, before: int) -> OSError | None:
    """Append ``data`` and sync it; on failure cut the file back to ``before`` bytes and say what failed."""
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view[:_CHUNK]) :]
        os.fdatasync(fd) if hasattr(os, "fdatasync") else os.fsync(fd)
    except OSError as error:
        failure = error
    else:
        return None
    try:
        os.ftruncate(fd, before)
    except OSError:
        pass  # what stands there stays, as an unfinished line that the next append removes
    return failure


def _unlock(fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_UN)
    except OSError:
        pass  # the descriptor is gone, and its lock with it


def sync_directory(path: str) -> None:
    """Make it durable that there is a file at ``path``."""
    fd = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _register(file: AuditFile) -> None:
    global _registered
    if not _registered:
        _registered = True
        os.register_at_fork(after_in_child=_forget_all)
    _files.add(file)


def _forget_all() -> None:
    for file in list(_files):
        file._after_fork()
