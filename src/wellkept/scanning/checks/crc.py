"""CRC-32 at the end of a token, as GitHub, npm, Grafana and others put it there."""

from __future__ import annotations

import zlib

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def crc32(data: bytes) -> int:
    """The checksum of zip, PNG and Ethernet, as a number."""
    return zlib.crc32(data) & 0xFFFFFFFF


def base62(number: int, width: int = 6) -> str:
    """A number in base 62, digits first, then capitals, padded with zeros on the left."""
    letters = ""
    while number:
        number, digit = divmod(number, 62)
        letters = _BASE62[digit] + letters
    return letters.rjust(width, "0")


def closed_by_base62(body: bytes, end: bytes) -> bool:
    """Whether ``end`` is the CRC-32 of ``body`` in base 62 (either order of the cases)."""
    text = base62(crc32(body), len(end)).encode()
    return end in (text, text.swapcase())


def closed_by_hex(body: bytes, end: bytes) -> bool:
    """Whether ``end`` is the CRC-32 of ``body`` in hexadecimal (either order of the bytes)."""
    number = crc32(body)
    return end.lower() in (
        number.to_bytes(4, "big").hex().encode(),
        number.to_bytes(4, "little").hex().encode(),
    )
