"""What is a key: one place that turns text into the bytes that storage orders by, or refuses it."""

from __future__ import annotations

from ..errors import InvalidRequest, ValueTooLarge

MAX_KEY = 2048
"""Bytes of UTF-8."""

MAX_VALUE = 32 * 1024 * 1024
"""Bytes. The core's own limit on a secret is far lower; this one bounds what storage will hold in memory."""


def encode_key(key: str) -> bytes:
    """The key's UTF-8 bytes. Raises ``InvalidRequest`` when empty, too long, ending in ``/``, with a NUL, or not encodable."""
    raw = _utf8(key)
    if not raw:
        raise InvalidRequest("a storage key must be text that UTF-8 can carry, and not empty")
    if len(raw) > MAX_KEY:
        raise InvalidRequest(f"a storage key of {len(raw)} bytes is longer than the limit of {MAX_KEY}")
    if raw[-1] == 0x2F or 0 in raw:
        raise InvalidRequest(f"the storage key {key!r} ends in '/' or holds a NUL")
    return raw


def encode_prefix(prefix: str) -> bytes:
    """The bytes of a folder: empty, or ending in ``/``. Raises ``InvalidRequest`` otherwise."""
    raw = b"" if prefix == "" else _utf8(prefix)
    if raw is None or (raw and raw[-1] != 0x2F) or 0 in raw:
        raise InvalidRequest(f"the folder {prefix!r} must be empty or end in '/'")
    return raw


def encode_bound(text: str) -> bytes:
    """The bytes of a position to continue from or a prefix to scan, which need not be a key."""
    raw = b"" if text == "" else _utf8(text)
    if raw is None:
        raise InvalidRequest(f"{text!r} is not text that UTF-8 can carry")
    return raw


def check_value(key: str, value: bytes) -> None:
    """Raises ``InvalidRequest`` when the value is not bytes, ``ValueTooLarge`` when there are too many."""
    if not isinstance(value, bytes):
        raise InvalidRequest(f"the value for {key!r} must be bytes, not {type(value).__name__}")
    if len(value) > MAX_VALUE:
        raise ValueTooLarge(f"the value for {key!r} has {len(value)} bytes; the limit is {MAX_VALUE}")


def _utf8(text: str) -> bytes | None:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return None
