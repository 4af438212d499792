"""A layer's files, one after the other, without unpacking anything to disk."""

from __future__ import annotations

import io
import zlib
from typing import IO, TYPE_CHECKING, Any, cast

from ....errors import ConfigError
from ...limits import BoundReached
from ..tar import TarCorrupt, tar_members
from .container import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .. import Stream

LAYER_BYTES = 64 << 30
"""What a layer may unpack to."""
MEMBERS = 2_000_000

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"

_ZSTD = b"\x28\xb5\x2f\xfd"


class Bounded(io.RawIOBase):
    """Reads of ``source`` up to ``limit`` bytes in all; after that raises ``Broken``."""

    def __init__(self, source: IO[bytes], limit: int) -> None:
        self._source = source
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise Broken("unpacks to more than is sensible; it may be a bomb")
        buffer[: len(data)] = data
        return len(data)


def unpacked(file: IO[bytes]) -> IO[bytes]:
    """The layer without its compression, which its first bytes tell. Raises ``ConfigError`` without zstandard."""
    head = file.read(6)
    file.seek(0)
    plain: IO[bytes]
    if head[:2] == b"\x1f\x8b":
        import gzip

        plain = cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    elif head[:4] == _ZSTD:
        plain = _zstd(file)
    elif head[:3] == b"BZh":
        import bz2

        plain = cast("IO[bytes]", bz2.BZ2File(file))
    elif head == b"\xfd7zXZ\x00":
        import lzma

        plain = cast("IO[bytes]", lzma.LZMAFile(file))  # noqa: SIM115 - closed with what it reads
    else:
        plain = file
    return cast("IO[bytes]", io.BufferedReader(Bounded(plain, LAYER_BYTES), 1 << 18))


def is_tar(plain: IO[bytes]) -> bool:
    """Whether it begins like one; an empty layer does as well. Nothing is consumed."""
    head = cast("io.BufferedReader", plain).peek(512)[:512]
    return head[257:262] == b"ustar" or not head.strip(b"\0") or _old_tar(head)


def _old_tar(head: bytes) -> bool:
    field = head[148:156].strip(b" \0")
    if len(head) < 512 or not field or field.strip(b"01234567"):
        return False
    return int(field, 8) == sum(head[:148]) + 8 * 32 + sum(head[156:512])


def members(plain: IO[bytes]) -> Iterator[tuple[str, Stream]]:
    """Names and contents of the files, whiteouts among them. Raises ``Broken`` for a damaged archive or a bomb."""
    reason = ""
    try:
        for count, member in enumerate(tar_members(plain), 1):
            if count > MEMBERS:
                reason = f"has more than {MEMBERS} files"
                break
            yield member
    except BoundReached as error:
        reason = str(error)
    except (TarCorrupt, EOFError, OSError, ValueError, zlib.error) as error:
        reason = f"is damaged or cut short ({type(error).__name__})"
    except Exception as error:
        if type(error).__name__ not in ("ZstdError", "LZMAError"):
            raise
        reason = f"is damaged ({type(error).__name__})"
    if reason:
        raise Broken(reason)


def _zstd(file: IO[bytes]) -> IO[bytes]:
    try:
        import zstandard
    except ImportError:
        pass
    else:
        return cast(
            "IO[bytes]",
            zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(file, read_across_frames=True),
        )
    raise ConfigError("this layer is compressed by zstd: pip install 'wellkept[scan]'")


def removed_by(name: str) -> tuple[str, bool] | None:
    """What a whiteout takes away: a path, and whether it is only what lies below that directory."""
    folder, _, base = name.rpartition("/")
    if base == OPAQUE:
        return folder, True
    if base.startswith(WHITEOUT):
        return f"{folder}/{base[len(WHITEOUT) :]}".lstrip("/"), False
    return None
