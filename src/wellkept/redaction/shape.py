"""What a shape is: a keyword that is cheap to look for, and an expression that is tried where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

Span = tuple[int, int]
Check = Callable[[re.Match[str]], "Span | None"]


class Shape(NamedTuple):
    """``keywords``: any of these (in lower case where ``caseless``); ``pattern``: matched where one stands.

    The group ``secret`` is what is hidden, with ``back`` characters before the keyword. ``check`` sees a
    match and says what to hide instead, or ``None``: a false alarm.
    """

    name: str
    keywords: tuple[str, ...]
    pattern: re.Pattern[str]
    caseless: bool = False
    back: int = 0
    check: Check | None = None


_MASKED = re.compile(
    r"\*+|x{3,}|X{3,}|\.{3,}|-+|\?+|\$\{?\w+\}?|\{+[\w .]*\}+|%\(?\w*\)?s|<[\w -]+>|\[[\w -]*\]"
    r"|\[redacted[^\[\]]*\]|<redacted[^<>]*>|«[^«»]*»|Â«[^»]*Â»",
    re.ASCII,
).fullmatch


def is_placeholder(text: str) -> bool:
    """Whether ``text`` only stands where a value would: ``***``, ``${PASSWORD}``, ``%s``, ``<password>``, a marker."""
    return _MASKED(text.strip()) is not None
