"""Durations and moments as people type them."""

from __future__ import annotations

import re

from .usage import Usage

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


def seconds(text: str) -> float:
    """``90``, ``90s``, ``15m``, ``12h``, ``30d``, ``2w``, ``1y`` or several in a row (``1d12h``), in seconds."""
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d{1,9})([smhdwy])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Usage("not a duration; write 45s, 15m, 12h, 30d, 2w, 1y or 1d12h")
    return float(sum(int(number) * SECONDS[unit] for number, unit in parts))


def moment(text: str, now: float, *, past: bool = False) -> float:
    """A moment in seconds since the epoch: an RFC 3339 time, a date, or a duration from ``now`` (back from it
    when ``past``)."""
    if re.match(r"\d{4}-\d\d-\d\d", text):
        from datetime import UTC, datetime

        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None  # the error quotes what was typed
        if found is None:
            raise Usage("not a date or time; write 2026-12-31 or 2026-12-31T18:00:00Z")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    return now - seconds(text) if past else now + seconds(text)
