"""``Redactor``: text in, text without secrets out.

It searches for every known value in every form (``forms``) and part (``parts``) by an index that grows with
the registry it reads, and for well-known shapes. It fails closed: whatever goes wrong in here, the text is
withheld and ``[redaction failed]`` stands in its place.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, TypeVar

from . import known as _known
from .forks import renew_in_child
from .forms import forms
from .index import Index
from .parts import parts
from .shapes import SHAPES, Shapes
from .spans import Find, finds, stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .shape import Shape

FAILED = "[redaction failed]"

T = TypeVar("T", str, bytes)


class Redactor:
    """Hides known values and well-known shapes.

    ``known``: the registry to read (the process's own by default; changes are noticed at the next call).
    ``shapes``: the shapes to look for; ``()`` for none. ``named``: the marker for a known value, with
    ``{name}`` for the secret's name, or a function from the name to the marker. ``unnamed``: the marker for a
    shape, or for a value that has no name.

    Safe to share between threads, and usable in both halves of a fork.
    """

    def __init__(
        self,
        known: _known.Known | None = None,
        *,
        shapes: Iterable[Shape] = SHAPES,
        named: str | Callable[[str], str] = "[redacted:{name}]",
        unnamed: str = "[redacted]",
    ) -> None:
        self.known = _known.DEFAULT if known is None else known
        self.unnamed = unnamed
        self._named = named if callable(named) else _template(named)
        self.shapes = Shapes(shapes)
        self._index = Index()
        self._mark = _known.UNREAD
        self._serial = -1
        self._lock = RLock()
        renew_in_child(self)

    def redact(self, text: T) -> T:
        """``text`` with a marker in place of each secret; the same object where there is none.

        ``text`` is ``str`` (any, lone surrogates included) or ``bytes``. Raises only ``TypeError``, for
        anything else; an error inside gives ``[redaction failed]``.
        """
        try:
            if isinstance(text, str):
                return self._redact_text(text)
            if isinstance(text, bytes):
                found = self.search(text)
                return self.replace(text, found) if found else text
        except Exception:
            # The error itself may quote the text, so it is not even logged.
            return FAILED if isinstance(text, str) else FAILED.encode()
        raise TypeError(f"redact() takes str or bytes, not {type(text).__name__}")

    def search(self, data: bytes) -> list[Find]:
        """What ``data`` holds that must not be shown: disjoint stretches, in order."""
        return self._search(data, data.decode("latin-1"))

    def replace(self, data: bytes, found: Iterable[Find]) -> bytes:
        """``data`` with a marker in place of each of ``found``, as ``search`` gave them."""
        kept: list[bytes] = []
        at = 0
        for find in found:
            kept += (data[at : find.start], self.marker(find.label))
            at = find.end
        kept.append(data[at:])
        return b"".join(kept)

    def marker(self, label: str | None) -> bytes:
        """What stands in place of the secret ``label``, or of a shape (``None``)."""
        return (self._named(label) if label else self.unnamed).encode("utf-8", "surrogatepass")

    def index(self) -> Index:
        """The index of every known value, up to date."""
        if self.known.serial != self._serial:
            self._learn()
        return self._index

    def _redact_text(self, text: str) -> str:
        exact = text if type(text) is str else str.__str__(text)
        if len(exact) < _known.MIN_LENGTH:
            return text
        if exact.isascii():
            data, mirror = exact.encode(), exact
        else:
            data = exact.encode("utf-8", "surrogatepass")
            mirror = data.decode("latin-1")
        found = self._search(data, mirror)
        if not found:
            return text
        return decode(self.replace(data, found))

    def _search(self, data: bytes, mirror: str) -> list[Find]:
        if self.known.serial != self._serial:
            self._learn()
        hits = self._index.find(data, mirror)
        shapes = self.shapes.find(mirror)
        return stretches(finds(hits, shapes)) if hits or shapes else []

    def _learn(self) -> None:
        """Read what is new in the registry. Another thread waits, so that what was remembered before its call
        is found; a registry that dropped values gives a new index, so that a search under way is not harmed."""
        with self._lock:
            news, everything, mark, serial = self.known.since(self._mark)
            index = Index() if everything else self._index
            for secret in news:
                for part in parts(secret):
                    if part.label in self.known.spared:
                        continue
                    for body, form in forms(part.value, piece=part.joins):
                        if len(body) >= _known.MIN_LENGTH:
                            index.add(body, form, part.value, part.label, part.joins)
            self._index, self._mark, self._serial = index, mark, serial

    def _renew(self) -> None:
        """In the child of a fork, where a vanished thread held the lock: a new one, and a new index."""
        self._lock = RLock()
        self._mark, self._serial = _known.UNREAD, -1

    def __repr__(self) -> str:
        return f"<Redactor of {self.known!r}>"


def _template(template: str) -> Callable[[str], str]:
    return lambda name: template.replace("{name}", name)


def decode(data: bytes) -> str:
    """Redacted bytes of what was text as text again."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # a binary value was found inside a character
        return data.decode("utf-8", "replace")


_default: Redactor | None = None


def default() -> Redactor:
    """The redactor that every face uses unless given another: the process's values, every shape."""
    global _default
    if _default is None:
        _default = Redactor()
    return _default
