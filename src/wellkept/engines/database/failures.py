"""What goes wrong at a database: a text for whoever asked, with no value in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "[password]"
_SHORTEST = 3
"""Shorter values are no secrets, and replacing them would garble the text."""
LONGEST = 2000


class DatabaseFailure(Exception):
    """The server refused, or was not reached. ``lost``: the connection is of no more use. ``refused``: it is the
    credentials that the server did not take."""

    def __init__(self, text: str, *, lost: bool = False, refused: bool = False) -> None:
        super().__init__(text)
        self.lost = lost
        self.refused = refused


def without(text: str, values: Iterable[str]) -> str:
    """``text`` with none of ``values`` in it, in any of the forms in which a server or a driver would quote them."""
    from urllib.parse import quote, quote_plus

    forms: set[str] = set()
    for value in values:
        if len(value) >= _SHORTEST:
            forms |= {value, value.replace("'", "''"), value.replace("\\", "\\\\").replace("'", "\\'")}
            forms |= {quote(value, safe=""), quote(value), quote_plus(value), repr(value)[1:-1]}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text[:LONGEST]
