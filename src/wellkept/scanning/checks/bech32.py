"""Bech32 (BIP 173), which age and Nostr write their secret keys in: a checksum of thirty bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _polymod(values: Iterable[int]) -> int:
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate(_GENERATOR):
            if top >> bit & 1:
                state ^= term
    return state


def _prefix(name: str) -> list[int]:
    return [ord(letter) >> 5 for letter in name] + [0] + [ord(letter) & 31 for letter in name]


def encode(name: str, values: Sequence[int]) -> str:
    """The lower-case text of five-bit ``values`` under the human-readable ``name``."""
    state = _polymod([*_prefix(name), *values, 0, 0, 0, 0, 0, 0]) ^ 1
    check = [state >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{name}1" + "".join(_LETTERS[value] for value in [*values, *check])


def valid(text: str) -> bool:
    """Whether the checksum at the end of ``text`` holds."""
    name, found, data = text.lower().rpartition("1")
    if not found or any(letter not in _LETTERS for letter in data):
        return False
    return _polymod([*_prefix(name), *map(_LETTERS.index, data)]) == 1
