"""The index that finds thousands of needles in a line at the cost of a few set look-ups.

A needle of 15 bytes or more, wherever it stands, covers one whole 8-byte block of the text cut at multiples
of 8. So eight windows of each needle (at eight consecutive offsets, over some 15-byte region of it) go into
a table of 64-bit numbers, and a text is tested by looking up its blocks only: an eighth of its length, at C
speed, whatever the number of needles. Needles of 7 to 14 bytes do the same with 4-byte windows and blocks.
Shorter ones are few, and tried one by one; or, where they are not few, by their first 4 bytes at all four
shifts of the text. A look-up only proposes; every hit is compared in full.

The region is chosen per needle: the most random first, and away from windows that other needles occupy, so
that a thousand URLs with a common beginning do not all answer to it.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .forms import Form

WIDE, NARROW = 8, 4
MIN_WIDE, MIN_NARROW = 2 * WIDE - 1, 2 * NARROW - 1

HEAD = 256
"""Bytes of a long needle that are kept; the rest is made again, by its form, when the head was found."""

MANY_SHORT = 48
_AS_LIST = 1 << 16  # bytes of text up to which a list is made of the blocks: faster to go through, but large
_CANDIDATES = 8
_ORDER: Literal["little", "big"] = sys.byteorder
_CLASSES = bytes(
    97 if chr(code).islower() else 65 if chr(code).isupper() else 48 if chr(code).isdigit() else 46
    for code in range(256)
)
"""Lower-case, upper-case, digits and the rest: random text changes between them more often than words do."""

V = TypeVar("V")
Blocks = memoryview | list[int]
Table = dict[int, "list[Needle]"]
Hit = tuple[int, int, "Needle"]


class Needle:
    """Bytes to find and the ``label`` to name them by. ``joins``: one of the pieces of a longer value."""

    __slots__ = ("_form", "_value", "head", "joins", "label", "length", "offset")

    def __init__(self, body: bytes, form: Form | None, value: bytes, label: str, joins: bool) -> None:
        long = form is not None and len(body) > HEAD
        self.head = body[:HEAD] if long else body
        self.length = len(body)
        self.label = label
        self.joins = joins
        self.offset = 0  # of the windows in the head
        self._form = form
        self._value = value if long else b""

    def body(self) -> bytes:
        """All of it."""
        if self.length == len(self.head):
            return self.head
        assert self._form is not None
        return _made(self._form, self._value)

    def stands_at(self, data: bytes, at: int) -> bool:
        """Whether ``data`` has it at ``at``, which must not be negative."""
        if not data.startswith(self.head, at):
            return False
        return self.length == len(self.head) or data.startswith(self.body(), at)

    def begins_with(self, start: bytes) -> bool:
        """Whether ``start`` is the beginning of it, and not all of it."""
        if len(start) >= self.length:
            return False
        return self.head.startswith(start) if len(start) <= len(self.head) else self.body().startswith(start)


@lru_cache(maxsize=32)
def _made(form: Form, value: bytes) -> bytes:
    """Kept for a while: a text that repeats a value's head asks again for each repetition."""
    return form(value)


class Index:
    """Needles by their windows. Additions may run while others search; nothing is ever taken out."""

    __slots__ = ("_first", "_narrow", "_needles", "_seen", "_short", "_sorted", "_wide", "longest")

    def __init__(self) -> None:
        self.longest = 0
        self._needles: list[Needle] = []
        self._seen: set[bytes | tuple[int, int]] = set()
        self._wide: Table = {}
        self._narrow: Table = {}
        self._first: Table = {}
        self._short: list[tuple[str, Needle]] = []
        self._sorted: Beginnings | None = None

    def __len__(self) -> int:
        return len(self._needles)

    def add(self, body: bytes, form: Form | None, value: bytes, label: str, joins: bool = False) -> None:
        """Find ``body`` from now on. Of two with the same body the first one's label stays.

        ``form(value)`` makes ``body`` again; without a form all of it is kept.
        """
        key = body if len(body) <= HEAD else (len(body), hash(body))
        if key in self._seen:
            return
        needle = Needle(body, form, value, label, joins)
        if needle.length >= MIN_WIDE:
            _enter(self._wide, needle, WIDE)
        elif needle.length >= MIN_NARROW:
            _enter(self._narrow, needle, NARROW)
        else:
            self._first.setdefault(int.from_bytes(body[:NARROW], _ORDER), []).append(needle)
            self._short.append((body.decode("latin-1"), needle))
        self._seen.add(key)
        self._needles.append(needle)
        self.longest = max(self.longest, needle.length)
        self._sorted = None

    def find(self, data: bytes, mirror: str) -> list[Hit]:
        """Every occurrence of every needle in ``data``: ``(start, end, needle)``, in no order.

        ``mirror`` is ``data`` as Latin-1 text: a search in text is twice as fast as one in bytes.
        """
        hits: list[Hit] = []
        size = len(data)
        view = memoryview(data)
        blocks: Blocks
        if self._wide:
            blocks = view[: size & -WIDE].cast("Q")
            if size <= _AS_LIST:
                blocks = blocks.tolist()
            if not self._wide.keys().isdisjoint(blocks):
                _confirm(self._wide, blocks, data, WIDE, hits)
        if self._narrow:
            blocks = view[: size & -NARROW].cast("I")
            if size <= _AS_LIST:
                blocks = blocks.tolist()
            if not self._narrow.keys().isdisjoint(blocks):
                _confirm(self._narrow, blocks, data, NARROW, hits)
        if len(self._short) <= MANY_SHORT:
            for text, needle in self._short:
                if text in mirror:
                    _find_all(text, needle, mirror, hits)
        else:
            for at, needles in shifted(self._first, view):
                hits += ((at, at + n.length, n) for n in needles if data.startswith(n.head, at))
        return hits

    def beginnings(self) -> Beginnings:
        """The needles by their beginnings, for streams; built at first use after a change."""
        current = self._sorted
        if current is None:
            current = self._sorted = Beginnings(self._needles, self.longest)
        return current


