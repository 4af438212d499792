"""The parts of a secret that give it away on their own: what is searched for besides the whole value.

- the value without surrounding white space;
- the text fields of a JSON value, each under its own name, ``name#field.field``;
- the password of a connection string (``scheme://user:password@host`` or ``..;password=..``), as written and
  percent-decoded;
- the lines of a multi-line value, such as a PEM key, because logs break and indent lines;
- consecutive pieces of a value above 4 KiB instead of the whole: so that what a stream must hold back, and
  what a form takes in memory, has a bound, and so that a long value that a log cut off is still recognised.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, unquote_plus

from .known import MIN_LENGTH
from .ordinary import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..secret import Secret

MIN_LINE = 8
"""Characters of a line, without indentation, to be searched for by itself."""

PIECE = 4095
"""Bytes of one piece. A multiple of 3, so that pieces of base64 join without a gap."""

MAX_LINES = 1_000
MAX_FIELDS = 1_000
MAX_DEPTH = 32

_FRAME = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----|[-=#*_.\s]*").fullmatch
_URL_PASSWORD = re.compile(r"://[^\s/?#:@]*:([^\s/]+)@|://[^\s/?#:@]*:(\S+)@")
_PAIR_PASSWORD = re.compile(
    r"(?i)(?:password|passwd|pwd|sharedaccesskey|accountkey|secret)\s*=\s*(?:'([^']+)'|\"([^\"]+)\"|([^\s;&'\"]+))"
)


class Part(NamedTuple):
    """``value`` to look for, the ``label`` to name it by, and whether the next piece of it may ``join`` on."""

    value: bytes
    label: str
    joins: bool = False


def parts(secret: Secret) -> Iterator[Part]:
    """The whole value (or its pieces) first, then what else gives it away; each value once."""
    seen: set[bytes] = set()
    for part in _parts(secret):
        if part.value not in seen:
            seen.add(part.value)
            yield part


def _parts(secret: Secret) -> Iterator[Part]:
    whole = secret.reveal_bytes()
    if secret.is_binary:
        yield from _pieces(whole, secret.name)
        return
    text = secret.reveal()
    bare = text.strip()
    yield from _pieces(
        (bare if len(bare) >= MIN_LENGTH else text).encode("utf-8", "surrogateescape"), secret.name
    )
    fields = _fields(bare)
    if fields is None:
        yield from _inside(bare, secret.name)
        return
    for path, field in fields:
        label = f"{secret.name}#{path}"
        yield from _pieces(field.encode("utf-8", "surrogatepass"), label)
        yield from _inside(field, label)


def _inside(text: str, label: str) -> Iterator[Part]:
    for password in _passwords(text):
        if _worth_hiding(password):
            yield Part(password.encode("utf-8", "surrogateescape"), label)
    for line in _lines(text):
        yield Part(line.encode("utf-8", "surrogateescape"), label)


def _pieces(value: bytes, label: str) -> Iterator[Part]:
    """``value`` whole, or cut into pieces between characters; a short rest goes with the last piece."""
    if len(value) <= PIECE:
        yield Part(value, label)
        return
    at = 0
    while len(value) - at > PIECE + PIECE // 4:
        end = at + PIECE
        while value[end] & 0xC0 == 0x80 and end > at + PIECE - 4:
            end -= 1
        yield Part(value[at:end], label, joins=True)
        at = end
    yield Part(value[at:], label, joins=True)


def _fields(text: str) -> list[tuple[str, str]] | None:
    """The text leaves of a JSON object or array with their paths; ``None`` where ``text`` is neither."""
    if text[:1] not in ("{", "["):
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found: list[tuple[str, str]] = []
    _collect(parsed, "", 0, found)
    return found


def _collect(node: Any, path: str, depth: int, found: list[tuple[str, str]]) -> None:
    if len(found) >= MAX_FIELDS or depth > MAX_DEPTH:
        return
    if isinstance(node, str):
        if _worth_hiding(node):
            found.append((path, node))
    elif isinstance(node, (dict, list)):
        children = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in children:
            _collect(child, f"{path}.{key}" if path else str(key), depth + 1, found)


def _passwords(text: str) -> Iterator[str]:
    if "://" in text:
        for match in _URL_PASSWORD.finditer(text):
            password = match[1] or match[2]
            yield from (password, unquote(password), unquote_plus(password))
    if "=" in text:
        for match in _PAIR_PASSWORD.finditer(text):
            yield match[1] or match[2] or match[3]


def _lines(text: str) -> Iterator[str]:
    lines = text.splitlines()
    if len(lines) > 1:
        for line in lines[:MAX_LINES]:
            bare = line.strip()
            if len(bare) >= MIN_LINE and not _FRAME(bare):
                yield bare


def _worth_hiding(text: str) -> bool:
    return len(text) >= MIN_LENGTH and text not in PUBLIC
