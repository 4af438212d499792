"""Scans a version of a file by what sets it apart from another one that was scanned: for histories.

What stands in both versions, farther from every difference than any match and its context reach, was decided there:
its findings are carried over. Around each difference a window is scanned. If anything is found there, or stood near it
before, or a rule that sees far might match, or the content is not plain text, the version is scanned whole. So the
findings are those of scanning every version whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .content import Hit
from .spans import gaps, runs
from .tall import REACH, WIDE, Tall
from .targets.archive import sniff as sniff_archive
from .text.utf16 import sniff
from .windows import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .engine.matcher import Matcher
    from .problem import Problem
    from .spans import Run
    from .targets import Item
    from .text.decode import Decoder

LINE = 4096
"""A version with a longer line beside a difference is scanned whole."""
KEEP = 16 << 20
"""Bytes of scanned versions that are kept to compare with."""
_PAD = b"\n" + b"\0" * WIDE + b"\n"
"""Between two windows: no match over several lines that is not a tall rule's reaches across."""
_NEXT = re.compile(rb"\n[ \t\"'#*]{0,60}[A-Za-z0-9+/_-]{2,127}[\"'=]{0,2}\r?$", re.MULTILINE)
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_"


def prepare(matcher: Matcher) -> Tall | None:
    """The rules that see far; none where versions cannot be compared: secrets of a store are of any length, and the
    slower engine has no database."""
    if matcher.engine.name != "vectorscan" or matcher.known is not None:
        return None
    slow = {index for index, _ in getattr(matcher.engine, "_always", ())}
    tall = Tall(matcher.rules, matcher._widths, slow)
    return tall if tall.usable else None


class _Version(NamedTuple):
    path: str
    data: bytes
    hits: tuple[Hit, ...]


class Versions:
    """What was scanned lately, and how to scan another version of it. ``whole`` scans an item as any other."""

    def __init__(
        self,
        matcher: Matcher,
        tall: Tall,
        decoder: Decoder | None,
        whole: Callable[[Item], Iterable[Hit | Problem]],
    ) -> None:
        self._matcher, self._tall, self._decoder, self._whole = matcher, tall, decoder, whole
        self._kept: dict[str, _Version] = {}
        self._size = 0
        self._latest: dict[str, str] = {}
        self.spared = 0
        """Bytes that were not scanned because another version has them."""

    def scan(self, item: Item) -> Iterable[Hit | Problem]:
        """As ``ContentScanner.scan``."""
        assert item.data is not None
        assert item.version is not None
        name, base = item.version
        data, path = item.data, item.origin.path
        if not _is_plain(data):
            return self._whole(item)
        old = self._kept.get(base)
        if old is None or old.path != path:
            old = self._kept.get(self._latest.get(path, ""))
        hits = self._carried(old, item) if old is not None else None
        if hits is None:
            found = tuple(self._whole(item))
            hits = tuple(hit for hit in found if isinstance(hit, Hit))
            if len(hits) < len(found):
                return found  # with a problem: nothing to build upon
        else:
            self.spared += len(data)
        self._keep(name, _Version(path, data, hits))
        return hits

    def _keep(self, name: str, version: _Version) -> None:
        self._kept[name] = version
        self._latest[version.path] = name
        self._size += len(version.data)
        while self._size > KEEP:
            oldest = next(iter(self._kept))
            gone = self._kept.pop(oldest)
            self._size -= len(gone.data)
            if self._latest.get(gone.path) == oldest:
                del self._latest[gone.path]

    def _carried(self, old: _Version, item: Item) -> tuple[Hit, ...] | None:
        """The findings of a version, or none where it must be scanned whole."""
        data = item.data
        assert data is not None
        shared = runs(old.data, data)
        moved = _moved(old, shared, item) if old.hits else ()
        places = _windows(old.data, data, shared)
        if moved is None or places is None:
            return None
        may_be_tall, base64 = self._tall.look(data)
        if may_be_tall or self._is_tall_by_path(item.origin.path):
            return None
        together = _PAD.join([data[start:end] for start, end in places])
        if together and self._finds(together, item.origin.path, base64):
            return None
        return moved

    def _is_tall_by_path(self, path: str) -> bool:
        return any(rule in self._tall.by_path for rule, _ in self._matcher._for_path(path))

    def _finds(self, window: bytes, path: str, base64: bool) -> bool:
        raws, detected = self._matcher.scan(window, 0, len(window) + 1, {}, path, True)
        if raws:
            return True
        if self._decoder is None:
            return False
        if base64 and 0 not in detected:
            detected = [0, *detected]
        if not detected:
            return False
        if 0 in detected and _is_wrapped(window):
            return True
        level = [piece.content for piece in self._decoder.pieces(window, detected, 0, len(window) + 1)]
        for content in level:
            raws, more = self._matcher.scan(content, 0, len(content) + 1, {}, path, True)
            if raws or more:  # what is nested deeper is rare enough
                return True
        return False


def _is_wrapped(window: bytes) -> bool:
    """Whether it may hold base64 on several lines, which is decoded as one piece, however long."""
    for match in _NEXT.finditer(window):
        before = window[max(0, match.start() - 21) : match.start()].rstrip(b"\r")[-20:]
        if len(before) == 20 and not before.strip(_BASE64):
            return True
    return False


def _is_plain(data: bytes) -> bool:
    """Whether it is text that is scanned in one window as it is."""
    return len(data) <= WHOLE and b"\0" not in data and not sniff_archive(data) and not sniff(data)


def _moved(old: _Version, shared: list[Run], item: Item) -> tuple[Hit, ...] | None:
    """The findings of the old version where they stand now; none if one is encoded or near a difference."""
    data = item.data
    assert data is not None
    out = []
    for hit in old.hits:
        where = hit.location
        if where.decoded or where.inside:
            return None
        start, end = where.offset, where.offset + len(hit.secret)
        for run in shared:
            first = run.old if run.old or run.new else -REACH
            last = run.old + run.size
            if last == len(old.data) and run.new + run.size == len(data):
                last += REACH
            if first + REACH <= start and end + REACH <= last:
                break
        else:
            return None
        begin = start + run.new - run.old
        stop = begin + len(hit.secret)
        line = data.count(b"\n", 0, begin) + 1
        place = item.origin._replace(
            line=line,
            column=begin - data.rfind(b"\n", 0, begin),
            end_line=line + data.count(b"\n", begin, stop),
            end_column=stop - data.rfind(b"\n", 0, stop),
            offset=begin,
        )
        out.append(hit._replace(location=place))
    return tuple(out)


def _windows(old: bytes, data: bytes, shared: list[Run]) -> list[tuple[int, int]] | None:
    """What must be scanned: whole lines around every difference. None where that is most of it."""
    found: list[tuple[int, int]] = []
    size, total = len(data), 0
    for start, end in gaps(shared, len(old), size):
        low, high = max(0, start - REACH), min(size, end + REACH)
        first = data.rfind(b"\n", max(0, low - LINE), low) + 1
        last = data.find(b"\n", high, high + LINE) + 1
        if (not first and low > LINE) or (not last and size - high > LINE):
            return None
        if found and found[-1][1] >= first:
            first = found.pop()[0]
        found.append((first, last or size))
    total = sum(last - first for first, last in found)
    return None if total > 3 * size // 4 else found
