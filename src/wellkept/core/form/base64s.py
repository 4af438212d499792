"""Base64 read as strictly as Go reads it, and refused in Go's words."""

from __future__ import annotations

import binascii
from base64 import b64encode, urlsafe_b64encode

_STANDARD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_URL = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class NotBase64(ValueError):
    """The text says where it stops being base64."""


def encode(content: bytes) -> str:
    return b64encode(content).decode()


def encode_url(content: bytes) -> str:
    """The alphabet for URLs, without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Standard, padded; line ends between are passed over. Raises ``NotBase64``."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) % 4 == 0 and b"\n" not in raw and b"\r" not in raw:
        try:
            return binascii.a2b_base64(raw, strict_mode=True)
        except binascii.Error:
            pass  # what Go calls it, or allows (spare bits that are not zero), is found out below
    return _slowly(raw, _STANDARD, padded=True)


def decode_url(text: str) -> bytes:
    """The alphabet for URLs, without padding. Raises ``NotBase64``."""
    return _slowly(text.encode("utf-8", "surrogatepass"), _URL, padded=False)


def _slowly(raw: bytes, alphabet: frozenset[int], *, padded: bool) -> bytes:
    kept = bytearray()
    index, size = 0, len(raw)
    while index < size:
        octet = raw[index]
        if octet in b"\r\n":
            index += 1
            continue
        if octet in alphabet:
            kept.append(octet)
            index += 1
            continue
        if octet != 0x3D or not padded:
            raise _at(index)
        _check_padding(raw, index, len(kept) % 4)
        break
    else:
        if (padded and len(kept) % 4) or len(kept) % 4 == 1:
            raise _at(_start_of_last(raw, len(kept) % 4))
    return binascii.a2b_base64(bytes(kept).replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(kept) % 4))


def _check_padding(raw: bytes, index: int, filled: int) -> None:
    """The first ``=`` is at ``index``, after ``filled`` letters of its group of four."""
    if filled < 2:
        raise _at(index)
    place, wanted = index + 1, 3 - filled
    for _ in range(wanted):
        while place < len(raw) and raw[place] in b"\r\n":
            place += 1
        if place == len(raw):
            raise _at(len(raw))
        if raw[place] != 0x3D:
            raise _at(place - 1 if wanted else place)
        place += 1
    while place < len(raw) and raw[place] in b"\r\n":
        place += 1
    if place < len(raw):
        raise _at(place)


def _start_of_last(raw: bytes, filled: int) -> int:
    place, left = len(raw), filled
    while left:
        place -= 1
        if raw[place] not in b"\r\n":
            left -= 1
    return place


def _at(index: int) -> NotBase64:
    return NotBase64(f"illegal base64 data at input byte {index}")
