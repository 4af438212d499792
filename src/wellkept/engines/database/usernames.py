"""Names for users that are made: ``username_template``, in the notation of Go's ``text/template``.

Pipelines with the functions that Vault offers; no conditions and no loops. What it is made of (a display name, a
role's name) comes from clients: what the server would cut, or not take, is refused and never sent.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import string
import time
from collections.abc import Callable
from typing import Any

from ...core.request import new_id
from .failures import DatabaseFailure

_ACTION = re.compile(r"\{\{(-\s)?(.*?)(\s-)?\}\}", re.DOTALL)
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|`[^`]*`|-?\d+|\.\w+|\w+|[()|])')
_LETTERS = string.ascii_letters + string.digits
LONGEST_TEMPLATE = 10_000
_LONGEST_RANDOM = 1000

Part = str | Callable[[dict[str, Any]], Any]


class Template:
    """``make(values)`` is a name. Raises ``DatabaseFailure`` at once for a template that cannot be."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_TEMPLATE:
            raise _invalid(f"longer than {LONGEST_TEMPLATE} characters")
        self._parts: list[Part] = []
        place, trim = 0, False
        for match in _ACTION.finditer(text):
            before = text[place : match.start()]
            before = before.lstrip() if trim else before
            self._parts.append(before.rstrip() if match.group(1) else before)
            self._parts.append(_Parser(match.group(2)).whole())
            place, trim = match.end(), bool(match.group(3))
        rest = text[place:].lstrip() if trim else text[place:]
        if "{{" in rest:
            _Parser(rest.partition("{{")[2]).whole()
            raise _invalid("template: template:1: unclosed action")
        self._parts.append(rest)

    def make(self, values: dict[str, Any]) -> str:
        return "".join(part if isinstance(part, str) else str(part(values)) for part in self._parts)


def _invalid(text: str) -> DatabaseFailure:
    return DatabaseFailure(f"unable to initialize username template: unable to parse template: {text}")


class _Parser:
    """One action: commands with ``|`` between; each one's value is the next one's last argument."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None:
                raise _invalid("template: template:1: unexpected character in action")
            self._tokens.append(match.group(1))
            place = match.end()

    def whole(self) -> Callable[[dict[str, Any]], Any]:
        found = self._pipeline()
        if self._tokens:
            raise _invalid("template: template:1: unexpected right paren")
        return found

    def _pipeline(self) -> Callable[[dict[str, Any]], Any]:
        found = self._command(None)
        while self._tokens and self._tokens[0] == "|":
            self._tokens.pop(0)
            found = self._command(found)
        return found

    def _command(self, last: Callable[[dict[str, Any]], Any] | None) -> Callable[[dict[str, Any]], Any]:
        arguments: list[Callable[[dict[str, Any]], Any]] = []
        function: Callable[..., Any] | None = None
        first = True
        while self._tokens and self._tokens[0] not in "|)":
            token = self._tokens.pop(0)
            if first and (token[0].isalpha() or token[0] == "_"):
                function = _function(token)
            else:
                arguments.append(self._operand(token))
            first = False
        if first:
            raise _invalid("template: template:1: missing value for command")
        if last is not None:
            arguments.append(last)
        if function is not None:
            return lambda values: _call(function, [each(values) for each in arguments])
        if len(arguments) != 1:
            raise _invalid("template: template:1: can't give argument to non-function")
        return arguments[0]

    def _operand(self, token: str) -> Callable[[dict[str, Any]], Any]:
        if token == "(":  # noqa: S105 - a token of the template
            inner = self._pipeline()
            if not self._tokens or self._tokens.pop(0) != ")":
                raise _invalid("template: template:1: unclosed left paren")
            return inner
        if token[0] == '"':
            text = re.sub(r"\\(.)", r"\1", token[1:-1])
            return lambda values: text
        if token[0] == "`":
            return lambda values: token[1:-1]
        if token[0] == ".":
            return lambda values: _field(values, token[1:])
        if token.lstrip("-").isdigit():
            number = int(token[:9])
            return lambda values: number
        function = _function(token)
        return lambda values: _call(function, [])


def _field(values: dict[str, Any], name: str) -> Any:
    if name not in values:
        raise DatabaseFailure(f"invalid username template: can't evaluate field {name}")
    return values[name]


def _function(name: str) -> Callable[..., Any]:
    found = _FUNCTIONS.get(name)
    if found is None:
        raise _invalid(f'template: template:1: function "{name}" not defined')
    return found


def _call(function: Callable[..., Any], arguments: list[Any]) -> Any:
    try:
        return function(*arguments)
    except (TypeError, ValueError, IndexError):
        pass  # refused below, outside of the handler
    raise DatabaseFailure("invalid username template: a function is called with what it does not take")


def _random(length: int) -> str:
    if not 0 < length <= _LONGEST_RANDOM:
        raise ValueError
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _truncate(length: int, text: str) -> str:
    if length <= 0:
        raise ValueError
    return text[:length]


def _truncate_sha256(length: int, text: str) -> str:
    if length <= 8:
        raise ValueError
    return text if len(text) <= length else text[: length - 8] + _sha256(text)[:8]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _printf(form: str, *arguments: Any) -> str:
    waiting = list(arguments)

    def fill(match: re.Match[str]) -> str:
        verb = match.group(1)
        if verb == "%":
            return "%"
        value = waiting.pop(0)
        return f'"{value}"' if verb == "q" else str(value)

    return re.sub(r"%([sdvq%])", fill, form)


_LAYOUT = {
    "2006": "%Y",
    "01": "%m",
    "02": "%d",
    "15": "%H",
    "04": "%M",
    "05": "%S",
    "MST": "UTC",
    "-0700": "+0000",
}


def _timestamp(layout: str) -> str:
    escaped = layout.replace("%", "%%")
    return time.strftime(
        re.sub("2006|-0700|MST|01|02|15|04|05", lambda m: _LAYOUT[m.group()], escaped), time.gmtime()
    )


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "printf": _printf,
    "random": _random,
    "truncate": _truncate,
    "truncate_sha256": _truncate_sha256,
    "uppercase": lambda text: text.upper(),
    "lowercase": lambda text: text.lower(),
    "replace": lambda old, new, text: text.replace(old, new),
    "sha256": _sha256,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "unix_time": lambda: str(int(time.time())),
    "unix_time_millis": lambda: str(int(time.time() * 1000)),
    "timestamp": _timestamp,
    "uuid": new_id,
}
