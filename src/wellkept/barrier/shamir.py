"""Shamir's secret sharing over GF(256): ``split`` a secret into shares, ``combine`` enough of them.

Each byte of the secret is the constant term of a random polynomial; a share is that polynomial's value at one
point, and ends with the point. Points are public, so all arithmetic multiplies a secret by a public number:
that is done on all bytes at once, in one long integer, with no table and no branch that a secret chooses.
The field is that of AES (polynomial 0x11B), the layout of a share that of Vault's (values, then the point).
A. Shamir, "How to share a secret", 1979.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 255
"""Shares; the field has that many points besides 0."""


def split(secret: bytes, shares: int, threshold: int) -> list[bytes]:
    """``shares`` shares of ``secret``, each one byte longer, any ``threshold`` of which give it back.

    Raises ``InvalidRequest`` unless 1 <= threshold <= shares <= 255 and there is a secret.
    """
    if not 1 <= threshold <= shares <= MOST:
        raise InvalidRequest(f"a threshold of {threshold} of {shares} shares is not within 1 to {MOST}")
    if not secret:
        raise InvalidRequest("there is nothing to share")
    size = len(secret)
    field = _Lanes(size)
    # The highest coefficient may be zero: refusing that would tell that it is not.
    coefficients = [int.from_bytes(os.urandom(size), "big") for _ in range(threshold - 1)]
    coefficients.append(int.from_bytes(secret, "big"))
    made = []
    for point in _points(shares):
        value = 0
        for coefficient in coefficients:
            value = field.times(value, point) ^ coefficient
        made.append(value.to_bytes(size, "big") + bytes((point,)))
    return made


def combine(shares: Sequence[bytes]) -> bytes:
    """What ``shares`` were split from; something else when they are too few or not of one secret.

    Raises ``InvalidRequest`` for shares that cannot belong together: of different lengths, twice the same point.
    """
    lengths = {len(share) for share in shares}
    if len(lengths) != 1 or min(lengths) < 2:
        raise InvalidRequest("the key shares are not of one length")
    points = [share[-1] for share in shares]
    if len(set(points)) != len(points) or 0 in points:
        raise InvalidRequest("a key share was given twice")
    size = lengths.pop() - 1
    field = _Lanes(size)
    total = 0
    for share, point in zip(shares, points, strict=True):
        weight = 1
        for other in points:
            if other != point:
                weight = _product(weight, _product(other, _inverse(other ^ point)))
        total ^= field.times(int.from_bytes(share[:-1], "big"), weight)
    return total.to_bytes(size, "big")


class _Lanes:
    """``size`` bytes side by side in one integer, each an element of the field."""

    def __init__(self, size: int) -> None:
        self._low = int.from_bytes(b"\x01" * size, "big")
        self._high = int.from_bytes(b"\x80" * size, "big")

    def times(self, lanes: int, factor: int) -> int:
        """Every lane multiplied by ``factor``, which is public."""
        result = 0
        while factor:
            if factor & 1:
                result ^= lanes
            top = (lanes & self._high) >> 7
            lanes = ((lanes & ~self._high) << 1) ^ (top * 0x1B)
            factor >>= 1
        return result


def _product(a: int, b: int) -> int:
    """Of two public elements."""
    result = 0
    while b:
        if b & 1:
            result ^= a
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return result


def _inverse(a: int) -> int:
    """Of a public element: a to the power of 254."""
    result = 1
    for _ in range(254):
        result = _product(result, a)
    return result


def _points(count: int) -> list[int]:
    """Different points, in no order."""
    from random import SystemRandom

    return SystemRandom().sample(range(1, MOST + 1), count)
