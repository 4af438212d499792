"""Is a log of served requests whole? Each chain in the file is followed by itself, and compared with the store's note.

A chain that was written to this file, and whose note says so, must be there from its first line in the file
to at least the line noted. The other chains have gone on in a newer file (rotation); of those it is checked
that what is here is one unbroken piece. Pieces that a full disk left behind are no damage when the chain
owns up to them. Reads only, in constant memory but for the chains themselves.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from ...errors import AuditError, IntegrityError
from ..audit_verify import AuditBroken
from .broker import CHAINS, END_MARK, OWN, table
from .chain import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...storage.protocol import Storage
    from .chain import End, Place

_START = b'{"chain":"'


class ServedReport(NamedTuple):
    """A log found whole: its number of ``lines`` and of ``chains``; ``torn`` pieces that their chains own up to."""

    lines: int
    chains: int
    torn: int


class _Known(NamedTuple):
    end: End
    here: bool


class _Seen:
    __slots__ = ("first", "mac", "noted", "seq")

    def __init__(self, place: Place) -> None:
        self.first = place
        self.seq = place.seq - 1
        self.mac = place.prev
        self.noted = False


def verify(path: str, keys: Keys, storage: Storage, *, prefix: bytes = b"") -> ServedReport:
    """Check the whole file at ``path``. Raises ``AuditBroken`` for the first thing wrong, ``AuditError`` when unreadable."""
    inode, chains = _known(path, keys, storage)
    if inode == 0:
        lost = [chain for chain, known in chains.items() if known.end.seq >= known.end.first]
        if lost:
            raise _broken(
                path, "missing", 1, 1, f"the audit log {path} is missing; chain {lost[0]} was written to it"
            )
        return ServedReport(0, 0, 0)
    return _Walk(path, keys, chains, prefix).run()


def verify_all(key: bytes, storage: Storage) -> dict[str, ServedReport]:
    """Check every log that the store knows of; reports by path. ``key`` is the barrier's for the audit.

    Of a device that is enabled no more, the file may be gone. Raises as ``verify``.
    """
    keys = Keys(key)
    enabled = {OWN: ""}
    for name, row in table(storage).items():
        enabled[name] = row["options"].get("prefix", "")
    paths: dict[str, str] = {}
    for chain in storage.list(CHAINS):
        entry = storage.get(CHAINS + chain)
        if entry is not None:
            row = json.loads(entry.value)
            if row["device"] in enabled or os.path.lexists(row["path"]):
                paths[row["path"]] = enabled.get(row["device"], "")
    return {
        path: verify(path, keys, storage, prefix=prefix.encode()) for path, prefix in sorted(paths.items())
    }


def _known(path: str, keys: Keys, storage: Storage) -> tuple[int, dict[str, _Known]]:
    """The file's inode (0: none), and the chains that the store knows to have been written under this path."""
    ends: dict[str, End] = {}
    for chain in storage.list(CHAINS):
        entry = storage.get(CHAINS + chain)
        if entry is not None and json.loads(entry.value)["path"] == path:
            # The notes are read before the file: what is written meanwhile lies behind them.
            ends[chain] = keys.open_end(chain, storage.get_mark(END_MARK + chain))
    try:
        inode = os.stat(path).st_ino
    except FileNotFoundError:
        inode = 0
    except OSError as error:
        raise AuditError(
            f"cannot read the audit log {path}: {os.strerror(error.errno or 0).lower()}"
        ) from None
    return inode, {chain: _Known(end, inode in (0, end.inode)) for chain, end in ends.items()}


