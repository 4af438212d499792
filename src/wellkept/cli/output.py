"""Printing: tables for people, JSON for programs, remarks on stderr.

What comes out of the store (names, owners, descriptions) is printed with its control characters escaped: a
description must not be able to move the cursor of whoever lists it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNITS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def say(text: str = "") -> None:
    """A line on stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A remark on stderr, so that stdout stays what was asked for."""
    sys.stderr.write(f"wellkept: {text}\n")


def say_json(data: Any) -> None:
    """``data`` as JSON on stdout, indented; text stays text."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[int] = ()) -> None:
    """Columns as wide as they need be; those numbered in ``right`` flush right."""
    lines = [list(headings), *([clean(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for number, line in enumerate(lines):
        cells = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        text = "  ".join(cells).rstrip()
        say(bold(text) if number == 0 else text)


def clean(value: Any) -> str:
    """``value`` as one line of harmless text; nothing for ``None``."""
    if value is None:
        return ""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(value))


def bold(text: str, stream: IO[str] | None = None) -> str:
    """``text`` emphasised where that shows: on a terminal, unless ``NO_COLOR`` is set."""
    return f"\x1b[1m{text}\x1b[0m" if colourful(stream) else text


def colourful(stream: IO[str] | None = None) -> bool:
    """Whether escape codes may go to ``stream`` (stdout). See no-color.org."""
    stream = sys.stdout if stream is None else stream
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def moment(seconds: float | None) -> str:
    """Seconds since the epoch as ``2026-11-22T19:50:03Z``; nothing for ``None``."""
    return "" if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def span(seconds: float | None) -> str:
    """A duration by its largest unit: ``3d``, ``5h``, ``0s``; nothing for ``None``."""
    if seconds is None:
        return ""
    for unit, size in UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "0s"


def progress(what: str) -> Any:
    """A callback ``(done, total)`` that keeps a line on a terminal's stderr, or ``None`` where there is none."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int | None = None) -> None:
        end = "\n" if total is not None and done >= total else ""
        sys.stderr.write(f"\r{what}: {done}" + (f" of {total}" if total is not None else "") + end)
        sys.stderr.flush()

    return show
