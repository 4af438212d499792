"""Moments as OpenBao prints them: RFC 3339 in UTC, with as many digits of the second as there are."""

from __future__ import annotations

from ..audit import timestamp


def moment(seconds: float | None) -> str:
    """``2026-11-22T23:12:41.47438Z``; empty for ``None``."""
    if seconds is None:
        return ""
    text = timestamp(seconds)
    return text[:-1].rstrip("0").rstrip(".") + "Z"
