"""Is the audit log whole? Finds the first line that was changed, dropped or moved, and a missing end.

Reads only; takes no lock. The head is read before the file, so whatever others append meanwhile lies
beyond it and has to fit the chain like everything else. An unfinished last line beyond the head is what a
crash leaves; it was never answered, and the next append removes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import AuditError, IntegrityError
from .audit_chain import GENESIS, Chain, Head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


class Report(NamedTuple):
    """A log that was found whole: its number of ``lines``, the ``head``'s sequence number, and whether an
    ``unfinished`` last line awaits removal."""

    lines: int
    head: int
    unfinished: bool


class AuditBroken(IntegrityError):
    """The log is not as it was written. ``kind`` is changed, dropped, reordered, truncated or missing;
    ``line`` is the number of the first bad line (from 1), ``seq`` its sequence number or the one expected."""

    def __init__(self, message: str, *, kind: str, line: int, seq: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.line = line
        self.seq = seq


def verify(path: str, chain: Chain, head: Head) -> Report:
    """Check the whole file. Raises ``AuditBroken`` for the first thing wrong, ``AuditError`` when unreadable."""
    file, reason = _open(path)
    if file is None:
        if reason:
            raise AuditError(f"cannot read the audit log {path}: {reason}")
        if head.seq:
            raise AuditBroken(
                f"the audit log {path} is missing; {head.seq} lines were written to it",
                kind="missing",
                line=1,
                seq=1,
            )
        return Report(0, 0, False)
    with file:
        return _Walk(path, chain, head).run(file)


class _Walk:
    def __init__(self, path: str, chain: Chain, head: Head) -> None:
        self.path = path
        self.chain = chain
        self.head = head
        self.number = 0  # of the line, from 1
        self.seq = 0
        self.mac = GENESIS

    def run(self, file: BinaryIO) -> Report:
        unfinished = False
        for line in file:
            if not line.endswith(b"\n") and self.seq >= self.head.seq:
                unfinished = True
                break
            self.number += 1
            self._step(line, file)
        if self.seq < self.head.seq:
            self._truncated()
        return Report(self.number, self.head.seq, unfinished)

    def _step(self, line: bytes, file: BinaryIO) -> None:
        expected = self.seq + 1
        place = self.chain.check(line[:-1]) if line.endswith(b"\n") else None
        if place is None:
            raise self._broken("changed", expected, "was changed: its mac does not fit its text")
        if place.seq > expected:
            self._gap(place.seq, expected, file)
        if place.seq < expected:
            raise self._broken(
                "reordered", place.seq, f"stands where seq {expected} should: repeated or reordered"
            )
        if place.prev != self.mac:
            raise self._broken("changed", place.seq, "does not continue the line before it")
        if place.seq == self.head.seq and place.mac != self.head.mac:
            raise self._broken("changed", place.seq, "is not the line that the store's head names")
        self.seq = place.seq
        self.mac = place.mac

    def _gap(self, seq: int, expected: int, file: BinaryIO) -> None:
        for number, line in _rest(file, self.number):
            place = self.chain.check(line)
            if place is not None and place.seq == expected:
                raise self._broken(
                    "reordered", seq, f"stands where seq {expected} should, which was moved to line {number}"
                )
        last = seq - 1
        lost = f"seq {expected} was" if last == expected else f"seq {expected} to {last} were"
        raise self._broken("dropped", seq, f"stands where seq {expected} should: {lost} dropped before it")

    def _truncated(self) -> None:
        lost = self.head.seq - self.seq
        raise AuditBroken(
            f"{self.path} was truncated: line {self.number + 1} (seq {self.seq + 1}) is missing"
            + (
                f", and all after it up to seq {self.head.seq}: {lost} lines"
                if lost > 1
                else ", the last one"
            ),
            kind="truncated",
            line=self.number + 1,
            seq=self.seq + 1,
        )

    def _broken(self, kind: str, seq: int, what: str) -> AuditBroken:
        message = f"{self.path}, line {self.number} (seq {seq}) {what}"
        return AuditBroken(message, kind=kind, line=self.number, seq=seq)


def _rest(file: BinaryIO, number: int) -> Iterator[tuple[int, bytes]]:
    for line in file:
        number += 1
        yield number, line[:-1]


def _open(path: str) -> tuple[BinaryIO | None, str]:
    """The file, or ``None`` with a reason; no reason when there simply is none."""
    import os

    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        return os.fdopen(fd, "rb"), ""
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, (error.strerror or type(error).__name__).lower()
