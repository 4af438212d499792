"""Statements of an operator, with values put in where ``{{name}}``, ``{{password}}`` and their like stand.

Nothing is pasted. The statement is read into its tokens by the rules of the server's own SQL; a token that holds a
placeholder is decoded, the value put in, and the whole written anew by the driver's quoting. So a value stays inside
the quotes that it was meant for, whatever it is made of; outside of any, it gets the quotes that its kind wants.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from typing import TYPE_CHECKING, NamedTuple

from .failures import DatabaseFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
IDENTIFIERS = frozenset({"name", "username"})
"""What stands bare and names something; everything else that stands bare is a literal."""


class Dialect(NamedTuple):
    """``token`` splits; its groups say what each is. ``literal`` and ``identifier`` are the driver's quoting;
    ``text`` and ``quoted`` decode the two kinds of quotes."""

    token: re.Pattern[str]
    literal: Callable[[str], str]
    identifier: Callable[[str], str]
    text: Callable[[str], str]
    quoted: Callable[[str], str]
    separate: bool
    """Whether statements go to the server one by one."""


def expand(given: list[str]) -> list[str]:
    """The statements that ``given`` holds: as they are, or as a list in JSON, either of them in base64."""
    found: list[str] = []
    for text in given:
        for form in (text, _unpacked(text)):
            listed = _listed(form)
            if listed is not None:
                found += listed
                break
        else:
            found.append(_unpacked(text) or text)
    return [text for text in found if text.strip()]


def _listed(text: str) -> list[str] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, list) and all(isinstance(item, str) for item in parsed) else None


def _unpacked(text: str) -> str:
    """What base64 holds, if it is that and holds a statement: no statement is one word."""
    try:
        decoded = b64decode(text.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return decoded if decoded.isprintable() and " " in decoded.strip() else ""


def render(statement: str, values: Mapping[str, str], dialect: Dialect) -> list[str]:
    """What to send. Raises ``DatabaseFailure`` for what cannot be sent as it is meant."""
    for text in (statement, *values.values()):
        if "\0" in text or not _encodable(text):
            raise DatabaseFailure(
                "neither a statement nor what is put into it may hold NUL or half of a character"
            )
    sent: list[str] = []
    current: list[str] = []
    for match in dialect.token.finditer(statement):
        if match.lastgroup == "end" and dialect.separate:
            sent.append("".join(current))
            current = []
        else:
            current.append(_token(match, values, dialect))
    sent.append("".join(current))
    return [text for text in map(str.strip, sent) if text]


def _token(match: re.Match[str], values: Mapping[str, str], dialect: Dialect) -> str:
    text, kind = match.group(), match.lastgroup
    if kind == "odd":
        raise DatabaseFailure("a statement has quotes or a comment without an end, or comments in comments")
    if "{{" not in text or kind == "comment":
        return text
    if not any(name in values for name in PLACEHOLDER.findall(text)):
        return text
    if kind == "text":
        return dialect.literal(_fill(dialect.text(text), values))
    if kind == "quoted":
        return dialect.identifier(_fill(dialect.quoted(text), values))
    if kind == "bare":
        name = text[2:-2]
        return (dialect.identifier if name in IDENTIFIERS else dialect.literal)(values[name])
    if kind == "body":
        return _body(text, values, dialect)
    raise DatabaseFailure("a value cannot be put into this kind of quotes; use plain ones")


def _body(text: str, values: Mapping[str, str], dialect: Dialect) -> str:
    """A dollar-quoted body holds statements of its own."""
    tag = text[: text.index("$", 1) + 1]
    inner = "".join(
        _token(each, values, dialect) for each in dialect.token.finditer(text[len(tag) : -len(tag)])
    )
    if tag in inner + tag[:-1]:
        raise DatabaseFailure("a value would end the quotes that it is put into; use another tag")
    return tag + inner + tag


def _fill(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(match.group(1), match.group()), text)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