class _Walk:
    def __init__(self, path: str, keys: Keys, chains: dict[str, _Known], prefix: bytes) -> None:
        self.path = path
        self.keys = keys
        self.chains = chains
        self.prefix = prefix
        self.number = 0
        self.lines = 0
        self.seen: dict[str, _Seen] = {}
        self.pieces: dict[str, int] = {}  # digests of what is no line, and where it stands
        self.owned = 0

    def run(self) -> ServedReport:
        for line in self._file():
            self.number += 1
            self._line(line)
        if self.pieces:
            raise self._altered()
        for chain, known in self.chains.items():
            self._complete(chain, known)
        return ServedReport(self.lines, len(self.seen), self.owned)

    def _file(self) -> Iterator[bytes]:
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            failure = (error.strerror or type(error).__name__).lower()
        else:
            with os.fdopen(fd, "rb") as file:
                yield from file
            return
        raise AuditError(f"cannot read the audit log {self.path}: {failure}")

    def _line(self, line: bytes) -> None:
        text = line.removesuffix(b"\n").removeprefix(self.prefix)
        if not text:
            return
        place = self.keys.check(text) if line.endswith(b"\n") else None
        if place is None:
            # A piece that a full disk cut off, perhaps with the line of another process behind it.
            at = text.find(_START, 1)
            place = self.keys.check(text[at:]) if at > 0 else None
            piece = text if place is None else text[:at]
            if not line.endswith(b"\n") and not self.prefix and self._unfinished(piece):
                return
            self.pieces[self.keys.torn(self.prefix + piece if self.prefix else piece)] = self.number
        if place is not None:
            self._step(place)

    def _unfinished(self, piece: bytes) -> bool:
        """Whether the file's last piece is just being written, or was when its process died."""
        return len(piece) < 10 or piece.startswith(_START)

    def _step(self, place: Place) -> None:
        self.lines += 1
        for digest in place.torn:
            if self.pieces.pop(digest, None) is not None:
                self.owned += 1
        known = self.chains.get(place.chain)
        if known is None:
            raise self._wrong(
                "changed", place.seq, f"belongs to the chain {place.chain}, which this store does not know"
            )
        seen = self.seen.get(place.chain)
        if seen is None:
            seen = self.seen[place.chain] = _Seen(place)
            if self.pieces and known.here and place.seq != known.end.first:
                raise self._altered()
            if known.here and (place.seq, place.prev) != (known.end.first, known.end.first_prev):
                raise self._wrong(
                    "dropped",
                    place.seq,
                    f"stands where seq {known.end.first} should: the beginning of its chain was dropped",
                )
        if place.seq <= seen.seq:
            raise self._wrong(
                "reordered", place.seq, f"stands where seq {seen.seq + 1} should: repeated or reordered"
            )
        if self.pieces and place.seq != seen.seq + 1:
            raise self._altered()  # rather than that the line behind it does not fit
        if place.seq > seen.seq + 1:
            raise self._wrong(
                "dropped",
                place.seq,
                f"stands where seq {seen.seq + 1} should: {place.seq - seen.seq - 1} lines of its chain were dropped or moved",
            )
        if place.prev != seen.mac:
            raise self._wrong("changed", place.seq, "does not continue the line before it")
        if known.here and place.seq == known.end.seq:
            seen.noted = place.mac == known.end.mac
            if not seen.noted:
                raise self._wrong("changed", place.seq, "is not the line that the store has noted")
        seen.seq, seen.mac = place.seq, place.mac

    def _complete(self, chain: str, known: _Known) -> None:
        seen, end = self.seen.get(chain), known.end
        if not known.here or end.seq < end.first or (seen is not None and seen.noted):
            return
        reached = end.first - 1 if seen is None else seen.seq
        raise _broken(
            self.path,
            "truncated",
            self.number + 1,
            reached + 1,
            f"{self.path} was truncated: of the chain {chain}, seq {reached + 1} to {end.seq} are missing",
        )

    def _altered(self) -> AuditBroken:
        number = min(self.pieces.values())
        what = f"{self.path}, line {number} was changed: its mac does not fit its text"
        return _broken(self.path, "changed", number, 0, what)

    def _wrong(self, kind: str, seq: int, what: str) -> AuditBroken:
        return _broken(
            self.path, kind, self.number, seq, f"{self.path}, line {self.number} (seq {seq}) {what}"
        )


def _broken(path: str, kind: str, line: int, seq: int, message: str) -> AuditBroken:
    return AuditBroken(message, kind=kind, line=line, seq=seq)


__all__ = ["AuditBroken", "IntegrityError", "ServedReport", "verify"]
