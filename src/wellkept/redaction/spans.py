"""From what was found to the text with markers in its place.

Everything that any find covers is hidden: finds that overlap become one stretch under one marker, named
after the longest known value in it. Finds that only touch keep a marker each; except the pieces of one long
value, which join into one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .index import Hit
    from .shape import Span

JOIN_GAP = 3
"""Bytes between two pieces of one value: base64 that is not aligned has characters that belong to both."""


class Find(NamedTuple):
    """``label``: the secret's name, ``None`` for a shape. ``joins``: a piece of a longer value."""

    start: int
    end: int
    label: str | None
    joins: bool = False


def finds(hits: Iterable[Hit], shapes: Iterable[Span]) -> list[Find]:
    """Both kinds of find in one form."""
    found = [Find(start, end, needle.label, needle.joins) for start, end, needle in hits]
    found += [Find(start, end, None) for start, end in shapes]
    return found


def stretches(found: list[Find]) -> list[Find]:
    """Disjoint stretches in order, each named after the longest known value in it."""
    if len(found) < 2:
        return found
    found.sort(key=lambda find: (find.start, -find.end))
    merged: list[Find] = []
    longest = 0
    for find in found:
        length = find.end - find.start if find.label is not None else 0
        last = merged[-1] if merged else None
        if last is None or not (find.start < last.end or _joins(last, find)):
            merged.append(find)
            longest = length
            continue
        label = find.label if length > longest else last.label
        longest = max(longest, length)
        reach, joins = (find.end, find.joins) if find.end > last.end else (last.end, last.joins)
        merged[-1] = Find(last.start, reach, label, joins)
    return merged


def _joins(last: Find, find: Find) -> bool:
    near = find.start - last.end <= JOIN_GAP
    return near and last.joins and find.joins and last.label == find.label
