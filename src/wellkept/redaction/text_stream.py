"""``RedactingStream``: a text stream that redacts what is written through it, such as ``sys.stdout``.

A value that is written in parts is found across the writes; what may be the beginning of one waits for the
next write, for ``close`` or for the end of the process. ``flush`` passes on what is certain and flushes the
stream below, so that a prompt appears.
"""

from __future__ import annotations

import weakref
from threading import RLock
from typing import TYPE_CHECKING, Any

from .forks import renew_in_child
from .redactor import decode
from .stream import StreamRedactor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from .redactor import Redactor


class RedactingStream:
    """Wraps ``stream``. Whatever is not about writing (``encoding``, ``isatty``, ..) is the wrapped stream's."""

    def __init__(self, stream: Any, redactor: Redactor | None = None) -> None:
        self._stream = stream
        self._bytes = StreamRedactor(redactor)
        self._cut = b""  # the beginning of a character whose rest is held back
        self._lock = RLock()
        renew_in_child(self)
        self._finish = weakref.finalize(self, _finish, stream, self._bytes)

    def write(self, text: str) -> int:
        """Take ``text``; returns its length, as every text stream does."""
        if not isinstance(text, str):
            raise TypeError(f"write() takes str, not {type(text).__name__}")
        with self._lock:
            self._pass_on(self._bytes.feed(str.__str__(text).encode("utf-8", "surrogatepass")))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of ``lines``."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream below; what may be the beginning of a value still waits."""
        self._stream.flush()

    def close(self) -> None:
        """Pass on the rest and close the stream below."""
        self.detach()
        self._stream.close()

    def detach(self) -> Any:
        """Pass on the rest; return the stream below, which is itself again."""
        with self._lock:
            self._pass_on(self._bytes.flush(), final=True)
        self._finish.detach()
        self._stream.flush()
        return self._stream

    @property
    def buffer(self) -> RedactingBuffer:
        """A face for bytes, as ``sys.stdout.buffer`` is; it redacts as well."""
        return RedactingBuffer(self)

    def _pass_on(self, data: bytes, *, final: bool = False) -> None:
        data = self._cut + data
        end = len(data) if final else _whole_characters(data)
        self._cut = data[end:]
        if end:
            self._stream.write(decode(data[:end]))

    def _renew(self) -> None:
        self._lock = RLock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> RedactingStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class RedactingBuffer:
    """Bytes written here go the way of the text, and in its order."""

    def __init__(self, owner: RedactingStream) -> None:
        self._owner = owner

    def write(self, data: bytes) -> int:
        """Take ``data``; returns its length."""
        owner = self._owner
        with owner._lock:
            out = owner._cut + owner._bytes.feed(bytes(data))
            owner._cut = b""
            owner._stream.flush()
            owner._stream.buffer.write(out)
        return len(data)

    def flush(self) -> None:
        """Flush the stream below."""
        self._owner.flush()


def _finish(stream: Any, redactor: StreamRedactor) -> None:
    """At the end of the process, or when the wrapper is dropped: nothing that was held is lost."""
    try:
        stream.write(decode(redactor.flush()))
        stream.flush()
    except (ValueError, OSError):
        pass  # the stream below was closed before: there is nobody left to write to


def _whole_characters(data: bytes) -> int:
    """How many bytes of ``data`` are whole UTF-8 characters (RFC 3629: the lead byte tells the length)."""
    for back in range(1, min(3, len(data)) + 1):
        lead = data[-back]
        if lead >= 0xC0:
            length = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return len(data) - back if length > back else len(data)
        if lead < 0x80:
            break
    return len(data)
