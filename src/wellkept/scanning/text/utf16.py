"""Text in UTF-16, told by its byte order mark or by its zeros, read as UTF-8."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..targets import Stream


def sniff(head: bytes) -> str:
    """``utf-16-le``, ``utf-16-be``, ``utf-32-le`` or empty, by the first bytes of a file."""
    if head[:4] == b"\xff\xfe\0\0":
        return "utf-32-le"
    if head[:2] == b"\xff\xfe":
        return "utf-16-le"
    if head[:2] == b"\xfe\xff":
        return "utf-16-be"
    if len(head) < 16 or b"\0" not in head[:16]:
        return ""
    sample = head[:1024]
    even, odd = sample[::2], sample[1::2]
    if odd.count(0) > 0.9 * len(odd) and even.count(0) == 0 and even.isascii():
        return "utf-16-le"
    if even.count(0) > 0.9 * len(even) and odd.count(0) == 0 and odd.isascii():
        return "utf-16-be"
    return ""


class Utf16Stream:
    """A stream of UTF-16 as one of UTF-8; what does not decode becomes U+FFFD."""

    def __init__(self, stream: Stream, encoding: str) -> None:
        from codecs import getincrementaldecoder

        self._stream = stream
        self._decoder = getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes of UTF-8; empty at the end."""
        while not self._ready:
            raw = self._stream.read(size)
            text = self._decoder.decode(raw, final=not raw)
            self._ready = text.encode("utf-8", "replace")
            if not raw:
                break
        out, self._ready = self._ready[:size], self._ready[size:]
        return out

    def close(self) -> None:
        """Closes what is read from."""
        self._stream.close()
