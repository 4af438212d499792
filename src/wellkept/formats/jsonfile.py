"""JSON: an object whose members are secrets.

At the top, numbers and ``true``/``false`` are text as they are spelled (``1.10`` stays ``1.10``), ``null`` is
a key without a value, an object is a secret with fields, and an array is its JSON text. ``json`` alone
accepts more than JSON is (duplicate keys, ``NaN``, lone surrogates, any depth); here each is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import Malformed
from . import Item, decode
from .text import all_text, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Bad(Exception):
    """What is wrong, in words of ours: keys at most, never values."""


class _Number(str):
    """A number as it is spelled."""


def read(content: bytes, filename: str) -> list[Item]:
    """The members of the object, in order. Raises ``Malformed`` naming the line, or the key at fault."""
    parsed, problem = _parse(decode(content, filename))
    if problem is None and not isinstance(parsed, dict):
        problem = ": expected a JSON object at the top"
    if problem is not None:
        raise Malformed(f"{filename}{problem}")
    items: list[Item] = []
    for name, value in parsed.items():
        found, problem = _convert(value)
        if problem is not None:
            raise Malformed(f"{filename}: {name!r}: {problem}")
        items.append(Item(name, found))
    return items


def read_object(content: bytes, what: str) -> dict[str, Any]:
    """A JSON object with its numbers as numbers: the value of a secret with fields. ``what`` is for messages."""
    parsed, problem = _parse(decode(content, what))
    if problem is None and not isinstance(parsed, dict):
        problem = ": expected a JSON object"
    found: str | dict[str, Any] | None = None
    if problem is None:
        found, fault = _convert(parsed)
        problem = None if fault is None else f": {fault}"
    if problem is not None or not isinstance(found, dict):
        raise Malformed(f"{what}{problem}")
    return found


def write(values: Mapping[str, Any], *, base64: bool = False) -> bytes:
    """An object of the values; secrets with fields as objects."""
    texts = all_text(
        {n: v for n, v in values.items() if not isinstance(v, dict)}, format="JSON", base64=base64
    )
    whole = {name: texts.get(name, value) for name, value in values.items()}
    return (json.dumps(whole, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def to_value(value: Any) -> str | dict[str, Any]:
    """A nested value as it is stored: an object as it is, an array as its JSON text."""
    return value if isinstance(value, dict) else as_text(value) or ""


def _convert(value: Any) -> tuple[str | dict[str, Any] | None, str | None]:
    """The value of one member, or what is wrong with it."""
    try:
        return (to_value(_plain(value)) if isinstance(value, (dict, list)) else _scalar(value)), None
    except _Bad as error:
        return None, str(error)
    except RecursionError:
        return None, "nested too deeply"


def _scalar(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value)


def _plain(value: Any) -> Any:
    """``value`` with its numbers as numbers, now that they are inside a secret."""
    if isinstance(value, _Number):
        return _number(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _number(text: str) -> int | float:
    if not any(mark in text for mark in ".eE"):
        if len(text) > 4000:  # CPython converts no more digits, and quotes none of them in saying so
            raise _Bad("a number of more than 4,000 digits")
        return int(text)
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Bad("a number too large for JSON's readers")
    return number


def _text(value: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise _Bad("half a surrogate pair, which is no text")
    return str(value)


def _parse(text: str) -> tuple[Any, str | None]:
    """What the text says, or where it stops being JSON: the error itself quotes the text, so it stays here."""
    try:
        return (
            json.loads(
                text,
                object_pairs_hook=_unique,
                parse_int=_Number,
                parse_float=_Number,
                parse_constant=_no_constant,
            ),
            None,
        )
    except json.JSONDecodeError as error:
        return None, f", line {error.lineno}: not JSON"
    except _Bad as error:
        return None, f": {error}"
    except RecursionError:
        return None, ": nested too deeply"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Bad(f"the key {twice!r} stands there twice")
    return members


def _no_constant(text: str) -> Any:
    raise _Bad(f"{text} is not JSON")
