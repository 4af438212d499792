"""From values to the content of a fingerprint file. The values are seen here, and nowhere after."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .file import Content, Record
from .forms import variants
from .windows import (
    LONG,
    LONG_VALUE,
    MIDDLE_WINDOW,
    TAG_SHIFT,
    WINDOW,
    Keys,
    ShortTags,
    coarse,
    digest,
    long_tags,
    middle_tags,
)

if TYPE_CHECKING:
    from ...secret import Secret
    from .forms import Variant

_CANDIDATES = 8
_PER_SLOT = 7
"""The coarse filter has ``2**7`` slots for each short variant: a stranger passes with a chance of about 2**-7."""

_CLASSES = bytes(
    97 if chr(code).islower() else 65 if chr(code).isupper() else 48 if chr(code).isdigit() else 46
    for code in range(256)
)
_MAX_LABELS = 65535


class Builder:
    """Takes versions one after the other (``add``); ``content`` gives the file's content."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._records: list[Record] = []
        self._labels: dict[tuple[str, str, bool], int] = {}
        self._lengths: list[int] = []
        self._digests = bytearray()
        self._owners: list[int] = []
        self._entry_labels: list[int] = []
        self._short: list[tuple[int, bytes]] = []
        self._windows = {WINDOW: _Windows(), MIDDLE_WINDOW: _Windows()}
        self._taken: dict[bytes, int] = {}

    @property
    def variants(self) -> int:
        """How many forms are in it by now."""
        return len(self._lengths)

    def add(self, secret: Secret, record: Record) -> int:
        """Enter every form of ``secret``; returns how many: 0 when it is no value to look for."""
        number = len(self._records)
        before = len(self._lengths)
        self._records.append(record)
        for variant in variants(secret):
            self._enter(variant, number)
        return len(self._lengths) - before

    def content(self, made: float, store: str = "") -> Content:
        """The file's content; ``made`` in seconds since the epoch."""
        import numpy as np

        short_tags, slots, bits = self._shorts()
        short_order = np.argsort(short_tags, kind="stable")
        arrays: dict[str, Any] = {
            **self._windows[WINDOW].arrays("long", self._keys),
            **self._windows[MIDDLE_WINDOW].arrays("middle", self._keys),
            "short_tags": short_tags[short_order],
            "short_entries": np.array([entry for entry, _ in self._short], np.uint32)[short_order],
            "short_slots": slots,
            "lengths": np.array(self._lengths, np.uint16),
            "digests": np.frombuffer(bytes(self._digests), np.uint8),
            "records": np.array(self._owners, np.uint32),
            "labels": np.array(self._entry_labels, np.uint16),
        }
        return Content(arrays, self._records, list(self._labels), bits, made, store)

    def _enter(self, variant: Variant, record: int) -> None:
        entry = len(self._lengths)
        label = (variant.form, variant.part, variant.fragment)
        if len(self._labels) >= _MAX_LABELS:
            label = (variant.form, "", variant.fragment) if label not in self._labels else label
        body = variant.body
        self._lengths.append(len(body))
        self._digests += digest(self._keys, body)
        self._owners.append(record)
        self._entry_labels.append(self._labels.setdefault(label, len(self._labels)))
        if len(body) < LONG and variant.size < LONG_VALUE:
            self._short.append((entry, body))
            return
        width = WINDOW if len(body) >= LONG else MIDDLE_WINDOW
        start = self._region(body, record, width)
        for offset in range(start, start + 8):
            window = body[offset : offset + width]
            self._windows[width].add(window, entry, offset)
            self._taken.setdefault(window, record)

    def _region(self, body: bytes, record: int, width: int) -> int:
        """Where the eight windows begin: where the text is most random, and no other secret has the same."""
        room = len(body) - width - 7
        if not room:
            return 0
        classes = body.translate(_CLASSES)
        changes = [before != after for before, after in pairwise(classes)]
        places = range(0, room + 1, max(1, room // _CANDIDATES))
        ranked = sorted(places, key=lambda at: -sum(changes[at : at + width + 6]))
        for at in ranked:
            taken = (self._taken.get(body[o : o + width], record) for o in range(at, at + 8))
            if all(owner == record for owner in taken):
                return at
        return ranked[0]

    def _shorts(self) -> tuple[Any, Any, int]:
        import numpy as np

        bits = min(max(16, len(self._short).bit_length() + _PER_SLOT), 24)
        tags = np.zeros(len(self._short), np.uint64)
        padded = b"".join(body.ljust(32, b"\0") for _, body in self._short)
        words = np.frombuffer(padded, "<u8").reshape(-1, 4)
        lengths = np.array([len(body) for _, body in self._short])
        for length in np.unique(lengths):
            chosen = np.flatnonzero(lengths == length)
            columns = [np.ascontiguousarray(words[chosen, column]) for column in range(4)]
            tags[chosen] = ShortTags(self._keys, columns).of(int(length))
        slots = coarse(self._keys, np.ascontiguousarray(words[:, 0]), bits)
        return tags >> np.uint64(TAG_SHIFT), np.unique(slots), bits


class _Windows:
    """The windows of one width, whose they are, and where in the form they begin."""

    def __init__(self) -> None:
        self._windows: list[bytes] = []
        self._entries: list[int] = []
        self._offsets: list[int] = []

    def add(self, window: bytes, entry: int, offset: int) -> None:
        self._windows.append(window)
        self._entries.append(entry)
        self._offsets.append(offset)

    def arrays(self, name: str, keys: Keys) -> dict[str, Any]:
        """Their tags, sorted, with the rest in the same order."""
        import numpy as np

        width = len(self._windows[0]) if self._windows else 8
        words = np.frombuffer(b"".join(self._windows), "<u8").reshape(-1, width // 8)
        columns = [np.ascontiguousarray(words[:, column]) for column in range(width // 8)]
        state = middle_tags(keys, *columns[:2]) if self._windows else columns[0]
        if len(columns) == WINDOW // 8:
            state = long_tags(keys, state, columns[2])
        tags = state >> np.uint64(TAG_SHIFT)
        order = np.argsort(tags, kind="stable")
        return {
            f"{name}_tags": tags[order],
            f"{name}_entries": np.array(self._entries, np.uint32)[order],
            f"{name}_offsets": np.array(self._offsets, np.uint16)[order],
        }
