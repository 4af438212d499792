"""JSON from strangers: bounded before it is parsed.

A body is looked at as bytes first, with searches that run at memory speed: how many strings, how much memory
the values would take, how deep they nest. Only what passes is parsed. The estimate of memory and the two
limits on it are OpenBao's (``max_request_json_memory``, ``max_request_json_strings``; CVE-2025-59043), the one
on depth answers CVE-2025-6203.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..core.refusal import Refusal

MAX_BODY = 32 * 1024 * 1024
MAX_JSON_MEMORY = MAX_BODY + 512 * 1024
MAX_JSON_STRINGS = 1000
MAX_DEPTH = 240
"""Two less than what the writer of our answers would take, so that whatever comes in can go out."""


class Limits(NamedTuple):
    """Of one listener. ``body`` and ``json_memory`` in bytes; 0 or less for ``json_*`` is no limit."""

    body: int = MAX_BODY
    json_memory: int = MAX_JSON_MEMORY
    json_strings: int = MAX_JSON_STRINGS
    depth: int = MAX_DEPTH
    duration: float = 90.0
    """Seconds that a request may take."""


DEFAULT = Limits()

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_OBJECT, _ARRAY, _TEXT, _SCALAR = 16 + 72, 16 + 24, 16 + 16, 16 + 8


def parse_object(body: bytes, limits: Limits = DEFAULT) -> dict[str, Any] | None:
    """The JSON object that ``body`` is; ``None`` for an empty body or ``null``. Raises ``Refusal`` with status 400.

    Of a key that stands twice the last one counts, as OpenBao has it. What OpenBao would alter in silence
    (lone surrogates, broken UTF-8) or ignore (a second document) is refused.
    """
    if not body or body.isspace():
        return None
    check_complexity(body, limits)
    from orjson import JSONDecodeError, loads

    failure = ""
    value: Any = None
    try:
        value = loads(body)
    except JSONDecodeError as error:
        failure = _reason(error)
    if failure:
        raise Refusal(400, f"failed to decode JSON input: {failure}")
    if value is None or isinstance(value, dict):
        return value
    raise Refusal(400, f"failed to decode JSON input: {not_an_object(value)}")


def not_an_object(value: Any) -> str:
    """Go's words for a value of the wrong type."""
    kinds = {bool: "bool", str: "string", list: "array"}
    kind = kinds.get(type(value), "number")
    return f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"


def check_complexity(body: bytes, limits: Limits) -> None:
    """Raises ``Refusal`` when parsing ``body`` would take too much. Bytes in strings are counted as if they were
    structure first, which is quick and errs on the safe side; only what fails that is looked at closely."""
    count = body.count
    objects, arrays, quotes = count(b"{"), count(b"["), count(b'"')
    texts = quotes // 2 + 1
    scalars = count(b",") + count(b":") + arrays + 1
    memory = len(body) + objects * _OBJECT + arrays * _ARRAY + texts * _TEXT + scalars * _SCALAR
    if (
        objects + arrays <= limits.depth
        and (limits.json_strings <= 0 or texts <= limits.json_strings)
        and (limits.json_memory <= 0 or memory <= limits.json_memory)
    ):
        return
    _look_closely(body, limits)


def _look_closely(body: bytes, limits: Limits) -> None:
    most = limits.json_strings
    rest, texts = _STRING.subn(b'"', body, count=most + 1 if most > 0 else 0)
    if 0 < most < texts:
        raise _too_complex("exceeded maximum number of strings")
    commas, colons = rest.count(b","), rest.count(b":")
    objects, arrays = rest.count(b"{"), rest.count(b"[")
    # Every value but the first follows a comma, a colon or an opening bracket; texts were counted already.
    scalars = max(0, commas + 1 + arrays - (texts - colons) - objects - arrays)
    content = len(body) - len(rest) - texts
    memory = objects * _OBJECT + arrays * _ARRAY + texts * _TEXT + scalars * _SCALAR + content
    if 0 < limits.json_memory < memory:
        raise _too_complex("exceeded maximum estimated memory limits")
    if objects + arrays > limits.depth:
        _check_depth(rest.translate(None, _NOT_BRACKETS), limits.depth)


def _check_depth(brackets: bytes, depth: int) -> None:
    """Take the innermost pairs away, level by level; what is left after ``depth`` levels is too deep, or not JSON."""
    for _ in range(depth):
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not fewer:
            return
        if len(fewer) == len(brackets):
            return  # pairs that do not match: the parser says where
        brackets = fewer
    raise _too_complex(f"exceeded maximum depth of {depth}")


def _too_complex(reason: str) -> Refusal:
    return Refusal(400, f"refused JSON input due to high complexity: {reason}")


def _reason(error: Any) -> str:
    """Where, and no more: the parser's own error holds the whole text."""
    if "end of data" in error.msg or "unclosed" in error.msg.lower():
        return "unexpected EOF"
    return f"invalid JSON at byte {error.pos}"
