"""What two versions of a file share: runs of bytes that stand in both, in the same order.

Not the smallest difference, but one that costs a few comparisons of memory: the common beginning, the common end, and
between them, after each difference, the next line that the old version has as well. Every run was compared byte by
byte, so a poor choice costs time and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ANCHOR = 48
"""Bytes from the beginning of a line on that are looked for in the old version."""
TRIES = 24
"""Lines that are tried after a difference, before the rest counts as new."""
NEAR = 1024
"""Bytes of the old version in which it is looked for at first."""
_STEP = 256


class Run(NamedTuple):
    """``size`` bytes at ``new`` of the new version are those at ``old`` of the old one."""

    old: int
    new: int
    size: int


def runs(old: bytes, new: bytes) -> list[Run]:
    """What the versions share, in ascending order of both; none overlaps another."""
    begin = ahead(old, 0, new, 0)
    room = min(len(old), len(new)) - begin
    end = behind(old, new, room)
    found = [Run(0, 0, begin)] if begin else []
    in_old, in_new = begin, begin
    old_stop, new_stop = len(old) - end, len(new) - end
    while in_new < new_stop and in_old < old_stop:
        nearest = _resume(old, in_old, old_stop, new, in_new, new_stop)
        if nearest is None:
            break
        found.append(nearest)
        in_old, in_new = nearest.old + nearest.size, nearest.new + nearest.size
    if end:
        found.append(Run(old_stop, new_stop, end))
    return found


def gaps(shared: list[Run], old_size: int, new_size: int) -> Iterator[tuple[int, int]]:
    """Where the new version differs: from, to. They are the same place where something was only taken away."""
    in_old = in_new = 0
    for run in (*shared, Run(old_size, new_size, 0)):
        if run.old > in_old or run.new > in_new:
            yield in_new, run.new
        in_old, in_new = run.old + run.size, run.new + run.size


def _resume(old: bytes, in_old: int, old_stop: int, new: bytes, in_new: int, new_stop: int) -> Run | None:
    at = in_new
    for tried in range(TRIES):
        at = new.find(b"\n", at, new_stop) + 1
        if not at or at + ANCHOR > new_stop:
            return None
        anchor = new[at : at + ANCHOR]
        place = old.find(anchor, in_old, min(old_stop, in_old + NEAR))
        if place < 0 and tried % 8 == 7:  # far away only now and then: it costs reading all of it
            place = old.find(anchor, in_old, old_stop)
        if place >= 0:
            size = min(ahead(old, place, new, at), old_stop - place, new_stop - at)
            if size > (place - in_old) >> 3:  # else a line that is common here, far from where we are
                return Run(place, at, size)
    return None


def ahead(old: bytes, in_old: int, new: bytes, in_new: int) -> int:
    """How many bytes from there on are the same."""
    most = min(len(old) - in_old, len(new) - in_new)
    same, step = 0, _STEP
    while same < most:
        one, other = old[in_old + same : in_old + same + step], new[in_new + same : in_new + same + step]
        if one != other:
            return min(most, same + _difference(one, other))
        same, step = same + step, 4 * step
    return most


def _difference(one: bytes, other: bytes) -> int:
    """The place of the first byte that differs. Pieces of the same length differ in the highest byte of their xor."""
    while len(one) > 128:
        half = len(one) >> 1
        if one[:half] == other[:half]:
            return half + _difference(one[half:], other[half:])
        one, other = one[:half], other[:half]
    size = min(len(one), len(other))
    xor = int.from_bytes(one[:size], "big") ^ int.from_bytes(other[:size], "big")
    return size - (xor.bit_length() + 7 >> 3)


def behind(old: bytes, new: bytes, most: int) -> int:
    """How many bytes at the ends are the same, at most ``most``."""
    size_old, size_new = len(old), len(new)
    same, step = 0, _STEP
    while same < most:
        step = min(step, most - same)
        if old[size_old - same - step : size_old - same] != new[size_new - same - step : size_new - same]:
            break
        same, step = same + step, 4 * step
    else:
        return most
    one, other = (text[len(text) - same - step : len(text) - same] for text in (old, new))
    while len(one) > 128:
        half = len(one) >> 1
        if one[-half:] == other[-half:]:
            same += half
            one, other = one[:-half], other[:-half]
        else:
            one, other = one[-half:], other[-half:]
    xor = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    return same + len(one) - (xor.bit_length() + 7 >> 3)
