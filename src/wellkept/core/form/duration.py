"""Lengths of time as Vault's API writes and reads them: ``90``, ``"90s"``, ``"1h30m"``, ``"2d"``.

The form and the words of a failure are those of Go's ``time`` package, with days besides.
"""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)")
_WHOLE = re.compile(r"[+-]?[0-9]{1,64}")
_LONGEST = 2**63 // 10**9
_NO_UNIT = "missing unit in duration"


def parse_seconds(text: str) -> float:
    """Seconds. Raises ``ValueError`` in Go's words."""
    if not text:
        return 0.0
    if _WHOLE.fullmatch(text):
        number = int(text)
        if abs(number) <= _LONGEST:
            return float(number)
        if abs(number) < 2**63:
            raise ValueError("multiplication of durations resulted in overflow, one operand may be too large")
        raise ValueError(f"time: {'invalid duration' if number > 2**63 else _NO_UNIT} {quoted(text)}")
    if text[-1] == "d" and len(text) <= 128:
        return _days(text[:-1])
    return _parse(text)


def _days(text: str) -> float:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"strconv.ParseInt: parsing {quoted(text)}: invalid syntax")
    if len(text.lstrip("+-0")) > 19 or abs(int(text)) >= 2**63:
        raise ValueError(f"strconv.ParseInt: parsing {quoted(text)}: value out of range")
    if abs(int(text)) * 86400 > _LONGEST:
        raise ValueError(f"time: invalid duration {quoted(text + 'd')}")
    return float(int(text) * 86400)


def _parse(text: str) -> float:
    rest = text
    sign = 1.0
    if rest[0] in "+-":
        sign = -1.0 if rest[0] == "-" else 1.0
        rest = rest[1:]
    if rest == "0":
        return 0.0
    shown = quoted(text)
    if not rest or len(text) > 128:
        raise ValueError(f"time: invalid duration {shown}")
    total = 0.0
    while rest:
        match = _PART.match(rest)
        assert match is not None
        whole, fraction, unit = match.groups()
        if not whole and not (fraction and len(fraction) > 1):
            raise ValueError(f"time: invalid duration {shown}")
        if not unit:
            raise ValueError(f"time: {_NO_UNIT} {shown}")
        if unit not in _UNITS:
            raise ValueError(f"time: unknown unit {quoted(unit)} in duration {shown}")
        total += float(f"{whole or 0}{fraction if fraction and len(fraction) > 1 else ''}") * _UNITS[unit]
        rest = rest[match.end() :]
    if total > _LONGEST:
        raise ValueError(f"time: invalid duration {shown}")
    return sign * total


def show(seconds: float) -> str:
    """As Go prints it: ``0s``, ``1m30s``, ``1h0m0s``, ``1.5s``."""
    if not seconds:
        return "0s"
    sign = "-" if seconds < 0 else ""
    whole, fraction = divmod(abs(seconds), 1)
    minutes, rest = divmod(int(whole), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest + fraction:.9f}".rstrip("0").rstrip(".") if fraction else str(rest)
    if hours:
        return f"{sign}{hours}h{minutes}m{text}s"
    return f"{sign}{minutes}m{text}s" if minutes else f"{sign}{text}s"


def quoted(text: str) -> str:
    """In double quotes, escaped as Go does."""
    escapes = {
        '"': '\\"',
        "\\": "\\\\",
        "\n": "\\n",
        "\t": "\\t",
        "\r": "\\r",
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\v": "\\v",
    }
    shown = []
    for character in text:
        if character in escapes:
            shown.append(escapes[character])
        elif character.isprintable():
            shown.append(character)
        else:
            code = ord(character)
            shown.append(
                f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
            )
    return '"' + "".join(shown) + '"'
