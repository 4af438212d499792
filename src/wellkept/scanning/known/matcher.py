"""The matcher: where in some bytes the store's secrets stand, by nothing but their fingerprints.

Filters over all positions propose, tags of 40 bits choose, and the keyed digest of the whole variant decides.
So what is reported is there, but for a chance of 2**-128.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from . import hexruns
from .file import Content, read
from .windows import SHORT_LENGTHS, TAG_SHIFT, Keys, ShortTags, coarse, digest, long_tags, middle_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .file import Record

CHUNK = 1 << 18
"""Bytes worked on at a time: what is in use then fits into a processor's cache."""

_BATCH = 1 << 13
_REACH = 64
_GAP = 16
_GROUP = 1 << 23
_WORTH_A_THREAD = 1 << 21
_FIRST_BITS = 20
_CACHED_BITS = 22


class Hit:
    """What is known of an occurrence: the secret's version, the form it stands in, and which part of it."""

    __slots__ = ("_now", "form", "fragment", "part", "record")

    def __init__(self, record: Record, label: tuple[str, str, bool], now: Callable[[], float]) -> None:
        self.record = record
        self.form, self.part, self.fragment = label
        self._now = now

    @property
    def details(self) -> Mapping[str, object]:
        """``path``, ``version``, ``stage``, ``owner``, ``created``, ``age_days``, ``form``; ``part`` and ``fragment``."""
        record = self.record
        known: dict[str, object] = {
            "path": record.name,
            "version": record.version,
            "stage": ",".join(record.stages) or "former",
            "owner": record.owner,
            "form": self.form,
        }
        if record.created is not None:
            known["created"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
            known["age_days"] = max(0, int((self._now() - record.created) // 86400))
        if self.part:
            known["part"] = self.part
        if self.fragment:
            known["fragment"] = True
        return known

    def __repr__(self) -> str:
        return f"<Hit {self.record.name!r} version {self.record.version} as {self.form}>"


class Found(NamedTuple):
    start: int
    end: int
    hit: Hit


class Matcher:
    """Made from a file's content and its keys. Holds no value. May be shared by threads and inherited by a fork."""

    def __init__(
        self, content: Content, keys: Keys, *, threads: int = 1, now: Callable[[], float] = time.time
    ) -> None:
        """``threads`` share the work on large data; numpy does it without holding the interpreter's lock."""
        import numpy as np

        arrays = content.arrays
        self._keys = keys
        self._now = now
        self._threads = threads
        self._content = content
        self._lengths = arrays["lengths"]
        self._entries: dict[bytes, list[int]] = {}
        digests = arrays["digests"].tobytes()
        for entry in range(self._lengths.size):
            self._entries.setdefault(digests[16 * entry : 16 * entry + 16], []).append(entry)
        self._middle = _Windows(arrays, "middle")
        self._long = _Windows(arrays, "long")
        self._short_tags = arrays["short_tags"]
        self._short_lengths = sorted(
            {int(length) for length in np.unique(self._lengths[arrays["short_entries"]])} & set(SHORT_LENGTHS)
        )
        self._coarse = _Coarse(keys, arrays["short_slots"], content.bits)
        self._short_filter = _Filter(self._short_tags)
        longest = int(self._lengths.max()) if self._lengths.size else 0
        self.overlap = 2 * longest + 2
        """Bytes that a window must share with the one before, so that nothing at the border is missed."""

    @classmethod
    def load(cls, path: str, key: bytes, *, threads: int = 1) -> Matcher:
        """From the file at ``path``. Raises ``ConfigError``, ``IntegrityError``."""
        content, keys = read(path, key)
        return cls(content, keys, threads=threads)

    @property
    def secrets(self) -> int:
        """How many versions it knows."""
        return len(self._content.records)

    def find(self, data: bytes) -> Iterator[tuple[int, int, Hit]]:
        """Start, end and what is known of every occurrence in ``data``, in order, one for each secret and place."""
        parts = min(self._threads, len(data) // _WORTH_A_THREAD)
        if parts <= 1:
            yield from _once(self._places(data))
            return
        from concurrent.futures import ThreadPoolExecutor

        size = -(-len(data) // parts)
        with ThreadPoolExecutor(parts) as pool:
            found = pool.map(lambda at: self._part(data, at, size), range(0, len(data), size))
            yield from _once([place for part in found for place in part])

    def scan(self, read: Callable[[int], bytes], window: int = 1 << 22) -> Iterator[tuple[int, int, Hit]]:
        """As ``find``, of a stream: ``read(n)`` gives up to ``n`` bytes, none at its end. Memory: a few windows.

        An occurrence is reported once, by the window in which it begins.
        """
        data, base, ended = b"", 0, False
        keep = max(self.overlap, 1)
        told: dict[tuple[str, str], int] = {}  # where the last reported occurrence of each version ends
        while not ended:
            parts = [data]
            size = len(data)
            while size < window + keep and not ended:
                part = read(window + keep - size)
                parts.append(part)
                size += len(part)
                ended = not part
            data = b"".join(parts)
            fresh = len(data) if ended else len(data) - keep
            for start, end, hit in self.find(data):
                name = (hit.record.name, hit.record.version)
                if start < fresh and base + end > told.get(name, -1):
                    told[name] = base + end
                    yield base + start, base + end, hit
            data, base = data[fresh:], base + fresh

    def _part(self, data: bytes, at: int, size: int) -> list[Found]:
        places = self._places(data[at : at + size + self.overlap])
        return [Found(at + start, at + end, hit) for start, end, hit in places]

    def _places(self, data: bytes) -> list[Found]:
        found = self._plain(data)
        digits = hexruns.decoded(data)
        for start, end, hit in self._plain(digits.data):
            label = ("hex" if hit.form == "plain" else f"hex of {hit.form}", hit.part, hit.fragment)
            first = digits.place(start)
            found.append(Found(first, first + 2 * (end - start), Hit(hit.record, label, self._now)))
        return found

    def _plain(self, data: bytes) -> list[Found]:
        found: list[Found] = []
        if len(data) < SHORT_LENGTHS.start:
            return found
        scratch = _Scratch(min(CHUNK, -(-len(data) // 8) * 8))
        short = _Batch(self, data, found) if self._short_lengths else None
        for first in range(
            0, len(data), _GROUP
        ):  # one filter after the other, so that each stays in the cache
            places = range(first, min(first + _GROUP, len(data)), CHUNK)
            if self._long.tags.size or self._middle.tags.size:
                for at in places:
                    scratch.take(data, at)
                    self._find_long(data, at, scratch, found)
            if short is not None:
                for at in places:
                    scratch.take(data, at)
                    short.add(at, scratch, self._coarse.positions(scratch))
        if short is not None:
            short.flush()
        return found

    def _find_long(self, data: bytes, base: int, scratch: _Scratch, found: list[Found]) -> None:
        state = middle_tags(self._keys, scratch.words(0), scratch.words(8), out=scratch.state)
        self._confirm_all(data, base, self._middle, self._middle.matching(state, scratch), found)
        if self._long.tags.size:
            state = long_tags(self._keys, state, scratch.words(16))
            self._confirm_all(data, base, self._long, self._long.matching(state, scratch), found)

    def _confirm_all(
        self, data: bytes, base: int, windows: _Windows, places: list[tuple[int, int]], found: list[Found]
    ) -> None:
        for place, first in places:
            for offset, length in windows.shapes(first, self._lengths):
                self.confirm(data, base + 8 * place - offset, length, found)

    def confirm(self, data: bytes, start: int, length: int, found: list[Found]) -> None:
        """Enter what stands at ``start`` when the digest of these bytes is that of a whole variant."""
        end = start + length
        if start < 0 or end > len(data):
            return
        arrays = self._content.arrays
        for entry in self._entries.get(digest(self._keys, data[start:end]), ()):
            record = self._content.records[int(arrays["records"][entry])]
            label = self._content.labels[int(arrays["labels"][entry])]
            found.append(Found(start, end, Hit(record, label, self._now)))


class _Windows:
    """The tags of all windows of one width, whose they are, and the filter for them."""

    def __init__(self, arrays: Mapping[str, Any], name: str) -> None:
        self.tags = arrays[f"{name}_tags"]
        self._entries = arrays[f"{name}_entries"]
        self._offsets = arrays[f"{name}_offsets"]
        self._filter = _Filter(self.tags)

    def matching(self, states: Any, scratch: _Scratch) -> list[tuple[int, int]]:
        return self._filter.matching(states, scratch) if self.tags.size else []

    def shapes(self, first: int, lengths: Any) -> set[tuple[int, int]]:
        """Where their window begins and how long they are: of the variants with the same tag, from ``first`` on."""
        last = first + 1
        while last < self.tags.size and self.tags[last] == self.tags[first]:
            last += 1
        found = lengths[self._entries[first:last]].tolist()
        return set(zip(self._offsets[first:last].tolist(), found, strict=True))


class _Bits:
    """A set of numbers of ``bits`` bits, an eighth of a byte each, so that it stays in a processor's cache."""

    def __init__(self, numbers: Any, bits: int) -> None:
        import numpy as np

        flags = np.zeros(1 << bits, np.uint8)
        flags[numbers.astype(np.int64)] = 1
        self._bytes = np.packbits(flags, bitorder="little")

    def holds(self, numbers: Any, scratch: _Scratch | None = None) -> Any:
        """Where in the array ``numbers`` those are that are in the set. The array is overwritten."""
        import numpy as np

        low = numbers.view(np.uint8)[::8]
        bit = np.bitwise_and(low, np.uint8(7), out=scratch.bits if scratch else None)
        np.right_shift(numbers, np.uint64(3), out=numbers)
        out = scratch.flags[0] if scratch else None
        found = np.take(self._bytes, numbers.view(np.int64), mode="wrap", out=out)
        np.right_shift(found, bit, out=found)
        np.bitwise_and(found, np.uint8(1), out=found)
        return np.flatnonzero(found.view(bool))


class _Coarse:
    """The coarse filter: a small table over all positions, which a cache holds, then all its bits for the rest."""

    def __init__(self, keys: Keys, slots: Any, bits: int) -> None:
        import numpy as np

        self._keys = keys
        self._bits = bits
        self._first_bits = min(bits, _FIRST_BITS)
        self._first = np.zeros(1 << self._first_bits, np.uint8)
        self._first[slots >> np.uint32(bits - self._first_bits)] = 1
        self._all = _Bits(slots, bits)

    def positions(self, scratch: _Scratch) -> Any:
        """Positions whose first 8 bytes pass."""
        import numpy as np

        for shift in range(8):
            slots = coarse(self._keys, scratch.words(shift), self._first_bits, out=scratch.state)
            np.take(self._first, slots.view(np.int64), out=scratch.flags[shift], mode="wrap")
        found = [np.flatnonzero(flags) * 8 + shift for shift, flags in enumerate(scratch.flags.view(bool))]
        place = np.concatenate(found)
        firsts = scratch.rows(8)[place].view("<u8")
        return place[self._all.holds(coarse(self._keys, firsts, self._bits))]


class _Filter:
    """Which of many tags may be among ours: by one part of the tag's bits, then by another."""

    def __init__(self, tags: Any) -> None:
        import numpy as np

        size = int(tags.size).bit_length()
        bits, more = min(max(10, size + 4), _CACHED_BITS), min(max(10, size + 6), 28)
        self._high, self._low = np.uint64(64 - bits), np.uint64(TAG_SHIFT)
        self._mask = np.uint64((1 << more) - 1)
        self._first = _Bits(tags >> np.uint64(40 - bits), bits)
        self._second = _Bits(tags & self._mask, more)
        self._tags = tags

    def matching(self, states: Any, scratch: _Scratch | None = None) -> list[tuple[int, int]]:
        """Place of those of the 64-bit ``states`` whose tag is one of ours, and the first of ours that is equal."""
        import numpy as np

        slots = np.right_shift(states, self._high, out=scratch.slots if scratch else None)
        places = self._first.holds(slots, scratch)
        if not places.size:
            return []
        tags = states[places] >> self._low
        kept = self._second.holds(tags & self._mask)
        if not kept.size:
            return []
        places, tags = places[kept], tags[kept]
        at = np.searchsorted(self._tags, tags)
        at[at == self._tags.size] = 0
        same = np.flatnonzero(self._tags[at] == tags)
        return list(zip(places[same].tolist(), at[same].tolist(), strict=True))


class _Scratch:
    """Arrays for one chunk of ``size`` bytes, a multiple of 8, used again for the next."""

    def __init__(self, size: int) -> None:
        import numpy as np

        self.size = size
        self.state = np.empty(size // 8, np.uint64)
        self.slots = np.empty(size // 8, np.uint64)
        self.bits = np.empty(size // 8, np.uint8)
        self.flags = np.empty((8, size // 8), np.uint8)
        self._block = b""
        self._base = 0

    def take(self, data: bytes, at: int) -> None:
        """Turn to the chunk at ``at``; where the data ends before, zeros follow."""
        self._block, self._base = data, at
        if len(data) < at + self.size + _REACH:
            self._block, self._base = data[at:].ljust(self.size + _REACH, b"\0"), 0

    def words(self, shift: int) -> Any:
        """The 64-bit words at ``shift``, ``shift + 8``, and so on."""
        import numpy as np

        return np.frombuffer(self._block, "<u8", count=self.size // 8, offset=self._base + shift)

    def rows(self, width: int) -> Any:
        """The ``width`` bytes at every position."""
        import numpy as np

        return np.ndarray((self.size,), f"V{width}", buffer=self._block, offset=self._base, strides=(1,))


class _Batch:
    """Positions that passed the coarse filter, gathered over chunks until testing them together pays."""

    def __init__(self, matcher: Matcher, data: bytes, found: list[Found]) -> None:
        self._matcher = matcher
        self._data = data
        self._found = found
        self._positions: list[Any] = []
        self._rows: list[Any] = []
        self._count = 0

    def add(self, base: int, scratch: _Scratch, positions: Any) -> None:
        if not positions.size:
            return
        self._rows.append(scratch.rows(32)[positions])
        self._positions.append(positions + base)
        self._count += positions.size
        if self._count >= _BATCH:
            self.flush()

    def flush(self) -> None:
        import numpy as np

        if not self._count:
            return
        positions = np.concatenate(self._positions)
        words = np.concatenate(self._rows).view("<u8").reshape(-1, 4)
        self._positions, self._rows, self._count = [], [], 0
        matcher = self._matcher
        tags = ShortTags(matcher._keys, [np.ascontiguousarray(words[:, column]) for column in range(4)])
        for length in matcher._short_lengths:
            for place, _ in matcher._short_filter.matching(tags.of(length)):
                matcher.confirm(self._data, int(positions[place]), length, self._found)


def _once(places: list[Found]) -> Iterator[tuple[int, int, Hit]]:
    """Of occurrences of one version that overlap, one that covers them all: under the widest one's label. Lines and
    fragments of it that follow each other closely are one as well."""
    last: dict[tuple[str, str], int] = {}
    merged: list[Found] = []
    order = sorted(places, key=lambda found: (found.start, -found.end, found.hit.record, found.hit.form))
    for found in order:
        key = (found.hit.record.name, found.hit.record.version)
        number = last.get(key)
        before = None if number is None else merged[number]
        gap = _GAP if before is not None and found.hit.fragment and before.hit.fragment else 0
        if number is not None and before is not None and found.start <= before.end + gap:
            wider = before.hit if before.end - before.start >= found.end - found.start else found.hit
            merged[number] = Found(before.start, max(before.end, found.end), wider)
        else:
            last[key] = len(merged)
            merged.append(found)
    yield from merged
