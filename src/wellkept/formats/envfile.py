"""``.env`` files, as python-dotenv reads them.

Reading is python-dotenv's own parser (see ``sources.dotenv``). Writing is harder than it looks, because
python-dotenv expands ``${NAME}`` in every value, single-quoted ones too, and knows no escape for it. Its own
syntax has a way out all the same: ``${NAME:-$}`` is a dollar sign when ``NAME`` is not set. So a value is
written, in this order of preference:

- bare, when nothing in it could be taken for syntax;
- in single quotes, which python-dotenv, shells and Docker Compose read alike;
- in double quotes with escapes, each ``${`` as ``${WELLKEPT_DOLLAR:-$}{``.

A value that ends in a backslash ends in ``${WELLKEPT_BACKSLASH:-\\\\}`` instead: older versions of
python-dotenv (1.0) take the backslash before the closing quote for an escape, whatever stands before it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import Item, decode
from .text import all_text, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_KEY = re.compile(r"[^=#\s'\ufeff][^=#\s]*")
_DOLLAR = "WELLKEPT_DOLLAR"
_BACKSLASH = "WELLKEPT_BACKSLASH"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def read(content: bytes, filename: str) -> list[Item]:
    """The entries as ``dotenv_values`` gives them; a key without ``=`` has the value ``None``."""
    from ..sources.dotenv import parse

    text = decode(content, filename, encoding="utf-8")  # the parser takes off the mark as python-dotenv does
    return [Item(name, value) for name, value in parse(text, filename).items()]


def write(values: Mapping[str, Any], *, base64: bool = False) -> bytes:
    """One ``KEY=value`` line an entry. Raises ``InvalidRequest`` for binary values and impossible keys."""
    texts = all_text(values, format=".env", base64=base64)
    refuse((name for name in texts if not _KEY.fullmatch(name)), "not a name that a .env file can hold")
    lines = (f"{name}={quote(text, texts)}\n" for name, text in texts.items())
    return "".join(lines).encode("utf-8")


def quote(value: str, taken: Mapping[str, Any] | None = None) -> str:
    """``value`` as it stands after ``KEY=``. ``taken`` are the file's keys, which the escapes must not use."""
    if _BARE.fullmatch(value):
        return value
    if not any(part in value for part in ("'", "\\", "\r", "${")):
        return f"'{value}'"
    taken = taken or {}
    ending = ""
    if value.endswith("\\"):
        value, ending = value[:-1], f"${{{_free(_BACKSLASH, taken)}:-\\\\}}"
    text = re.sub(r'[\\"\n\r\t]', lambda found: _ESCAPES[found[0]], value)
    text = text.replace("${", f"${{{_free(_DOLLAR, taken)}:-$}}{{")
    return f'"{text}{ending}"'


def _free(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name
