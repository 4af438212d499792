"""A file for ``. FILE`` in any POSIX shell: ``export NAME='value'``, where only the quote needs care."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .text import all_text, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def write(values: Mapping[str, Any], *, base64: bool = False) -> bytes:
    """One ``export`` an entry. Raises ``InvalidRequest`` for binary values, NULs and names no shell takes."""
    texts = all_text(values, format="a shell", base64=base64)
    refuse((name for name in texts if not _NAME.fullmatch(name)), "not a variable name that a shell takes")
    refuse((name for name, text in texts.items() if "\0" in text), "holds a NUL, which no variable can")
    lines = (f"export {name}={quote(text)}\n" for name, text in texts.items())
    return "".join(lines).encode("utf-8")


def quote(value: str) -> str:
    """``value`` in single quotes: between them a shell changes nothing."""
    return "'" + value.replace("'", "'\\''") + "'"
