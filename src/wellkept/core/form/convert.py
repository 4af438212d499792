"""From what JSON holds to the type that a field has, as weakly as Vault's clients are used to.

``"5"`` is a number, ``1`` is true, one thing is a list of one. The words of a failure are those of the Go
libraries behind OpenBao (mapstructure and strconv), and never quote what was given.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .duration import parse_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})
_INTEGER = re.compile(r"[+-]?(0[xX](_?[0-9a-fA-F])+|0[oO]?(_?[0-7])+|0[bB](_?[01])+|[1-9](_?[0-9])*|0)")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_LEAST, _MOST = -(2**63), 2**63 - 1


class Unconvertible(ValueError):
    """What was given is not of the field's type; the text says so without quoting it."""


def go_type(value: Any) -> str:
    """The type's name in Go, where the words of a refusal want it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "json.Number"
    if isinstance(value, str):
        return "string"
    return "map[string]interface {}" if hasattr(value, "items") else "[]interface {}"


def _no(value: Any, wanted: str, where: str = "") -> Unconvertible:
    return Unconvertible(f"'{where}' expected type '{wanted}', got unconvertible type '{go_type(value)}'")


def to_text(value: Any, where: str = "") -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (int, float)):
        return str(value)
    raise _no(value, "string", where)


def to_flag(value: Any, where: str = "") -> bool:
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, (str, int, float)):
        text = str(value)
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        raise Unconvertible(f"'{where}' cannot parse value as 'bool': strconv.ParseBool: invalid syntax")
    raise _no(value, "bool", where)


def to_number(value: Any, where: str = "") -> int:
    if value is None:
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float, str)):
        text = _literal(value)
        if text == "":
            return 0
        if len(text) > 128 or not _INTEGER.fullmatch(text):
            raise Unconvertible(f"'{where}' cannot parse value as 'int': strconv.ParseInt: invalid syntax")
        number = _whole(text)
        if not _LEAST <= number <= _MOST:
            raise Unconvertible(
                f"'{where}' cannot parse value as 'int': strconv.ParseInt: value out of range"
            )
        return number
    raise _no(value, "int", where)


def _whole(text: str) -> int:
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1] not in "xXoObB":
        number = int(digits, 8)
    else:
        number = int(digits, 0)
    return -number if text[0] == "-" else number


def _literal(value: float | str) -> str:
    """As it was written; integers beyond 64 bits may come as floats."""
    if isinstance(value, float) and abs(value) >= 2**53 and value.is_integer():
        return str(int(value))
    return str(value)


def to_map(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if hasattr(value, "items"):
        return value if isinstance(value, dict) else dict(value)
    if isinstance(value, (list, tuple)):
        merged: dict[str, Any] = {}
        for index, item in enumerate(value):
            if not hasattr(item, "items"):
                raise _no(item, "map[string]interface {}", f"[{index}]")
            merged.update(item)
        return merged
    raise _no(value, "map[string]interface {}")


def to_list(value: Any) -> list[Any]:
    if value is None or value == {}:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def to_numbers(value: Any) -> list[int]:
    """A list of numbers, or their text with commas between."""
    if isinstance(value, str):
        items: list[Any] = value.split(",") if value else []
    else:
        items = to_list(value)
    found, problems = [], []
    for index, item in enumerate(items):
        try:
            found.append(to_number(item, f"[{index}]"))
        except Unconvertible as error:
            problems.append(str(error))
    if problems:
        raise Unconvertible("decoding failed due to the following error(s):\n\n" + "\n".join(problems))
    return found


def to_texts(value: Any) -> list[str]:
    """A list of texts, or one text with commas between."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")] if value else []
    found, problems = [], []
    for index, item in enumerate(to_list(value)):
        try:
            found.append(to_text(item, f"[{index}]").strip())
        except Unconvertible as error:
            problems.append(str(error))
    if problems:
        raise Unconvertible("decoding failed due to the following error(s):\n\n" + "\n".join(problems))
    return found


def to_seconds(value: Any) -> int | None:
    """A length of time in whole seconds, not negative; ``None`` counts as not given."""
    seconds = to_signed_seconds(value)
    if seconds is not None and seconds < 0:
        raise Unconvertible(f"cannot provide negative value '{seconds}'")
    return seconds


def to_signed_seconds(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Unconvertible("could not parse duration from input")
    failure = ""
    try:
        return int(parse_seconds(_literal(value)))
    except ValueError as error:
        failure = str(error)
    raise Unconvertible(failure)


def to_moment(value: Any) -> float | None:
    """Seconds since 1970, out of them or of RFC 3339; ``None`` counts as not given."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Unconvertible("could not parse time from input")
    text = str(value)
    try:
        return (
            float(int(text)) if _INTEGER.fullmatch(text) else datetime.fromisoformat(_zoned(text)).timestamp()
        )
    except (ValueError, OverflowError):
        pass  # refused below, outside of the handler
    raise Unconvertible("could not parse string as date and time")


def _zoned(text: str) -> str:
    if not _RFC_3339.fullmatch(text):
        raise ValueError
    return text.upper()


def to_pairs(value: Any) -> dict[str, str]:
    """Text by text: an object, or ``k=v``, one or a list of them."""
    if value is None:
        return {}
    if hasattr(value, "items"):
        return {str(name): to_text(item, f"[{name}]") for name, item in value.items()}
    items = value if isinstance(value, (list, tuple)) else [value]
    found = {}
    for index, item in enumerate(items):
        name, equals, rest = (item if isinstance(item, str) else "").partition("=")
        if not equals or not name.strip():
            raise Unconvertible(f"invalid key pair at index {index}")
        found[name.strip()] = rest.strip()
    return found


def to_float(value: Any, where: str = "") -> float:
    if value is None or value == "":
        return 0.0
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass  # refused below, outside of the handler
        raise Unconvertible(f"'{where}' cannot parse value as 'float64': strconv.ParseFloat: invalid syntax")
    raise _no(value, "float64", where)


CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "string": to_text,
    "bool": to_flag,
    "int": to_number,
    "map": to_map,
    "pairs": to_pairs,
    "float": to_float,
    "slice": to_list,
    "ints": to_numbers,
    "strings": to_texts,
    "texts": lambda value: [] if value == "" else to_texts(to_list(value)),
    "seconds": to_seconds,
    "signed_seconds": to_signed_seconds,
    "moment": to_moment,
}
"""By the kind of a field. What gives ``None`` counts as not given."""

ZERO: dict[str, Any] = {
    "string": "",
    "bool": False,
    "int": 0,
    "map": {},
    "pairs": {},
    "float": 0.0,
    "slice": [],
    "ints": [],
    "strings": [],
    "texts": [],
    "seconds": 0,
    "signed_seconds": 0,
    "moment": 0.0,
}
