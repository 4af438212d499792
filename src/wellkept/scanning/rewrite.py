"""``Rewriter``: a log stream without its secrets, whole lines at a time.

What the rules find is replaced by a marker that names the rule, wherever it occurs in the piece at hand; what the
redactor knows (the values of a store) by the redactor's own. A private key of many lines is held until it ends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .finding import Finding

HOLD = 64 << 10
"""Bytes that are held for the end of a line or of a key; after that they go as they are known by then."""
FAILED = b"[redaction failed]\n"

_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----")
_END = b"-----END "


class Rewriter:
    """``look`` gives the findings in some bytes; ``known`` hides known values in a stream, where there are any."""

    def __init__(
        self, look: Callable[[bytes], Iterable[Finding]], known: Callable[[bytes], bytes] | None = None
    ) -> None:
        self._look = look
        self._known = known
        self._held = b""
        self.count = 0
        """Secrets replaced so far."""

    def feed(self, chunk: bytes) -> bytes:
        """Take ``chunk``; what may pass on. After an error inside, a marker instead: nothing passes unseen."""
        data = self._held + chunk
        cut = _whole(data)
        self._held = data[cut:]
        return self._rewritten(data[:cut]) if cut else b""

    def flush(self) -> bytes:
        """The rest, at the end of the stream."""
        data, self._held = self._held, b""
        return self._rewritten(data) if data else b""

    def _rewritten(self, data: bytes) -> bytes:
        try:
            data = self._hidden(data)
            return self._known(data) if self._known is not None else data
        except Exception:
            return FAILED  # the error may quote the line, so it is not shown either

    def _hidden(self, data: bytes) -> bytes:
        found = sorted(self._look(data), key=lambda finding: -len(finding.secret.reveal_bytes()))
        spans: list[tuple[int, int, bytes]] = []
        for finding in found:
            self.count += 1
            marker = f"[redacted:{finding.rule}]".encode()
            value = finding.secret.reveal_bytes()
            if value and value in data and not finding.location.decoded:
                data = data.replace(value, marker)
            elif finding.location.decoded:
                spans.append((finding.location.line, finding.location.end_line, marker))
        return _without_lines(data, spans) if spans else data


def _without_lines(data: bytes, spans: list[tuple[int, int, bytes]]) -> bytes:
    """Lines that hold a secret in some encoding: nobody can say which of their characters give it away."""
    lines = data.splitlines(keepends=True)
    for first, last, marker in spans:
        for number in range(first - 1, min(last, len(lines))):
            ending = lines[number][len(lines[number].rstrip(b"\r\n")) :]
            lines[number] = marker + ending
    return b"".join(lines)


def _whole(data: bytes) -> int:
    """How much of it is whole lines, up to a key that has not ended."""
    cut = data.rfind(b"\n") + 1
    begin = None
    for match in _BEGIN.finditer(data):
        begin = match
    if begin is not None and _END not in data[begin.end() :]:
        cut = min(cut, data.rfind(b"\n", 0, begin.start()) + 1)
    return cut if len(data) - cut <= HOLD else len(data)
