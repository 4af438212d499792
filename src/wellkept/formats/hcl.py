"""HCL 1, the language of Vault's policies and server configurations, read into plain values.

Vault and OpenBao read HCL 1, not the HCL 2 of today's Terraform: keys may be quoted, several attributes may
share a line, commas between them are optional. The readers that Python has are for HCL 2, or long abandoned
and merge blocks of the same name; so the grammar stands here and lark does the parsing (decision 0190).

The result keeps what a mapping would lose: order, repetition, and where each item stands.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ..errors import ConfigError, InvalidRequest

if TYPE_CHECKING:
    from lark import Lark

MAX_BYTES = 1 << 20
"""Larger texts are refused before they are parsed."""

MAX_DEPTH = 64

GRAMMAR = r"""
start: item*
item: key "=" value ","?      -> attribute
    | key+ object ","?        -> block
?key: STRING | NAME
object: "{" item* "}"
sequence: "[" [value ("," value)* ","?] "]"
?value: STRING | NUMBER | NAME | HEREDOC | sequence | object

NAME: /[^\W\d][\w.\-]*/
STRING: /"(?:[^"\\\n$]|\\.|\$(?!\{)|\$\{[^}\n]*\})*"/
NUMBER: /[+-]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/
HEREDOC.2: /<<(?P<dash>-?)(?P<word>[A-Za-z0-9_]+)\r?\n(?:.*\r?\n)*?[ \t]*(?P=word)(?=\r?\n|$)/

%ignore /[ \t\r\n\f\ufeff]+/
%ignore /(?:#|\/\/)[^\n]*/
%ignore /\/\*(?:[^*]|\*(?!\/))*\*\//
"""


class Item(NamedTuple):
    """``keys`` (one, or more for a labelled block), ``value`` and the ``line`` it begins on.

    A value is text, a number, a truth value, a list of values, or an ``Object``.
    """

    keys: tuple[str, ...]
    value: Any
    line: int


Object = tuple[Item, ...]
"""The items of a ``{...}``, or of the whole text."""


def parse(text: str) -> Object:
    """The items of ``text``, HCL 1 or JSON (when it begins with ``{``). Raises ``InvalidRequest`` naming the place."""
    if len(text) > MAX_BYTES:
        raise InvalidRequest(f"the text has {len(text)} characters; the limit is {MAX_BYTES}")
    if text.lstrip().startswith("{"):
        return _from_json(text)
    _check_depth(text)
    from lark.exceptions import UnexpectedInput

    failure = ""
    try:
        result: Object = cast("Object", _parser().parse(text))
    except UnexpectedInput as error:
        line, column = getattr(error, "line", -1), getattr(error, "column", -1)
        where = f"At {line}:{column}" if line > 0 else "At the end"
        failure = f"{where}: {_reason(type(error).__name__)}"
    except RecursionError:
        failure = "nested too deep"
    if failure:
        raise InvalidRequest(failure)  # outside: the parser's own error quotes the text
    return result


def plain(items: Object) -> dict[str, Any]:
    """Items as nested dictionaries: for configurations, where a repeated block becomes a list of them."""
    result: dict[str, Any] = {}
    for item in items:
        value = [_plain(each) for each in item.value] if isinstance(item.value, list) else _plain(item.value)
        for key in reversed(item.keys[1:]):
            value = {key: value}
        key = item.keys[0]
        if key not in result:
            result[key] = value
        elif isinstance(result[key], list) and isinstance(item.value, tuple):
            result[key].append(value)
        else:
            result[key] = [result[key], value]
    return result


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, tuple) else value


def _reason(kind: str) -> str:
    if kind == "UnexpectedCharacters":
        return "illegal char"
    return "unexpected end" if kind == "UnexpectedEOF" else "unexpected token"


def _check_depth(text: str) -> None:
    depth = 0
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"|[\[\]{}]', text):
        bracket = match.group()
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidRequest(f"nested deeper than {MAX_DEPTH}")
        elif bracket in "]}":
            depth -= 1


def _from_json(text: str) -> Object:
    failure = ""
    try:
        document = json.loads(text, object_pairs_hook=_pairs)
    except ValueError as error:
        failure = f"not valid JSON (line {getattr(error, 'lineno', 1)}, column {getattr(error, 'colno', 1)})"
    except RecursionError:
        failure = "nested too deep"
    if failure:
        raise InvalidRequest(failure)
    return document  # type: ignore[no-any-return]


def _pairs(pairs: list[tuple[str, Any]]) -> Object:
    return tuple(Item((key,), value, 0) for key, value in pairs)


@cache
def _parser() -> Lark:
    from importlib.util import find_spec

    if find_spec("lark") is None:
        raise ConfigError("reading HCL needs the server's libraries: pip install 'wellkept[server]'")
    from lark import Lark, Transformer

    class Build(Transformer[Any, Any]):
        """Runs while parsing, so nothing recurses over the finished tree."""

        def start(self, children: list[Any]) -> Object:
            return tuple(children)

        object = start

        def sequence(self, children: list[Any]) -> list[Any]:
            return [_scalar(child) for child in children if child is not None]

        def attribute(self, children: list[Any]) -> Item:
            key, value = children
            return Item((_key(key),), _scalar(value), getattr(key, "line", 0) or 0)

        def block(self, children: list[Any]) -> Item:
            *keys, value = children
            return Item(tuple(_key(key) for key in keys), value, getattr(keys[0], "line", 0) or 0)

    return Lark(GRAMMAR, parser="lalr", transformer=Build(), maybe_placeholders=False)


def _key(token: Any) -> str:
    return _unquote(token) if token.type == "STRING" else str(token)


def _scalar(token: Any) -> Any:
    kind = getattr(token, "type", None)
    if kind is None:
        return token
    text = str(token)
    if kind == "STRING":
        return _unquote(text)
    if kind == "NUMBER":
        return _number(text)
    if kind == "HEREDOC":
        return _heredoc(text)
    if text in ("true", "false"):
        return text == "true"
    raise InvalidRequest(f"At {token.line}:{token.column}: Unknown token: IDENT {text[:40]}")


def _number(text: str) -> int | float:
    if text.lower().lstrip("+-").startswith("0x"):
        return int(text, 16)
    return int(text) if text.lstrip("+-").isdigit() and len(text) < 20 else float(text)


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def _unquote(text: str) -> str:
    inside = str(text)[1:-1]
    if "\\" not in inside:
        return inside
    return re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{3})|(.))", _escape, inside
    )


def _escape(match: re.Match[str]) -> str:
    short, long, byte, octal, other = match.groups()
    code = short or long or byte
    if code or octal:
        number = int(code, 16) if code else int(octal, 8)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise InvalidRequest("an escape in a string names no character")
        return chr(number)
    return _ESCAPES.get(other, other)


def _heredoc(text: str) -> str:
    first, _, rest = text.partition("\n")
    lines = rest.split("\n")[:-1]
    if first.startswith("<<-"):
        margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        lines = [line[margin:] for line in lines]
    return "".join(line + "\n" for line in lines)
