"""A file for ``docker run --env-file``: ``NAME=value`` to the end of the line, with no quoting at all.

What the format cannot say is refused by name, not mangled: Docker's reader takes a line as it stands, drops
a carriage return at its end, and gives up on lines of 64 KiB (a ``bufio.Scanner``'s default).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .text import all_text, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LINE = 64 * 1024 - 1
"""Bytes of the longest line that Docker reads."""

_NAME = re.compile(r"[^=#\s\ufeff][^=\s]*")
_ELSEWHERE = "use `wellkept run --files`, or export as env (Docker Compose) or kubernetes"


def write(values: Mapping[str, Any], *, base64: bool = False) -> bytes:
    """One line an entry. Raises ``InvalidRequest`` naming the entries that no line can hold."""
    texts = all_text(values, format="a Docker env file", base64=base64)
    refuse((name for name in texts if not _NAME.fullmatch(name)), "not a variable name that Docker takes")
    refuse(
        (name for name, text in texts.items() if "\n" in text or "\0" in text or text.endswith("\r")),
        f"more than one line, which a Docker env file cannot hold; {_ELSEWHERE}",
    )
    lines = {name: f"{name}={text}\n".encode() for name, text in texts.items()}
    refuse(
        (name for name, line in lines.items() if len(line) > MAX_LINE),
        f"longer than the {MAX_LINE} bytes of a line that Docker reads; {_ELSEWHERE}",
    )
    return b"".join(lines.values())
