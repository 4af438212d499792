"""Shannon entropy of a value: how evenly its characters are spread."""

from __future__ import annotations

from collections import Counter
from math import log2


def entropy(value: bytes) -> float:
    """Bits a character, from 0 for ``aaaa`` to the logarithm of the length when every byte is another."""
    if not value:
        return 0.0
    length = len(value)
    return log2(length) - sum(count * log2(count) for count in Counter(value).values()) / length
