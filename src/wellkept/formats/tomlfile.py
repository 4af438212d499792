"""TOML: the top-level keys are secrets. Numbers keep their spelling where TOML's reader leaves it to us
(floats), tables become secrets with fields, arrays their JSON text, dates and times the text of RFC 3339."""

from __future__ import annotations

import re
from typing import Any

from ..errors import Malformed
from . import Item, decode
from .text import as_text


def read(content: bytes, filename: str) -> list[Item]:
    """The entries, in order. Raises ``Malformed`` naming the file and the line."""
    parsed, problem = _parse(decode(content, filename))
    if problem is not None:
        raise Malformed(f"{filename}{problem}")
    return [Item(name, _value(value)) for name, value in parsed.items()]


def _parse(text: str) -> tuple[dict[str, Any], str | None]:
    import tomllib

    try:
        return tomllib.loads(text, parse_float=_Float), None
    except tomllib.TOMLDecodeError as error:
        # The message may quote a key or a character of the file; only the line leaves this block.
        found = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        return {}, f", line {line}: not TOML, or a key that stands there twice"
    except RecursionError:
        return {}, ": nested too deeply"


class _Float(str):
    """A float as it is spelled."""


def _value(value: Any) -> str | dict[str, Any]:
    plain = _plain(value) if isinstance(value, (dict, list)) else value
    if isinstance(plain, dict):
        return plain
    return _scalar(plain) if not isinstance(plain, list) else as_text(plain) or ""


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _plain(value: Any) -> Any:
    """``value`` as JSON can hold it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, _Float):
        number = float(value)
        return number if number - number == 0 else str(value)  # inf and nan are no JSON
    return value if isinstance(value, (str, bool, int)) else _scalar(value)
