"""Scans one item: told what it is, opened if it is an archive, read in windows, decoded, matched."""

from __future__ import annotations

import os
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, NamedTuple

from .engine.matcher import Matcher, Raw, line_around
from .limits import BoundReached, Budget, Limits
from .problem import Problem
from .targets.archive import members
from .targets.archive import sniff as sniff_archive
from .text.decode import Decoder
from .text.utf16 import Utf16Stream, sniff
from .windows import WHOLE, BytesStream, FileStream, Window, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .location import Location
    from .targets import Item, Stream

_GLUED = frozenset({"url", "ansi"})
"""Encodings whose signs end in a letter or digit: it joins the word behind, so that a token in the clear is none."""
DECODED = 4
"""A window's decoded pieces may be so many times its own size in all."""


class Hit(NamedTuple):
    """A finding on its way out of a worker: plain types and a location. The secret is in the clear."""

    rule: int
    confidence: float
    secret: bytes
    line: bytes
    details: dict[str, Any]
    location: Location


class ContentScanner:
    """Turns items into hits and problems. ``pulse`` is called for every window and may raise to end the item."""

    def __init__(
        self,
        matcher: Matcher,
        limits: Limits,
        *,
        decode: bool = True,
        archives: bool = True,
        pulse: Callable[[int], None] | None = None,
    ) -> None:
        self._matcher = matcher
        self._limits = limits
        self._decoder = Decoder() if decode and limits.depth else None
        self._archives = archives
        self._pulse = pulse
        self.bytes = 0

    def scan(self, item: Item) -> Iterable[Hit | Problem]:
        """Everything that is found in one item, in the order of its bytes."""
        if item.file is not None:
            return self._file(item)
        if item.data is not None:
            if self._too_large(len(item.data)):
                return (self._large(item.origin, len(item.data)),)
            return self._bytes(item.origin, item.data, item.unpack)
        return self._opened(item)

    def _opened(self, item: Item) -> Iterator[Hit | Problem]:
        assert item.open is not None
        if self._too_large(item.size):
            yield self._large(item.origin, item.size)
            return
        stream = item.open()
        try:
            yield from self._content(item.origin, stream, b"", item.size, item.unpack, 0)
        finally:
            stream.close()

    def _bytes(self, origin: Location, data: bytes, unpack: bool) -> Iterable[Hit | Problem]:
        """Content that is all there. The path of nearly everything, so nothing is made that a clean file does not need."""
        size = len(data)
        if size > WHOLE:
            return self._content(origin, BytesStream(data), b"", size, unpack, 0)
        if (unpack and self._archives and sniff_archive(data)) or sniff(data):
            return self._content(origin, BytesStream(b""), data, size, unpack, 0)
        if self._pulse is not None:
            self._pulse(0)
        self.bytes += size
        carry: dict[int, int] = {}
        text = data.find(b"\0", 0, 8192) < 0
        raws, detected = self._matcher.scan(data, 0, size + 1, carry, origin.path, text)
        if not raws and not detected:
            return ()
        return self._found(origin, Window(data, 0, 0, size + 1), raws, detected, 0, 0, set(), carry)

    def _too_large(self, size: int | None) -> bool:
        most = self._limits.max_file_size
        return most is not None and size is not None and size > most

    def _large(self, origin: Location, size: int | None) -> Problem:
        message = (
            f"it has {size} bytes, more than the limit of {self._limits.max_file_size}; it was not scanned"
        )
        return Problem("skipped-large", origin.display, message)

    def _file(self, item: Item) -> Iterable[Hit | Problem]:
        assert item.file is not None
        try:
            descriptor = os.open(item.file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            kind = "missing" if isinstance(error, FileNotFoundError) else "unreadable"
            return (Problem(kind, item.origin.display, f"{error.strerror}; it was not scanned"),)
        kept = False
        try:
            status = os.fstat(descriptor)
            size = status.st_size
            if not S_ISREG(status.st_mode):
                message = "it is no regular file, so it was not scanned"
                return (Problem("special", item.origin.display, message),)
            if self._too_large(size):
                return (self._large(item.origin, size),)
            head = os.read(descriptor, min(size, WHOLE) + 1)
            if len(head) == size <= WHOLE and not (item.unpack and self._archives and sniff_archive(head)):
                return self._bytes(item.origin, head, item.unpack)
            kept = True
            return self._large_file(item, descriptor, status, head)
        except OSError as error:
            return (self._unreadable(item, error),)
        finally:
            if not kept:
                os.close(descriptor)

    def _large_file(
        self, item: Item, descriptor: int, status: os.stat_result, head: bytes
    ) -> Iterator[Hit | Problem]:
        """A file in windows, or one to be opened. Takes the descriptor over."""
        size, stream = status.st_size, FileStream(descriptor)
        sparse = stream if size > 1 << 20 and status.st_blocks * 512 < size // 2 else None
        try:
            yield from self._content(item.origin, stream, head, size, item.unpack, 0, sparse)
        except OSError as error:
            yield self._unreadable(item, error)
        finally:
            os.close(descriptor)

    def _unreadable(self, item: Item, error: OSError) -> Problem:
        reason = error.strerror or "reading failed"
        return Problem("unreadable", item.origin.display, f"{reason}; it was not scanned whole")

    def _content(
        self,
        origin: Location,
        stream: Stream,
        head: bytes,
        size: int | None,
        unpack: bool,
        nesting: int,
        sparse: FileStream | None = None,
        budget: Budget | None = None,
    ) -> Iterator[Hit | Problem]:
        if not head:
            head = stream.read(WHOLE)
        while (
            len(head) < 512 and len(head) != size and (more := stream.read(WHOLE))
        ):  # a pipe may give little at a time
            head += more
        if unpack and self._archives:
            kind = sniff_archive(head)
            if kind[:1] == "?":
                message = f"{kind[1:]} archives cannot be opened; only its bytes as they are were scanned"
                yield Problem("archive-unknown", origin.display, message)
            elif kind and nesting >= self._limits.nesting:
                message = f"archives are nested deeper than {nesting}; it was not opened"
                yield Problem("bound-reached", origin.display, message)
            elif kind:
                yield from self._members(kind, origin, stream, head, size, nesting, budget)
                return
        encoding = sniff(head)
        if encoding:
            stream, head, size = Utf16Stream(_Joined(head, stream), encoding), b"", None
            origin = origin._replace(decoded=(*origin.decoded, "utf-16"))
        yield from self._windows(origin, windows(stream, head, size=size, sparse=sparse))

    def _members(
        self,
        kind: str,
        origin: Location,
        stream: Stream,
        head: bytes,
        size: int | None,
        nesting: int,
        budget: Budget | None,
    ) -> Iterator[Hit | Problem]:
        budget = budget or Budget(self._limits, size)
        source: Stream
        if nesting == 0 and isinstance(stream, FileStream):
            stream.seek(0)
            source = stream
        else:
            source = _Joined(head, stream)
        name = origin.inside[-1] if origin.inside else origin.path
        for member in members(kind, source, name, origin.display, budget, self._limits):
            if isinstance(member, Problem):
                yield member
                continue
            subject = f"{origin.display}!/{member.name}"
            try:
                first = member.stream.read(WHOLE)
                inner = origin._replace(inside=(*origin.inside, member.name))
                if member.compression:
                    while len(first) < 512 and (more := member.stream.read(WHOLE)):
                        first += more
                    if sniff_archive(first) == "tar":  # x.tar.gz is one archive to everybody
                        inner = origin
                yield from self._content(inner, member.stream, first, None, True, nesting + 1, budget=budget)
            except BoundReached as error:
                yield Problem("bound-reached", subject, str(error))
                return
            except (OSError, EOFError, ArithmeticError, ValueError, RuntimeError) as error:
                yield Problem("archive-corrupt", subject, f"it is damaged ({type(error).__name__})")
            except Exception as error:
                if type(error).__module__.partition(".")[0] not in (
                    "zlib",
                    "zipfile",
                    "_lzma",
                    "zstandard",
                    "zstd",
                ):
                    raise
                yield Problem("archive-corrupt", subject, f"it is damaged ({type(error).__name__})")

    def _windows(self, origin: Location, all_windows: Iterator[Window]) -> Iterator[Hit | Problem]:
        carry: dict[int, int] = {}
        lines, line_start, last = 0, 0, 0
        text, previous = True, b""
        seen: set[tuple[int, bytes]] = set()
        for window in all_windows:
            data, base = window.data, window.base
            if self._pulse is not None:
                self._pulse(base)
            self.bytes += min(window.stop, len(data)) - window.begin
            if base != last:
                shift = base - last
                carry = {rule: end - shift for rule, end in carry.items() if end > shift}
                passed = min(shift, len(previous))
                lines += previous.count(b"\n", 0, passed)
                if (newline := previous.rfind(b"\n", 0, passed)) >= 0:
                    line_start = last + newline + 1
                last = base
            else:
                text = data.find(b"\0", 0, 8192) < 0
            previous = data
            raws, detected = self._matcher.scan(
                data,
                window.begin,
                window.stop,
                carry,
                origin.inside[-1] if origin.inside else origin.path,
                text,
            )
            yield from self._found(origin, window, raws, detected, lines, line_start, seen, carry)

    def _found(
        self,
        origin: Location,
        window: Window,
        raws: list[Raw],
        detected: list[int],
        lines: int,
        line_start: int,
        seen: set[tuple[int, bytes]],
        carry: dict[int, int],
    ) -> Iterator[Hit | Problem]:
        """What a window holds, as it stands and encoded."""
        data = window.data
        for raw in raws:
            yield _hit(
                raw,
                data[raw.start : raw.end],
                raw.line,
                origin,
                raw.start,
                raw.end,
                window,
                lines,
                line_start,
            )
        if detected and self._decoder is not None:
            direct = {data[raw.start : raw.end] for raw in raws}
            yield from self._decoded(origin, window, detected, lines, line_start, seen, direct)

    def _decoded(
        self,
        origin: Location,
        window: Window,
        detected: list[int],
        lines: int,
        line_start: int,
        seen: set[tuple[int, bytes]],
        direct: set[bytes],
    ) -> Iterator[Hit | Problem]:
        """Scans what is encoded in a window, level by level; places are those of the outermost encoded piece."""
        assert self._decoder is not None
        budget = DECODED * len(window.data) + (1 << 16)
        path = origin.inside[-1] if origin.inside else origin.path
        level: list[tuple[tuple[str, ...], int, int, bytes]] = []
        for piece in self._decoder.pieces(window.data, detected, window.begin, window.stop):
            level.append(((piece.encoding,), piece.start, piece.end, piece.content))
        for depth in range(self._limits.depth):
            following: list[tuple[tuple[str, ...], int, int, bytes]] = []
            for names, start, end, content in level:
                budget -= len(content)
                if budget < 0:
                    message = "more encoded text than is decoded; the text as it is was scanned"
                    yield Problem("decode-bound", origin.display, message)
                    return
                raws, more = self._matcher.scan(content, 0, len(content) + 1, {}, path, True)
                for raw in raws:
                    secret = content[raw.start : raw.end]
                    if (raw.rule, secret) in seen or (
                        secret in window.data[start:end]
                        and (
                            names[0] not in _GLUED
                            or secret in direct
                            or self._matcher.rules[raw.rule].generic
                        )
                    ):
                        continue  # stands there in the clear as well
                    seen.add((raw.rule, secret))
                    line = (
                        line_around(window.data, start, min(end, start + 256)) if not raw.line else raw.line
                    )
                    place = origin._replace(decoded=(*origin.decoded, *names))
                    yield _hit(raw, secret, line, place, start, end, window, lines, line_start)
                if more and depth + 1 < self._limits.depth:
                    for piece in self._decoder.pieces(content, more, 0, len(content) + 1):
                        if piece.content != content:
                            following.append(((*names, piece.encoding), start, end, piece.content))
            level = following
            if not level:
                return


def _hit(
    raw: Raw,
    secret: bytes,
    line: bytes,
    origin: Location,
    start: int,
    end: int,
    window: Window,
    lines: int,
    line_start: int,
) -> Hit:
    data = window.data
    first = lines + data.count(b"\n", 0, start) + 1
    last = first + data.count(b"\n", start, end)
    where = origin._replace(
        line=first,
        column=_column(data, start, window.base, line_start),
        end_line=last,
        end_column=_column(data, end, window.base, line_start),
        offset=window.base + start,
    )
    return Hit(raw.rule, raw.confidence, secret, line, raw.details, where)


def _column(data: bytes, at: int, base: int, line_start: int) -> int:
    newline = data.rfind(b"\n", 0, at)
    return at - newline if newline >= 0 else base + at - line_start + 1


class _Joined:
    """What was already read, then the rest."""

    def __init__(self, head: bytes, rest: Stream) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        if self._head:
            out, self._head = self._head[:size], self._head[size:]
            return out
        return self._rest.read(size)

    def close(self) -> None:
        self._rest.close()