class Beginnings:
    """Answers where in a text something starts that may go on to be a needle."""

    __slots__ = ("_first", "_heads", "_longest", "_needles")

    def __init__(self, needles: list[Needle], longest: int) -> None:
        self._needles = sorted(needles, key=lambda needle: needle.head)
        self._heads = [needle.head for needle in self._needles]
        self._first = dict.fromkeys((int.from_bytes(head[:NARROW], _ORDER) for head in self._heads), True)
        self._longest = longest

    def open_from(self, data: bytes) -> int:
        """The first position from which all of the rest of ``data`` begins some needle; its length if none."""
        size = len(data)
        floor = max(0, size - self._longest + 1)
        view = memoryview(data)[floor:]
        for at in sorted(at for at, _ in shifted(self._first, view)):
            if self._begins(data[floor + at :]):
                return floor + at
        for at in range(max(floor, size - NARROW + 1), size):
            if self._begins(data[at:]):
                return at
        return size

    def _begins(self, rest: bytes) -> bool:
        start = rest[:HEAD]
        for place in range(bisect_left(self._heads, start), len(self._heads)):
            if not self._heads[place].startswith(start):
                return False
            if self._needles[place].begins_with(rest):
                return True
        return False


def shifted(table: dict[int, V], view: memoryview) -> Iterator[tuple[int, V]]:
    """Where the 4 bytes at any position of ``view`` are a key of ``table``, and what stands there."""
    for shift in range(NARROW):
        blocks = view[shift : shift + max(0, len(view) - shift) // NARROW * NARROW].cast("I")
        if not table.keys().isdisjoint(blocks):
            for number, block in enumerate(blocks):
                found = table.get(block)
                if found is not None:
                    yield shift + number * NARROW, found


def _confirm(table: Table, blocks: Blocks, data: bytes, width: int, hits: list[Hit]) -> None:
    """Compare in full what the table proposes. An occurrence covers exactly one block that is its window."""
    for number, block in [(number, block) for number, block in enumerate(blocks) if block in table]:
        at = number * width
        window = data[at : at + width]
        for needle in table[block]:
            head, offset = needle.head, needle.offset
            place = head.find(window, offset, offset + 2 * width - 1)
            while place >= 0:
                if place <= at and needle.stands_at(data, at - place):
                    hits.append((at - place, at - place + needle.length, needle))
                place = head.find(window, place + 1, offset + 2 * width - 1)


def _find_all(text: str, needle: Needle, mirror: str, hits: list[Hit]) -> None:
    at = mirror.find(text)
    while at >= 0:
        hits.append((at, at + needle.length, needle))
        at = mirror.find(text, at + 1)


def _enter(table: Table, needle: Needle, width: int) -> None:
    """Choose the needle's region, the most random of a few or else the least crowded of all; enter its windows.

    Forms of one value crowd nobody: they are proposed together, and only where a part of the value stands.
    """
    head = needle.head
    span = 2 * width - 1
    room = len(head) - span
    classes = head.translate(_CLASSES)
    changes = [before != after for before, after in pairwise(classes)]
    step = max(1, room // _CANDIDATES)
    for _, offset in sorted([(-sum(changes[at : at + span - 1]), at) for at in range(0, room + 1, step)]):
        windows = [int.from_bytes(head[at : at + width], _ORDER) for at in range(offset, offset + width)]
        if all(needles[0].label == needle.label for window in windows if (needles := table.get(window))):
            break
    else:
        every = [int.from_bytes(head[at : at + width], _ORDER) for at in range(room + width)]
        crowds = [len(table.get(window, ())) for window in every]
        offset = min(range(room + 1), key=lambda at: sum(crowds[at : at + width]))
        windows = every[offset : offset + width]
    needle.offset = offset
    for window in set(windows):
        table.setdefault(window, []).append(needle)
