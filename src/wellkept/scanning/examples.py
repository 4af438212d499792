"""Examples of rules: templates whose token bodies are made up when a test asks for them.

A template is plain text with pieces in braces, ``{36:alnum}`` for 36 letters and digits, ``{ghp_:github}`` for a
whole token with the checksum that its issuer would have put on. So no text of this repository looks like a live
token: neither our own scan nor a host's push protection has anything to stop at. The bodies come from a hash of
the template: the same template is always the same example, and no body was ever anybody's credential.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()

ALPHABETS: dict[str, str] = {
    "digit": _DIGITS,
    "lower": _LOWER,
    "upper": _UPPER,
    "alpha": _UPPER + _LOWER,
    "lowernum": _LOWER + _DIGITS,
    "uppernum": _UPPER + _DIGITS,
    "alnum": _UPPER + _LOWER + _DIGITS,
    "word": _UPPER + _LOWER + _DIGITS + "_",
    "url": _UPPER + _LOWER + _DIGITS + "_-",
    "lowurl": _LOWER + _DIGITS + "_-",
    "dash": _UPPER + _LOWER + _DIGITS + "-",
    "dot": _UPPER + _LOWER + _DIGITS + "_-.",
    "urlpad": _UPPER + _LOWER + _DIGITS + "_-=",
    "b64": _UPPER + _LOWER + _DIGITS + "+/",
    "hex": _DIGITS + "abcdef",
    "HEX": _DIGITS + "ABCDEF",
    "xhex": _DIGITS + "abcdefABCDEF",
    "b32": _UPPER + "234567",
    "b32l": _LOWER + "234567",
    "b58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "bech": "qpzry9x8gf2tvdw0s3jn54khce6mua7l",
    "BECH": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "pass": _UPPER + _LOWER + _DIGITS + "!#%*+^~",
}
"""The alphabets that ``{LENGTH:NAME}`` draws from. A run never repeats a letter three times."""

_PIECE = re.compile(r"\{([^{}:\s]*):([A-Za-z0-9]+)\}")


class Dice:
    """Bytes from a hash in counter mode: the same on every machine and version of Python."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0
        self._pool = b""

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound`` - 1 (``bound`` at most 65,536; the bias does not matter here)."""
        if len(self._pool) < 2:
            from hashlib import sha256

            self._pool = sha256(f"{self._seed}\0{self._count}".encode()).digest()
            self._count += 1
        number = int.from_bytes(self._pool[:2], "big")
        self._pool = self._pool[2:]
        return number % bound

    def text(self, alphabet: str, length: int) -> str:
        """``length`` characters of ``alphabet``, neighbours different."""
        letters: list[str] = []
        while len(letters) < length:
            letter = alphabet[self.below(len(alphabet))]
            if not letters or letter != letters[-1] or len(alphabet) < 3:
                letters.append(letter)
        return "".join(letters)


def expand(template: str) -> bytes:
    """The example that ``template`` describes. Raises ``KeyError`` for a piece of an unknown kind."""
    return expand_seeded(template, template)


def expand_seeded(template: str, seed: str) -> bytes:
    """The same with bodies made from ``seed``, for a corpus that wants many of one kind."""
    dice = Dice(seed)
    return _PIECE.sub(lambda piece: _make(dice, piece[1], piece[2]), template).encode(
        "utf-8", "surrogateescape"
    )


def _make(dice: Dice, argument: str, kind: str) -> str:
    if kind in ALPHABETS:
        return dice.text(ALPHABETS[kind], int(argument))
    from ._specimens import SPECIMENS

    make: Callable[[Dice, str], str] = SPECIMENS[kind]
    return make(dice, argument)
