"""From values to the content of a fingerprint file. The values are seen here, and nowhere after."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .file import Content, Record
from .forms import variants
from .windows import LONG, TAG_SHIFT, WINDOW, Keys, ShortTags, coarse, digest, long_tags

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
        self._windows: list[bytes] = []
        self._window_entries: list[int] = []
        self._window_offsets: list[int] = []
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

        tags = self._long()
        order = np.argsort(tags, kind="stable")
        short_tags, slots, bits = self._shorts()
        short_order = np.argsort(short_tags, kind="stable")
        arrays: dict[str, Any] = {
            "long_tags": tags[order],
            "long_entries": np.array(self._window_entries, np.uint32)[order],
            "long_offsets": np.array(self._window_offsets, np.uint16)[order],
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
        if len(body) < LONG:
            self._short.append((entry, body))
            return
        start = self._region(body, record)
        for offset in range(start, start + 8):
            window = body[offset : offset + WINDOW]
            self._windows.append(window)
            self._window_entries.append(entry)
            self._window_offsets.append(offset)
            self._taken.setdefault(window, record)

    def _region(self, body: bytes, record: int) -> int:
        """Where the eight windows begin: where the text is most random, and no other secret has the same."""
        room = len(body) - LONG
        if not room:
            return 0
        classes = body.translate(_CLASSES)
        changes = [before != after for before, after in pairwise(classes)]
        places = range(0, room + 1, max(1, room // _CANDIDATES))
        ranked = sorted(places, key=lambda at: -sum(changes[at : at + LONG - 1]))
        for at in ranked:
            taken = (self._taken.get(body[o : o + WINDOW], record) for o in range(at, at + 8))
            if all(owner == record for owner in taken):
                return at
        return ranked[0]

    def _long(self) -> Any:
        import numpy as np

        words = np.frombuffer(b"".join(self._windows), "<u8").reshape(-1, 3)
        first, second, third = (np.ascontiguousarray(words[:, column]) for column in range(3))
        return long_tags(self._keys, first, second, third) >> np.uint64(TAG_SHIFT)

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
