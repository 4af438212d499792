"""Opens archives as streams: zip and its kin, tar, gzip, bzip2, xz, zstandard; nothing is written to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..limits import BoundReached, Budget, Limits
from ..problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Stream

COMPRESSIONS = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz", "zstd": ".zst"}
_SHORT = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".tzst": ".tar"}
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "?7z"),
    (b"Rar!\x1a\x07", "?rar"),
    (b"MSCF\0\0\0\0", "?cab"),
    (b"\x04\x22\x4d\x18", "?lz4"),
    (b"\x1f\x9d", "?compress"),
    (b"\xed\xab\xee\xdb", "?rpm"),
    (b"!<arch>\ndebian-binary", "?deb"),
)
_FIRST = frozenset(magic[0] for magic, _ in _MAGIC)


def sniff(head: bytes) -> str:
    """The kind by its first bytes: empty for none, with a leading ``?`` for one that cannot be opened here."""
    if not head:
        return ""
    if head[0] in _FIRST:
        for magic, kind in _MAGIC:
            if head.startswith(magic) and (kind != "bzip2" or head[4:10] == b"1AY&SY"):
                return kind
    return "tar" if head[257:262] == b"ustar" else ""


class Member(NamedTuple):
    """One member: its name, ``None`` for what a compression holds when that is an archive itself."""

    name: str
    stream: Stream
    compression: bool = False


class _Counted:
    """Spends from the budget whatever is read."""

    def __init__(self, stream: Any, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int, /) -> bytes:
        data: bytes = self._stream.read(size)
        self._budget.spend(len(data))
        return data

    def close(self) -> None:
        self._stream.close()


def members(
    kind: str, stream: Stream, name: str, subject: str, budget: Budget, limits: Limits
) -> Iterator[Member | Problem]:
    """The members of an archive, each to be read before the next is asked for.

    ``name`` is its own last name, ``subject`` how problems call it. What is damaged, encrypted or beyond the
    bounds becomes a problem; members before it are still given.
    """
    try:
        if kind == "zip":
            found = _zip(stream, subject, limits)
        elif kind == "tar":
            from .tar import tar_members

            found = (Member(path, content) for path, content in tar_members(stream))
        else:
            found = iter((Member(_inner(name, kind), decompress(kind, stream), True),))
        for member in found:
            if isinstance(member, Problem):
                yield member
                continue
            budget.member()
            yield member._replace(stream=_Counted(member.stream, budget))
            member.stream.close()
        return
    except (BoundReached, MemoryError) as error:
        kind, message = "bound-reached", str(error) or "it needs too much memory"
    except ImportError:
        kind, message = "archive-unknown", "opening it needs the package zstandard: 'wellkept[scan]'"
    except Exception as error:  # a damaged archive makes the libraries raise nearly anything
        kind, message = (
            "archive-corrupt",
            f"it is damaged ({type(error).__name__}): what follows was not scanned",
        )
    yield Problem(kind, subject, message)


def _inner(name: str, kind: str) -> str:
    """The name of what is compressed: ``x.tar`` of ``x.tgz`` and ``x.tar.gz``."""
    base = name.rpartition("/")[2]
    for short, long in _SHORT.items():
        if base.endswith(short):
            return base[: -len(short)] + long
    suffix = COMPRESSIONS[kind]
    return base[: -len(suffix)] if base.endswith(suffix) and base != suffix else base


def decompress(kind: str, stream: Stream) -> Any:
    """What a compressed stream holds."""
    if kind == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=stream, mode="rb")  # type: ignore[call-overload]  # read() is all it needs
    if kind == "zstd":
        from importlib import import_module

        return _Zstandard(import_module("zstandard"), stream)
    return _Blocks(kind, stream)


class _Blocks:
    """bzip2 and xz, several streams one after the other, never more in memory than asked for."""

    def __init__(self, kind: str, stream: Stream) -> None:
        self._kind = kind
        self._stream = stream
        self._engine: Any = self._new()
        self._fresh = False

    def _new(self) -> Any:
        if self._kind == "bzip2":
            import bz2

            return bz2.BZ2Decompressor()
        import lzma

        return lzma.LZMADecompressor(memlimit=256 << 20)

    def read(self, size: int, /) -> bytes:
        while True:
            raw = b""
            if self._engine.eof:
                raw = self._engine.unused_data or self._stream.read(1 << 16)
                if not raw.strip(b"\0"):
                    return b""
                self._engine = self._new()
            elif self._engine.needs_input:
                raw = self._stream.read(1 << 16)
                if not raw:
                    raise EOFError
            out: bytes = self._engine.decompress(raw, size)
            if out:
                return out

    def close(self) -> None:
        self._engine = None


class _Zstandard:
    """zstandard, whose own reader takes a stream that is cut short for one that ended.

    So a last small frame is appended to what is read. Where the content does not end with what that frame says,
    it was swallowed by a frame that had not ended.
    """

    MARK = b"wellkept " * 12  # compresses, so that the frame's own bytes do not end with it

    def __init__(self, zstandard: Any, stream: Stream) -> None:
        self._stream = stream
        self._tail: bytes | None = zstandard.ZstdCompressor().compress(self.MARK)
        self._held = b""
        decompressor = zstandard.ZstdDecompressor(max_window_size=128 << 20)
        self._reader = decompressor.stream_reader(self._Source(self), read_across_frames=True, closefd=False)

    class _Source:
        def __init__(self, owner: _Zstandard) -> None:
            self._owner = owner

        def read(self, size: int) -> bytes:
            owner = self._owner
            data = owner._stream.read(size)
            if not data and owner._tail is not None:
                data, owner._tail = owner._tail, None
            return data

    def read(self, size: int, /) -> bytes:
        while True:
            data: bytes = self._reader.read(size)
            if not data:
                if self._held != self.MARK:
                    raise EOFError
                return b""
            data = self._held + data
            keep = min(len(data), len(self.MARK))
            out, self._held = data[: len(data) - keep], data[len(data) - keep :]
            if out:
                return out

    def close(self) -> None:
        self._reader.close()


def _zip(stream: Stream, subject: str, limits: Limits) -> Iterator[Member | Problem]:
    import zipfile

    source: Any = stream
    if not hasattr(stream, "seek"):
        from io import BytesIO

        held = _whole(stream, limits.in_memory)
        source = BytesIO(held)
    _guard_directory(source, limits)
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if info.flag_bits & 1:
                message = "it is encrypted, so it was not scanned"
                yield Problem("archive-corrupt", f"{subject}!/{info.filename}", message)
                continue
            try:
                content: Any = archive.open(info)
            except (NotImplementedError, zipfile.BadZipFile) as error:
                message = f"it cannot be read ({type(error).__name__})"
                yield Problem("archive-corrupt", f"{subject}!/{info.filename}", message)
                continue
            yield Member(info.filename, content)


def _whole(stream: Stream, most: int) -> bytes:
    parts, size = [], 0
    while part := stream.read(1 << 18):
        size += len(part)
        if size > most:
            raise BoundReached(f"a zip within an archive is larger than {most} bytes; it was not opened")
        parts.append(part)
    return b"".join(parts)


def _guard_directory(source: Any, limits: Limits) -> None:
    """A zip's directory is read whole: refuses one of an absurd size before that happens."""
    size = source.seek(0, 2)
    source.seek(max(0, size - 65_557))
    tail = source.read(65_557)
    place = tail.rfind(b"PK\x05\x06")
    directory = int.from_bytes(tail[place + 12 : place + 16], "little") if place >= 0 else 0
    if directory == 0xFFFFFFFF and (wide := tail.rfind(b"PK\x06\x06")) >= 0:
        directory = int.from_bytes(tail[wide + 40 : wide + 48], "little")
    source.seek(0)
    if directory > limits.in_memory:
        raise BoundReached(f"its directory has {directory} bytes; it was not opened")
