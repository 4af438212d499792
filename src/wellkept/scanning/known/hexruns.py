"""Runs of hexadecimal digits, decoded: so that both cases at every alignment are found without fingerprints of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_RUN = 16
"""Digits: two for each byte of the shortest value."""

_DIGITS = re.compile(rb"[0-9A-Fa-f]+")
_SMALL = 4096
_CHUNK = 1 << 18
_EIGHT = 0x0101010101010101


_GAP = bytes(32)


class Decoded(NamedTuple):
    """All runs of some bytes, decoded one after the other with zeros between. ``starts`` are where each begins in
    ``data``, ``places`` where its first digit stands; a byte at ``n`` of a run stands at ``place + 2 * n``."""

    data: bytes
    starts: list[int]
    places: list[int]

    def place(self, at: int) -> int:
        """Where the digits of the byte ``at`` stand, or would stand after the last of its run."""
        from bisect import bisect_right

        run = bisect_right(self.starts, at) - 1
        return self.places[run] + 2 * (at - self.starts[run])


def decoded(data: bytes) -> Decoded:
    """Every run of at least 16 digits, decoded from its first digit and from its second."""
    parts: list[bytes] = []
    found = Decoded(b"", [], [])
    at = 0
    for start, end in _spans(data):
        for first in (start, start + 1):
            last = first + (end - first) // 2 * 2
            part = bytes.fromhex(data[first:last].decode("ascii"))
            found.starts.append(at)
            found.places.append(first)
            parts += (part, _GAP)
            at += len(part) + len(_GAP)
    return found._replace(data=b"".join(parts))


def _spans(data: bytes) -> Iterator[tuple[int, int]]:
    if len(data) < _SMALL:
        for match in _DIGITS.finditer(data):
            if match.end() - match.start() >= MIN_RUN:
                yield match.span()
        return
    done = 0
    for at in _candidates(data):
        if at < done:
            continue
        start = at
        while start > done and _DIGITS.match(data, start - 1, start):
            start -= 1
        whole = _DIGITS.match(data, start)
        if whole is not None:
            done = whole.end()
            if done - start >= MIN_RUN:
                yield start, done


def _candidates(data: bytes) -> list[int]:
    """Where 8 bytes at a multiple of 8 are all digits, as there must be in every run of 15."""
    import numpy as np

    places: list[int] = []
    for at in range(0, len(data), _CHUNK):
        words = np.frombuffer(data, "<u8", count=min(_CHUNK, len(data) - at) // 8, offset=at)
        one = np.ascontiguousarray(
            words.view(np.uint8)[3::8]
        )  # one byte of each word first: it drops most of them
        found: Any = np.flatnonzero(_are_digits(one))
        if found.size:
            whole = _are_digits(words[found].view(np.uint8)).view("<u8") == np.uint64(_EIGHT)
            places += (found[whole] * 8 + at).tolist()
    return places


def _are_digits(codes: Any) -> Any:
    """Which of these bytes are hexadecimal digits; by arithmetic, which is faster than a table."""
    import numpy as np

    letters = np.bitwise_or(codes, np.uint8(32))
    np.subtract(letters, np.uint8(97), out=letters)
    found = np.less(letters, np.uint8(6))
    np.subtract(codes, np.uint8(48), out=letters)
    np.logical_or(found, np.less(letters, np.uint8(10)), out=found)
    return found
