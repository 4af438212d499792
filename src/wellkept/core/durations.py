"""Times as Vault's API takes them, where a wrong one is not an error in Go's words but a ``None``."""

from __future__ import annotations

import math
from typing import Any

from .form.duration import parse_seconds


def seconds(value: Any) -> float | None:
    """``value`` (a number, ``"90"``, ``"1h30m"``) in seconds, or ``None`` when it is no duration. The empty text is 0."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        found = parse_seconds(str(value))
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
