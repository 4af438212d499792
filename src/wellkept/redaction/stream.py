"""``StreamRedactor``: bytes in as they come, bytes without secrets out as soon as may be.

A value that arrives in several pieces is found wherever the borders fall, because the end of what came is
held back exactly as long as it may be the beginning of a known value; everything else leaves at once, so a
prompt without a newline appears when it is written. What is held is bounded: known values are at most a few
kilobytes (longer ones are searched for in pieces), and shapes are waited for up to ``SHAPE_HOLD`` bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .open_shapes import SHAPE_HOLD, open_shape
from .redactor import FAILED, default
from .spans import JOIN_GAP, Find, finds, stretches

if TYPE_CHECKING:
    from .redactor import Redactor
    from .shape import Span

CONTEXT = 256
"""Bytes of the line already passed on that shapes may look back at: ``password=`` came before its value."""


class StreamRedactor:
    """One stream, such as a child's standard output. Not to be shared between threads."""

    __slots__ = ("_carried", "_context", "_held", "_redactor")

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = default() if redactor is None else redactor
        self._held = b""
        self._context = b""
        self._carried: Find | None = None  # the beginning of what is held for which a marker already left

    def feed(self, chunk: bytes) -> bytes:
        """Take ``chunk``; return what may pass on. After an internal error: ``[redaction failed]`` instead."""
        return self._guarded(self._held + chunk, final=False) if chunk else b""

    def flush(self) -> bytes:
        """The rest, at the end of the stream."""
        return self._guarded(self._held, final=True)

    @property
    def pending(self) -> int:
        """Bytes held back."""
        return len(self._held)

    def _guarded(self, data: bytes, *, final: bool) -> bytes:
        try:
            return self._advance(data, final)
        except Exception:
            # Closed, not silent: the text is withheld; the error may quote it, so it is not shown either.
            self._held, self._context, self._carried = b"", b"", None
            return FAILED.encode()

    def _advance(self, data: bytes, final: bool) -> bytes:
        index = self._redactor.index()
        mirror = data.decode("latin-1")
        shapes, hold = self._shapes(mirror, final)
        found = finds(index.find(data, mirror), shapes)
        carried = self._carried
        if carried is not None:
            found.append(carried)
        found = stretches(found)
        if not final:
            hold = min(hold, index.beginnings().open_from(data))
            hold = min([hold, *(f.end for f in found if f.joins and 0 <= hold - f.end <= JOIN_GAP)])
        return self._emit(data, found, hold, carried)

    def _emit(self, data: bytes, found: list[Find], hold: int, carried: Find | None) -> bytes:
        """What stands before ``hold``. A stretch that reaches beyond it gets its marker now, and carries on."""
        out: list[bytes] = []
        at = 0
        self._carried = None
        for find in found:
            if find.start >= hold and not (carried is not None and find.start == 0):
                break
            out.append(data[at : find.start])
            if not _continues(find, carried):
                out.append(self._redactor.marker(find.label))
            at = find.end
            if at >= hold and (at > hold or find.joins):
                self._carried = Find(0, at - hold, find.label, find.joins)
        out.append(data[at:hold])
        self._held = data[hold:]
        line = self._context + data[:hold]
        self._context = line[max(line.rfind(b"\n") + 1, len(line) - CONTEXT) :]
        return b"".join(out)

    def _shapes(self, mirror: str, final: bool) -> tuple[list[Span], int]:
        """Shapes in the text, seen with the line before it; and from where one may be about to begin."""
        before = len(self._context)
        text = self._context.decode("latin-1") + mirror
        spans = self._redactor.shapes.find(text)
        hold = len(text)
        if not final and self._redactor.shapes:
            hold = min([open_shape(text), *(start for start, end in spans if end == len(text))])
            if len(text) - hold > SHAPE_HOLD:
                hold = len(text)
        inside = [(max(start - before, 0), end - before) for start, end in spans if end > before]
        return inside, max(hold - before, 0)


def _continues(find: Find, carried: Find | None) -> bool:
    """Whether the marker for this stretch has already left."""
    if carried is None or find.start > 0:
        return False
    return carried.end > 0 or find.label == carried.label
