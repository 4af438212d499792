"""A settings class as ``.env.example``: every secret with what it is for and what it must look like, none of the values."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

from pydantic import UrlConstraints

from ..formats.envfile import quote
from ..sources.names import env_name
from .kinds import alternatives
from .plan import plan_of
from .rules import Url
from .schema import described_leaves, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from .plan import Leaf
    from .schema import Schema

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list, as JSON or as a,b,c",
    "object": "JSON object",
}
_FORMATS = {
    "uri": "URL",
    "multi-host-uri": "URL",
    "date": "date, YYYY-MM-DD",
    "date-time": "date and time, YYYY-MM-DDTHH:MM:SS",
    "time": "time, HH:MM:SS",
    "duration": "duration, in seconds or as ISO 8601",
    "uuid": "UUID",
    "email": "e-mail address",
    "path": "path",
    "file-path": "path of a file",
    "directory-path": "path of a directory",
    "ipv4": "IPv4 address",
    "ipv6": "IPv6 address",
    "ipvanyaddress": "IP address",
    "json-string": "JSON",
    "binary": "bytes",
}
_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matching {}",
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def example(model: type[BaseModel]) -> str:
    """The text of ``.env.example`` for ``model``.

    Required names stand ready to be filled in, optional ones are commented out, with their default where it is
    of a type that does not hide its value. Names are those that ``dotenv:`` and ``env:`` look for.
    """
    described, definitions = described_leaves(model)
    empty = "counts as missing" if plan_of(model).empty_is_missing else "is empty text, not a missing one"
    blocks = [
        f"# What {model.__name__} needs. Copy this file to .env, and keep that out of version control.\n"
        f"# Fill in what has no '#' in front; a name with nothing after the '=' {empty}.\n"
    ]
    taken: set[str] = set()
    for leaf, schema in described:
        name = leaf.name if _VARIABLE.fullmatch(leaf.name) else env_name(leaf.name)
        if name not in taken:
            taken.add(name)
            blocks.append("".join(f"{line}\n" for line in _block(name, leaf, resolved(schema, definitions))))
    return "\n".join(blocks)


def _block(name: str, leaf: Leaf, schema: Schema) -> Iterator[str]:
    for paragraph in (leaf.info.description or "").splitlines():
        yield from (f"# {line}".rstrip() for line in textwrap.wrap(paragraph, 100) or [""])
    yield f"# {_need(leaf)}; {'; '.join(_hints(leaf, schema))}"
    if leaf.name != name:
        yield f"# in a store: {leaf.name}"
    default = schema.get("default")
    shown = "" if default is None else quote(default if isinstance(default, str) else json.dumps(default))
    yield f"{name}=" if leaf.needed else f"#{name}={shown}"


def _need(leaf: Leaf) -> str:
    if leaf.needed or not leaf.info.is_required():
        return "required" if leaf.needed else "optional"
    return f"optional, but required with anything else of {'.'.join(leaf.path[:-1])}"


def _hints(leaf: Leaf, schema: Schema) -> Iterator[str]:
    schemes = _schemes(leaf)
    choices = _choices(schema)
    if choices:
        yield f"one of: {', '.join(choices)}"
    elif schemes:
        yield f"URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    else:
        yield _type(schema) + _parts(schema)
    is_url = schemes or schema.get("format") in ("uri", "multi-host-uri")
    for key, words in _LIMITS.items():
        if key in schema and not (is_url and key in ("minLength", "maxLength")):
            yield _one_line(words.format(schema[key]))


def _type(schema: Schema) -> str:
    arms = schema.get("anyOf") or schema.get("oneOf")
    if arms:
        return " or ".join(dict.fromkeys(_type(arm) for arm in arms))
    return _FORMATS.get(schema.get("format", ""), _TYPES.get(schema.get("type", ""), "text"))


def _parts(schema: Schema) -> str:
    """The properties of a JSON object that a class describes."""
    names = list(schema.get("properties", ()))
    needed = [name for name in names if name in schema.get("required", ())]
    optional = [name for name in names if name not in needed]
    with_needed = f" with {', '.join(needed)}" if needed else ""
    return with_needed + (f", optionally {', '.join(optional)}" if optional else "")


def _choices(schema: Schema) -> list[str]:
    values: list[Any] = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return [_one_line(value if isinstance(value, str) else json.dumps(value)) for value in values]


def _schemes(leaf: Leaf) -> list[str]:
    """The URL schemes that a field takes; of a long list, those that name no driver."""
    found: set[str] = set()
    declared = [getattr(arm, "_constraints", None) for arm in alternatives(leaf.info.annotation)]
    for rule in (*leaf.info.metadata, *declared):
        if isinstance(rule, Url):
            found.update(rule.schemes)
        elif isinstance(rule, UrlConstraints):
            found.update(rule.allowed_schemes or ())
    plain = {scheme for scheme in found if "+" not in scheme}
    return sorted(plain if plain and len(found) > 3 else found)


def _one_line(text: str) -> str:
    """A comment ends at the line's end, whatever a pattern or a choice holds."""
    return (
        text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        if "\n" in text or "\r" in text
        else text
    )
