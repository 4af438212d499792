"""Objects by name: which there are, an order in which they are cheap to read, and what is in them.

``git cat-file`` answers all three. A packed object is a difference to another one, its base, and so on down a
chain of up to fifty. Read base first and depth first, each base has just been unpacked when it is needed, and
a cache of a few megabytes is enough: seven times as fast as the order of the pack with git's own cache.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from typing import IO, TYPE_CHECKING, NamedTuple

from .process import GitFailed, close, lines, start

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .repository import Repository

PIPE_BYTES = 1 << 20
ASK_AHEAD = 500
"""Names written to ``cat-file`` at a time: fewer bytes than a pipe holds, so that neither side waits for ever."""


class Entry(NamedTuple):
    """An object: ``kind`` is ``blob``, ``commit``, ``tag`` or ``tree``; ``size`` is in bytes.

    ``base`` is the object that it is stored as a difference to; only zeros where it is stored whole.
    """

    kind: str
    oid: str
    size: int
    base: str


_CHECK = ("cat-file", "--batch-check=%(objecttype) %(objectname) %(objectsize) %(deltabase)", "--buffer")


def every(repository: Repository, kinds: tuple[bytes, ...] = (b"blob",)) -> Iterator[Entry]:
    """Every object of some kinds, reachable or not, in pack order. Raises ``GitFailed``."""
    words = (*_CHECK, "--batch-all-objects", "--unordered")
    for line in lines(repository.directory, *words, in_hook=repository.in_hook):
        if line.startswith(kinds):
            yield _entry(line)


def some(repository: Repository, oids: Iterable[str]) -> Iterator[Entry]:
    """The objects of these names that are there. Raises ``GitFailed``."""
    asked = "".join(f"{oid}\n" for oid in oids).encode("ascii")
    for line in repository.git(*_CHECK, stdin=asked).splitlines():
        if line.count(b" ") == 3:  # else: "NAME missing"
            yield _entry(line)


def _entry(line: bytes) -> Entry:
    kind, oid, size, base = line.decode("ascii").split(" ")
    return Entry(kind, oid, int(size), base)


def families(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same entries, each after its base, and each chain to its end before the next."""
    children: dict[str, list[Entry]] = {}
    roots = []
    present = {entry.oid: entry for entry in entries}
    for entry in present.values():
        if entry.base in present:
            children.setdefault(entry.base, []).append(entry)
        else:
            roots.append(entry)
    for root in roots:
        waiting = [root]
        while waiting:
            entry = waiting.pop()
            yield entry
            waiting.extend(reversed(children.pop(entry.oid, ())))


class Reader:
    """One ``git cat-file --batch``, asked again and again. Not to be shared between threads or processes."""

    def __init__(self, repository: Repository) -> None:
        self._process = start(
            repository.directory, "cat-file", "--batch", in_hook=repository.in_hook, stdin=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asks: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        _widen(self._answers.fileno())

    def read(self, oids: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Each object with its content; ``None`` where it is missing or damaged. Raises ``GitFailed``."""
        for start_at in range(0, len(oids), ASK_AHEAD):
            asked = oids[start_at : start_at + ASK_AHEAD]
            self._ask("".join(f"{oid}\n" for oid in asked).encode("ascii"))
            for oid in asked:
                yield oid, self._answer()

    def _ask(self, text: bytes) -> None:
        try:
            self._asks.write(text)
            self._asks.flush()
        except OSError:
            pass  # it has ended; the answer that does not come says so

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


_readers: dict[tuple[int, Repository], Reader] = {}


def reader(repository: Repository) -> Reader:
    """This process's reader of a repository, kept from one call to the next."""
    key = (os.getpid(), repository)
    if key not in _readers:
        _readers[key] = Reader(repository)
    return _readers[key]


def forget(repository: Repository) -> None:
    """Close this process's reader: after an error, or at the end."""
    found = _readers.pop((os.getpid(), repository), None)
    if found is not None:
        found.close()


class BlobStream:
    """A blob too large to be held: read as it comes out of git."""

    def __init__(self, repository: Repository, oid: str) -> None:
        self._process = start(repository.directory, "cat-file", "blob", oid, in_hook=repository.in_hook)
        assert self._process.stdout is not None
        self._content: IO[bytes] = self._process.stdout

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes. Raises ``OSError`` when git did not come to the end."""
        data = self._content.read(size)
        if not data and self._process.wait():
            raise OSError("git could not unpack this object")
        return data

    def close(self) -> None:
        close(self._process)
