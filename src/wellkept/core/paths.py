"""Paths, checked once at the door: whatever would normalise differently is refused, never repaired.

A path is segments joined by ``/``. So that one secret has one spelling, in policies, in the audit record
and in storage, these are refused: empty segments, ``.`` and ``..``, a leading or trailing slash, control
and invisible formatting characters, spaces other than U+0020, and text that is not in Unicode's normal
form C. Limits are in bytes of UTF-8.
"""

from __future__ import annotations

from ..errors import InvalidRequest

MAX_SEGMENT = 255
MAX_PATH = 1024
MAX_DEPTH = 32

MOUNT_BYTES = 64
"""Room for the mount and the engine's own first segment (``secret/metadata/``) in front of a name."""
MOUNT_DEPTH = 4

_REFUSED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})


def check_name(name: str, *, what: str = "name") -> str:
    """``name`` itself, when it is well formed; raises ``InvalidRequest`` saying what is wrong with it."""
    return _check(name, what, MAX_PATH, MAX_DEPTH)


def check_path(path: str) -> str:
    """A request's whole path, mount included; the same rules, with room for the mount."""
    return _check(path, "path", MAX_PATH + MOUNT_BYTES, MAX_DEPTH + MOUNT_DEPTH)


def _check(path: str, what: str, max_bytes: int, max_depth: int) -> str:
    if not isinstance(path, str):
        raise InvalidRequest(f"a {what} is text, not {type(path).__name__}")
    if (
        path.isascii()
        and path.isprintable()
        and len(path) <= MAX_SEGMENT
        and path.count("/") < max_depth
        and path[:1] not in ("", "/", ".")
        and path[-1] != "/"
        and "//" not in path
        and "/." not in path
    ):
        return path  # most are as plain as this, and every request asks
    if not path:
        raise InvalidRequest(f"the {what} is empty")
    shown = show(path)
    if not (path.isascii() and path.isprintable()):
        _check_characters(path, shown, what)
    size = len(path.encode())
    if size > max_bytes:
        raise InvalidRequest(f"{what} {shown} is {size} bytes long; the limit is {max_bytes}")
    if path[0] == "/" or path[-1] == "/":
        raise InvalidRequest(f"{what} {shown} must not begin or end with '/'")
    segments = path.split("/")
    if len(segments) > max_depth:
        raise InvalidRequest(f"{what} {shown} has {len(segments)} segments; the limit is {max_depth}")
    for segment in segments:
        if segment in ("", ".", ".."):
            kind = f"the segment {segment!r}" if segment else "an empty segment"
            raise InvalidRequest(f"{what} {shown} has {kind}; it must be written without")
        if len(segment) * 4 > MAX_SEGMENT and len(segment.encode()) > MAX_SEGMENT:
            raise InvalidRequest(
                f"a segment of {what} {shown} is {len(segment.encode())} bytes long; the limit is {MAX_SEGMENT}"
            )
    return path


def _check_characters(path: str, shown: str, what: str) -> None:
    import unicodedata

    for index, character in enumerate(path):
        if character != " " and unicodedata.category(character) in _REFUSED:
            raise InvalidRequest(
                f"{what} {shown} has the character U+{ord(character):04X} at position {index}; "
                "control and invisible characters are not allowed"
            )
    if not unicodedata.is_normalized("NFC", path):
        raise InvalidRequest(f"{what} {shown} is not in Unicode normal form C; normalise it first")


def show(path: str) -> str:
    """A path for messages: quoted, escaped, and not longer than a line."""
    return ascii(path) if len(path) <= 120 else ascii(path[:100]) + "…"
