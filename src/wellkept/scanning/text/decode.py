"""Undoes encodings: finds the encoded pieces of a window and gives back what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .detectors import DETECTORS, PRECISE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INFLATE = 4 << 20
"""At most so many bytes come out of a compressed piece."""
AROUND = 2048
"""At most so many bytes on each side of an escape belong to its piece."""

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_HEX = b"0123456789abcdefABCDEF"
_STANDARD = bytes.maketrans(b"-_", b"+/")


class Piece(NamedTuple):
    """Bytes ``start..end`` of the window say ``content``."""

    encoding: str
    start: int
    end: int
    content: bytes


class Decoder:
    """Holds the compiled patterns of the detectors."""

    def __init__(self) -> None:
        self._patterns: dict[int, Any] = {}

    def pieces(self, data: bytes, detected: list[int], begin: int, stop: int) -> Iterator[Piece]:
        """What the named detectors' encodings hide in ``data``, of pieces that start before ``stop``."""
        for index in sorted(detected):
            pattern = self._patterns.get(index)
            if pattern is None:
                from ..engine.confirm import compile_pattern

                pattern = self._patterns[index] = compile_pattern(PRECISE[index])
            name = DETECTORS[index][0]
            yield from _walk(data, pattern.search, name, _UNDO[name], begin, stop)


def _walk(
    data: bytes,
    search: Any,
    name: str,
    undo: Callable[[bytes, int, int, int], tuple[int, int, bytes | None]],
    begin: int,
    stop: int,
) -> Iterator[Piece]:
    position = begin
    while (match := search(data, position)) is not None:
        at, least = match.span()
        if at >= stop:
            return
        start, end, content = undo(data, at, least, position)
        if content:
            yield Piece(name, start, end, content)
        position = max(end, least)


def _extend(data: bytes, start: int, end: int, alphabet: bytes, floor: int) -> tuple[int, int]:
    """The run of ``alphabet`` around ``start..end``, not before ``floor``."""
    while start > floor:
        low = max(floor, start - AROUND)
        chunk = data[low:start]
        kept = len(chunk) - len(chunk.rstrip(alphabet))
        start -= kept
        if kept < len(chunk):
            break
    while end < len(data):
        chunk = data[end : end + AROUND]
        kept = len(chunk) - len(chunk.lstrip(alphabet))
        end += kept
        if kept < len(chunk):
            break
    return start, end


def _base64(data: bytes, at: int, least: int, floor: int) -> tuple[int, int, bytes | None]:
    from binascii import Error, a2b_base64

    left, end = _extend(data, at, least, _BASE64, floor)
    start = at - (at - left) // 4 * 4  # the group borders are where the detector saw them
    text, last = data[start:end], end
    while len(text) % 4 == 0 and (more := _next_line(data, last)) is not None:  # wrapped at a fixed width
        text, last = text + data[more[0] : more[1]], more[1]
        if len(text) > 1 << 20:
            break
    text = text[: len(text) - 1] if len(text) % 4 == 1 else text
    try:
        content = a2b_base64(text.translate(_STANDARD) + b"==")
    except Error:
        return start, end, None
    return start, last, _opened(content)


def _next_line(data: bytes, end: int) -> tuple[int, int] | None:
    """The next line of wrapped base64 after a line that ends at ``end``, with its indentation skipped."""
    breaks = data[end : end + 64]
    stripped = breaks.lstrip(b" \t\r\n")
    skipped = len(breaks) - len(stripped)
    if not skipped or breaks[:skipped].count(b"\n") != 1:
        return None
    start = end + skipped
    chunk = data[start : start + 128]
    size = len(chunk) - len(chunk.lstrip(_BASE64))
    return (
        (start, start + size) if size >= 2 and size < 128 and chunk[size : size + 1] in _LINE_ENDS else None
    )


_LINE_ENDS = (b"", b"\n", b"\r", b"=", b'"', b"'")


