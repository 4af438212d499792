"""How a tag is computed, for one variant when the file is made and for every position when a stream is scanned.

Two ways, both over 64-bit words, so that numpy does them at memory speed:

Forms of *long* values (24 bytes and more) by windows of 24 bytes, or of 16 where the form has fewer than 31: whatever
its position, a form covers one window that starts at a multiple of 8. Eight windows of it, at consecutive offsets,
have their 40-bit tags in the file.

Forms of *short* values (8 to 23 bytes) by all of their bytes: a tag of 40 bits over the whole form and its length.
To spare computing it at every position and length, one deliberately coarse filter goes first, over the first
8 bytes: it lets about one in two hundred strangers pass, so that it tells nobody whether a guess is right.

No tag covers less than 16 bytes of a long value, or less than the whole of a short one's form. Decision 0140 says
what follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Words = npt.NDArray[np.uint64]

WINDOW = 24
LONG = WINDOW + 7
"""Bytes of a form from which it is found by windows of 24 bytes."""

MIDDLE_WINDOW = 16
LONG_VALUE = 24
"""Bytes of a value from which all of its forms are found by windows."""

SHORT_LENGTHS = range(8, LONG)
TAG_SHIFT = 24
"""A tag is the upper 40 bits of 64."""

_MULTIPLIERS = 8


class Keys(NamedTuple):
    """Derived from the file's key. ``odd``: multipliers; ``digest``: of the whole variant; ``seal``: of the file."""

    odd: tuple[int, ...]
    digest: bytes
    seal: bytes
    identifier: str


def derive(key: bytes) -> Keys:
    """Everything that the file and the matcher need, from the 32 bytes of the file's key."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def part(purpose: bytes, length: int) -> bytes:
        return HKDF(SHA256(), length, None, b"wellkept fingerprints 1 " + purpose).derive(key)

    raw = part(b"multipliers", 8 * _MULTIPLIERS)
    odd = tuple(int.from_bytes(raw[at : at + 8], "little") | 1 for at in range(0, len(raw), 8))
    return Keys(odd, part(b"digest", 32), part(b"seal", 32), part(b"identifier", 8).hex())


def digest(keys: Keys, body: bytes) -> bytes:
    """The keyed digest of a whole variant: what confirms a tag."""
    from hashlib import blake2b

    return blake2b(body, digest_size=16, key=keys.digest).digest()


def word(keys: Keys, number: int) -> np.uint64:
    import numpy as np

    return np.uint64(keys.odd[number])


def middle_tags(keys: Keys, first: Words, second: Words, out: Words | None = None) -> Words:
    """The 64 bits of which a 16-byte window's tag is the upper 40; ``out`` is overwritten when given."""
    import numpy as np

    state = np.multiply(first, word(keys, 0), out=out)
    np.bitwise_xor(state, second, out=state)
    return np.multiply(state, word(keys, 1), out=state)


def long_tags(keys: Keys, middle: Words, third: Words) -> Words:
    """The same for windows of 24 bytes, from what ``middle_tags`` gave for their first 16, which is overwritten."""
    import numpy as np

    np.bitwise_xor(middle, third, out=middle)
    return np.multiply(middle, word(keys, 2), out=middle)


def coarse(keys: Keys, first: Words, bits: int, out: Words | None = None) -> Words:
    """The slot, of ``2**bits``, of the first 8 bytes of a short variant."""
    import numpy as np

    state = np.multiply(first, word(keys, 3), out=out)
    return np.right_shift(state, np.uint64(64 - bits), out=state)


class ShortTags:
    """The tags of the whole short variants that may begin at some positions: ``words`` are the 4 words there."""

    def __init__(self, keys: Keys, words: list[Words]) -> None:
        import numpy as np

        self._keys = keys
        self._words = words
        self._shift = np.uint64(32)
        self._states: list[Words] = [np.full_like(words[0], keys.odd[4])]

    def of(self, length: int) -> Words:
        """The 64 bits of which the tag of ``length`` bytes is the upper 40."""
        import numpy as np

        whole, rest = divmod(length, 8)
        while len(self._states) <= whole:
            state: Any = self._states[-1] ^ self._words[len(self._states) - 1]
            state *= word(self._keys, 5)
            state ^= state >> self._shift
            self._states.append(state)
        tag = self._states[whole] + np.uint64(length * self._keys.odd[6] & 0xFFFFFFFFFFFFFFFF)
        if rest:
            tag ^= self._words[whole] & np.uint64((1 << 8 * rest) - 1)
        tag *= word(self._keys, 6)
        tag ^= tag >> self._shift
        tag ^= self._words[0]  # so that nobody can compute backwards from a tag to meet a guess in the middle
        tag *= word(self._keys, 7)
        return tag
