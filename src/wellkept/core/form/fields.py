"""A field of a request: what type it has, and whether the audit record may show it."""

from __future__ import annotations

from typing import Any, NamedTuple

from .convert import ZERO


class Field(NamedTuple):
    """``kind`` is one of ``convert.CONVERTERS``. ``default`` is what an absent one is worth (``None``: the
    kind's zero). ``clear``: the audit record shows it as it is, else a keyed digest of it."""

    kind: str = "string"
    default: Any = None
    clear: bool = False

    def absent(self) -> Any:
        return ZERO[self.kind] if self.default is None else self.default


TEXT = Field()
NAME = Field(clear=True)
FLAG = Field("bool", clear=True)
NUMBER = Field("int", clear=True)
SECONDS = Field("seconds", clear=True)
MAP = Field("map")
LIST = Field("slice")
NUMBERS = Field("ints", clear=True)