def _opened(content: bytes) -> bytes:
    """Compressed or UTF-16 content made plain; anything else as it is."""
    if content[:2] == b"\x1f\x8b":
        import zlib

        try:
            return zlib.decompressobj(31).decompress(content, INFLATE)
        except zlib.error:
            return content
    if content[1:40:2].count(0) > 12:
        return content.decode("utf-16-le", "replace").encode("utf-8", "replace")
    return content


def _hex(data: bytes, at: int, least: int, floor: int) -> tuple[int, int, bytes | None]:
    if data[at : at + 1] == b"\\":
        end = least
        while data[end : end + 2] == b"\\x" and not data[end + 2 : end + 4].strip(_HEX):
            end += 4
        return at, end, _unhex(data[at:end].replace(b"\\x", b""))
    left, end = _extend(data, at, least, _HEX, floor)
    start = at - (at - left) // 2 * 2
    return start, end, _unhex(data[start : end - (end - start) % 2])


def _unhex(text: bytes) -> bytes | None:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None


def _token(data: bytes, at: int, least: int, floor: int, ends: bytes) -> tuple[int, int]:
    """From delimiter to delimiter around ``at``, at most ``AROUND`` bytes on each side."""
    start = max(floor, at - AROUND)
    before = data[start:at]
    start += max(before.rfind(end) for end in (ends[i : i + 1] for i in range(len(ends)))) + 1
    after = data[least : least + AROUND]
    stops = [place for i in range(len(ends)) if (place := after.find(ends[i : i + 1])) >= 0]
    return start, least + (min(stops) if stops else len(after))


def _url(data: bytes, at: int, least: int, floor: int) -> tuple[int, int, bytes | None]:
    start, end = _token(data, at, least, floor, b" \t\r\n\"'<>")
    head, *parts = data[start:end].split(b"%")
    out = [head]
    for part in parts:
        code = _unhex(part[:2]) if len(part) >= 2 else None
        out.append(b"%" + part if code is None else code + part[2:])
    return start, end, b"".join(out)


_ESCAPES = {b'"': b'"', b"/": b"/", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}


def _json(data: bytes, at: int, least: int, floor: int) -> tuple[int, int, bytes | None]:
    start, end = _token(data, at, least, floor, b"\r\n\0")
    head, *parts = data[start:end].split(b"\\")
    out = [head]
    literal = False
    for part in parts:
        if literal:  # the second of two backslashes
            literal = False
            out.append(part)
        elif not part:
            literal = True
            out.append(b"\\")
        elif part[:3] == b"u00" and (code := _unhex(part[3:5])) is not None:
            out.append(code + part[5:])
        else:
            out.append(_ESCAPES.get(part[:1], b"\\" + part[:1]) + part[1:])
    return start, end, b"".join(out)


def _utf16(data: bytes, at: int, least: int, floor: int) -> tuple[int, int, bytes | None]:
    end = least
    while end < len(data):
        chunk = data[end : end + AROUND]
        zeros = chunk[1::2]
        same = len(zeros) - len(zeros.lstrip(b"\0"))
        good = chunk[: 2 * same : 2]
        printable = len(good) - len(good.lstrip(_PRINTABLE))
        end += 2 * printable
        if 2 * printable < AROUND:
            break
    return at, end, data[at:end:2]


def _ansi(data: bytes, at: int, least: int, floor: int) -> tuple[int, int, bytes | None]:
    """A line without the escape sequences that colour it: they end in a letter, which joins the word behind."""
    start, end = _token(data, at, least, floor, b"\r\n\0")
    head, *parts = data[start:end].split(b"\x1b[")
    return start, end, head + b"".join(part.lstrip(b"0123456789;:?")[1:] for part in parts)


_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_UNDO = {"base64": _base64, "hex": _hex, "url": _url, "json": _json, "utf-16": _utf16, "ansi": _ansi}
