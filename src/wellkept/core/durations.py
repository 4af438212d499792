"""Times as Vault's API takes them: seconds as a number or text, or Go's notation, ``1h30m``, with ``d`` for days.

Source: Vault's "duration string" documentation and the behaviour of OpenBao 2.7.
"""

from __future__ import annotations

import math
import re
from typing import Any

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)")
_PLAIN = re.compile(r"[+-]?\d{1,18}")

LARGEST = (1 << 63) / 1e9
"""Seconds; Go counts nanoseconds in 64 bits."""


def seconds(value: Any) -> float | None:
    """``value`` in seconds, or ``None`` when it is no duration. The empty text is 0; the sign is kept."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if math.isfinite(value) and abs(value) <= LARGEST else None
    if not isinstance(value, str) or len(value) > 64:
        return None
    text = value.strip()
    if not text:
        return 0.0
    if _PLAIN.fullmatch(text):
        return seconds(int(text))
    sign = -1.0 if text[0] == "-" else 1.0
    total, position = 0.0, 1 if text[0] in "+-" else 0
    if position == len(text):
        return None
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            return None
        total += float(part.group(1)) * _UNITS[part.group(2)]
        position = part.end()
    return sign * total if total <= LARGEST else None
