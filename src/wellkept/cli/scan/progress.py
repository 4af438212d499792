"""Progress on a terminal: one line on stderr, redrawn a few times a second, and gone at the end."""

from __future__ import annotations

import sys
import time

EVERY = 0.2
"""Seconds between two drawings."""
_ERASE = "\r\x1b[K"


class Progress:
    """Called with what was looked at so far; draws only where stderr is a terminal."""

    def __init__(self, what: str, *, quiet: bool = False) -> None:
        self._what = what
        self._drawn = 0.0
        self._shown = False
        self._on = not quiet and sys.stderr.isatty()

    def __call__(self, items: int, size: int) -> None:
        if not self._on:
            return
        now = time.monotonic()
        if now - self._drawn < EVERY:
            return
        self._drawn, self._shown = now, True
        sys.stderr.write(f"{_ERASE}{self._what}: {items} files, {human(size)}")
        sys.stderr.flush()

    def done(self) -> None:
        """Takes the line away."""
        if self._shown:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()
            self._shown = False


def human(size: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
