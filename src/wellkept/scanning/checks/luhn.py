"""The Luhn sum of payment cards and some account numbers (ISO/IEC 7812-1, annex B)."""

from __future__ import annotations


def luhn(digits: bytes) -> bool:
    """Whether the last digit closes the sum. Anything but digits is false."""
    if not digits.isdigit():
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = digit - 48
        if place % 2:
            number = number * 2 - 9 if number > 4 else number * 2
        total += number
    return total % 10 == 0
