"""Reads tar as a stream: ustar, GNU long names, pax paths. Its own reader because the standard library's holds
a header of any size in memory and keeps every member. Links and devices have no content and are passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..limits import BoundReached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Stream

BLOCK = 512
NAME_BYTES = 1 << 20
"""A header that carries a name is at most this long."""


class TarCorrupt(Exception):
    """The stream is no tar from here on."""


class _Content:
    """The content of one member; whatever is left unread is skipped before the next."""

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream = stream
        self.left = size
        self.padding = -size % BLOCK

    def read(self, size: int, /) -> bytes:
        if not self.left:
            return b""
        data = self._stream.read(min(size, self.left))
        if not data:
            raise EOFError
        self.left -= len(data)
        return data

    def close(self) -> None:
        """Nothing: the archive goes on."""


def tar_members(stream: Stream) -> Iterator[tuple[str, _Content]]:
    """Names and contents of the regular files. Raises ``TarCorrupt``, ``EOFError`` (cut short), ``BoundReached``."""
    name: str | None = None
    size: int | None = None
    first = True
    while True:
        header = _exactly(stream, BLOCK, may_end=not first)
        if not header or not header.strip(b"\0"):
            return
        if not _checksum_holds(header):
            raise TarCorrupt
        first = False
        kind = header[156:157]
        length = _number(header[124:136])
        if kind in (b"L", b"x", b"K", b"g"):
            if length > NAME_BYTES:
                raise BoundReached(f"a header of {length} bytes; the rest was not scanned")
            extra = _exactly(stream, length + -length % BLOCK)[:length]
            if kind == b"L":
                name = _text(extra.rstrip(b"\0"))
            elif kind == b"x":
                fields = _pax(extra)
                name = _text(fields[b"path"]) if b"path" in fields else name
                size = int(fields[b"size"]) if fields.get(b"size", b"").isdigit() else size
            continue
        if kind == b"S" and header[482:483] == b"\1":  # an old GNU sparse file with more maps than fit
            while _exactly(stream, BLOCK)[504:505] == b"\1":
                pass
        has_content = kind in (b"0", b"\0", b"7", b"S", b"A") or kind not in b"123456"
        content = _Content(stream, (length if size is None else size) if has_content else 0)
        if has_content:
            yield name or _short_name(header), content
        _skip(stream, content.left + content.padding)
        name = size = None


def _short_name(header: bytes) -> str:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        return int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:], "big")
    digits = field.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        pass
    raise TarCorrupt


def _checksum_holds(header: bytes) -> bool:
    return _number(header[148:156]) == sum(header[:148]) + 256 + sum(header[156:])


def _pax(data: bytes) -> dict[bytes, bytes]:
    """``length key=value newline`` records; a wrong length ends the reading."""
    fields: dict[bytes, bytes] = {}
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or not 0 < int(length[:8]) <= len(data):
            break
        record = data[len(length) + 1 : int(length) - 1]
        key, _, value = record.partition(b"=")
        fields[key] = value
        data = data[int(length) :]
    return fields


def _exactly(stream: Stream, size: int, *, may_end: bool = False) -> bytes:
    data = b""
    while len(data) < size:
        part = stream.read(size - len(data))
        if not part:
            if may_end and not data:
                return b""
            raise EOFError
        data += part
    return data


def _skip(stream: Stream, size: int) -> None:
    while size:
        part = stream.read(min(size, 1 << 18))
        if not part:
            raise EOFError
        size -= len(part)
