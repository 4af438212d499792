"""``KEY=VALUE`` arguments as the other clients take them.

``key=text``; ``key=@FILE`` is the content of FILE, ``key=-`` that of stdin; ``@FILE`` and ``-`` alone are a whole
JSON object. ``key=\\@text`` begins with an at sign. A value of its own never has to stand in the shell's history.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...errors import InvalidRequest
from .. import files

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_FILE = 32 * 1024 * 1024


def read(words: Sequence[str]) -> dict[str, Any]:
    """The object that ``words`` say. A key that stands twice becomes a list."""
    found: dict[str, Any] = {}
    for word in words:
        if word == files.STDIN or word.startswith("@"):
            found.update(_whole(word.removeprefix("@")))
            continue
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise InvalidRequest(
                "expected KEY=VALUE, KEY=@FILE, KEY=-, @FILE or - (the argument is not repeated)"
            )
        content = _value(value)
        if key in found:
            before = found[key]
            found[key] = [*before, content] if isinstance(before, list) else [before, content]
        else:
            found[key] = content
    return found


def _value(text: str) -> str:
    if text == files.STDIN or text.startswith("@"):
        return _text(text.removeprefix("@"))
    return text[1:] if text.startswith("\\@") else text


def _text(path: str) -> str:
    failure = False
    content = files.read(path, MAX_FILE)
    try:
        return content.decode()
    except UnicodeDecodeError:
        failure = True
    assert failure
    raise InvalidRequest(f"{path}: not UTF-8 text; the API takes text, so encode it first (base64)")


def _whole(path: str) -> dict[str, Any]:
    parsed: Any = None
    try:
        parsed = json.loads(_text(path))
    except (ValueError, RecursionError):
        pass
    if not isinstance(parsed, dict):
        raise InvalidRequest(f"{'stdin' if path == files.STDIN else path}: not a JSON object")
    return parsed
