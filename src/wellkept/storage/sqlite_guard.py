"""The small file beside the database: a lock that writers queue for, and a witness of what was acknowledged.

The lock (``flock``) keeps all writing and checkpointing by our processes one after the other. SQLite has
locks of its own and needs none of ours to be correct, except for the race that its versions 3.7.0 to 3.51.2
have between two checkpoints and a writer (https://www.sqlite.org/wal.html#walresetbug).

The witness is the number of committed transactions, written after each commit and before it is acknowledged.
When the log beside the database is cut short or damaged, SQLite takes what is left of it for the whole; the
witness, being ahead, says otherwise. It is not synced: after a power failure it may be older than the database,
never newer, so it gives no false alarm.
"""

from __future__ import annotations

import fcntl
import os
import time
from _thread import allocate_lock
from binascii import crc32

from ..errors import StorageUnavailable

SUFFIX = "-guard"
_SIZE = 20  # instance 8, commits 8, crc 4
_PAUSES = (0.0, 0.0002, 0.0005, 0.001, 0.002)


class Guard:
    """The open file beside the database at ``path``."""

    __slots__ = ("_database", "_fd", "_opening", "_path")

    def __init__(self, path: str) -> None:
        self._database = path
        self._path = path + SUFFIX
        self._fd: int | None = None
        self._opening = allocate_lock()

    def read(self) -> tuple[bytes, int] | None:
        """The copy of the database that it speaks of, and how many commits were acknowledged; ``None`` without either."""
        try:
            raw = os.pread(self._open(), _SIZE + 1, 0)
        except OSError:
            return None  # a store on read-only media has no witness; reading it is still allowed
        if len(raw) != _SIZE or crc32(raw[:16]).to_bytes(4, "big") != raw[16:]:
            return None
        return raw[:8], int.from_bytes(raw[8:16], "big")

    def write(self, instance: bytes, commits: int) -> None:
        """Note that ``commits`` transactions are on disk."""
        try:
            os.pwrite(self._open(), self.encode(instance, commits), 0)
        except OSError:
            self._forget()  # the commit itself is durable; without its witness it is merely not watched over

    @staticmethod
    def encode(instance: bytes, commits: int) -> bytes:
        """What the file holds after so many commits."""
        raw = instance + commits.to_bytes(8, "big")
        return raw + crc32(raw).to_bytes(4, "big")

    def raw(self) -> bytes:
        """What the file holds; empty when it holds nothing whole or cannot be read."""
        try:
            raw = os.pread(self._open() if self._fd is None else self._fd, _SIZE, 0)
        except OSError:
            return b""
        return raw if len(raw) == _SIZE else b""

    def follow(self) -> None:
        """Let go of a file that was removed; the next use opens the one that stands there now."""
        try:
            if self._fd is not None and os.fstat(self._fd).st_nlink == 0:
                self.close()
        except OSError:
            self._fd = None

    def _forget(self) -> None:
        """No witness is better than one that lags behind: others would take what they remember for the newest."""
        try:
            os.ftruncate(self._open(), 0)
        except OSError:
            pass  # nothing can be written here at all

    def lock(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds to be the one writer. Raises ``StorageUnavailable``."""
        failure = None
        try:
            fd = self._open()
        except OSError as error:
            failure = StorageUnavailable(
                f"{self._path}: cannot be opened for writing ({os.strerror(error.errno or 0)}); "
                "check the permissions of its directory"
            )
        if failure is not None:
            raise failure
        deadline = time.monotonic() + timeout
        attempt = 0
        while not _try_lock(fd):
            if time.monotonic() >= deadline:
                raise StorageUnavailable(
                    f"{self._path}: another process has been writing for more than {timeout:g} s; try again"
                )
            time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1

    def unlock(self) -> None:
        if self._fd is not None:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; it opens again when needed."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self) -> int:
        with self._opening:
            if self._fd is None:
                fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
                if os.geteuid() == 0:
                    _give_to_owner(fd, self._database)
                self._fd = fd
            return self._fd


def _give_to_owner(fd: int, database: str) -> None:
    """What root creates beside a user's database must be of use to the user, as SQLite sees to for its own files."""
    try:
        owner = os.stat(database)
        os.fchown(fd, owner.st_uid, owner.st_gid)
    except OSError:
        pass  # then it stays root's; the user will be told that it cannot be opened


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
