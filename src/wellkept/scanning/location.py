"""``Location``: where something was found, from the commit or image layer down to the byte."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTHING: Mapping[str, str] = MappingProxyType({})


class Location(NamedTuple):
    """One place.

    ``path`` is the file as the target names it (bytes that are no UTF-8 as surrogate escapes). ``line`` and
    ``column`` count from 1, columns in bytes, the end is exclusive in its column (SARIF's convention);
    ``offset`` is the byte offset of the secret's first byte. All five refer to the innermost thing that was
    read: the member of an archive, the text a UTF-16 file decodes to; for a piece that was decoded from
    base64 and the like they are those of the encoded piece in what surrounds it.

    ``inside`` names the members on the way in, outermost first (``("lib.jar", "META-INF/x")``); ``decoded``
    the encodings that were undone, outermost first (``"base64"``, ``"hex"``, ``"url"``, ``"json"``,
    ``"utf-16"``). The rest is known for some targets only: ``date`` is RFC 3339, ``in_head`` says whether
    the blob is still in HEAD, ``layer`` is an image layer's digest, ``ref`` the git ref it was reached from.
    """

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1
    offset: int = 0
    inside: tuple[str, ...] = ()
    decoded: tuple[str, ...] = ()
    commit: str | None = None
    author: str | None = None
    email: str | None = None
    date: str | None = None
    in_head: bool | None = None
    layer: str | None = None
    ref: str | None = None
    extra: Mapping[str, str] = NOTHING

    @property
    def display(self) -> str:
        """The path with the members on the way in: ``app.tar!/lib.jar!/META-INF/x``. Not safe for a terminal."""
        return "!/".join((self.path, *self.inside))

    def sort_key(self) -> tuple[str, int, str, int, tuple[str, ...]]:
        """Orders places for reports: the same whatever the number of processes."""
        return (self.display, self.offset, self.commit or "", self.column, self.decoded)
