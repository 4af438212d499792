"""Objects by name: which there are, in the order in which they lie in the packs, and what is in them.

``git cat-file`` answers both. Read in pack order, an object's base has nearly always just been unpacked, and
nothing is unpacked twice: several times as fast as walking the commits and asking for differences.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from typing import IO, TYPE_CHECKING, NamedTuple

from .process import GitFailed, close, lines, start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PIPE_BYTES = 1 << 20
ASK_AHEAD = 500
"""Names written to ``cat-file`` at a time: fewer bytes than a pipe holds, so that neither side waits for ever."""


class Entry(NamedTuple):
    """An object: ``kind`` is ``blob``, ``commit``, ``tag`` or ``tree``; ``size`` is in bytes."""

    kind: str
    oid: str
    size: int


_FORMAT = "--batch-check=%(objecttype) %(objectname) %(objectsize)"


def every(directory: str, *, in_hook: bool = False) -> Iterator[Entry]:
    """Every object of the repository, reachable or not, in pack order. Raises ``GitFailed``."""
    for line in lines(
        directory, "cat-file", "--batch-all-objects", "--unordered", "--buffer", _FORMAT, in_hook=in_hook
    ):
        kind, oid, size = line.decode("ascii").split(" ")
        yield Entry(kind, oid, int(size))


class Reader:
    """One ``git cat-file --batch``, asked again and again. Not to be shared between threads or processes."""

    def __init__(self, directory: str, *, in_hook: bool = False) -> None:
        self._process = start(
            directory,
            "cat-file",
            "--batch",
            in_hook=in_hook,
            stdin=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asks: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        _widen(self._answers.fileno())

    def read(self, oids: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Each object with its content; ``None`` where it is missing or damaged. Raises ``GitFailed``."""
        for start_at in range(0, len(oids), ASK_AHEAD):
            some = oids[start_at : start_at + ASK_AHEAD]
            self._ask("".join(f"{oid}\n" for oid in some).encode("ascii"))
            for oid in some:
                yield oid, self._answer()

    def _ask(self, text: bytes) -> None:
        try:
            self._asks.write(text)
            self._asks.flush()
        except OSError:
            pass  # it has ended; the answer that does not come says so
        return

    def _answer(self) -> bytes | None:
        header = self._answers.readline()
        words = header.split(b" ")
        if len(words) != 3:
            if header.endswith(b" missing\n"):
                return None
            raise GitFailed("git cat-file ended early: a damaged object, or no memory left")
        size = int(words[2])
        data = self._answers.read(size + 1)
        if len(data) != size + 1:
            raise GitFailed("git cat-file ended in the middle of an object: it is damaged")
        return data[:-1]

    def close(self) -> None:
        close(self._process)


def _widen(descriptor: int) -> None:
    """A larger pipe: git unpacks the next objects while these are scanned."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (OSError, AttributeError):
        pass  # not on Linux, or more than the system grants: slower, no less right


_readers: dict[tuple[int, str, bool], Reader] = {}


def reader(directory: str, *, in_hook: bool = False) -> Reader:
    """This process's reader of a repository, kept from one call to the next."""
    key = (os.getpid(), directory, in_hook)
    if key not in _readers:
        _readers[key] = Reader(directory, in_hook=in_hook)
    return _readers[key]


def forget(directory: str, *, in_hook: bool = False) -> None:
    """Close this process's reader: after an error, or at the end."""
    found = _readers.pop((os.getpid(), directory, in_hook), None)
    if found is not None:
        found.close()
