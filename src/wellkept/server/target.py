"""The path and query of a request: decoded once, here, and refused where they would mean two things.

What is not in its shortest form (``//``, ``/./``, ``/../``) is answered with a redirection to that form, as
Go's multiplexer does for Vault; what is hidden by percent-encoding is refused. So no room behind this one ever
sees a path that normalises to another (CVE-2026-3605, CVE-2026-63131).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from ..core.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_TARGET = 16 * 1024
MAX_PARAMETERS = 200
_HARMLESS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.~:@!$&'()*+,;=")
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Redirect(Exception):
    """The same thing is at ``location``."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


def split(target: bytes) -> tuple[str, bytes]:
    """The decoded path and the raw query. Raises ``Refusal`` and ``Redirect``."""
    path, _, query = target.partition(b"?")
    if b"//" in path or b"/." in path:
        _settle(path, query)
    if len(target) > MAX_TARGET:
        raise Refusal(414, "the path is too long")
    if not path.startswith(b"/"):
        raise Refusal(400, "the path must begin with a slash")
    if b"%" in path or not path.isascii():
        return _decode(path), query
    text = path.decode("ascii")
    if not text.isprintable():
        raise Refusal(400)
    return text, query


def parameters(query: bytes) -> dict[str, Any]:
    """The query as Vault reads it: one value as text, several as a list. Raises ``Refusal``."""
    if not query:
        return {}
    return gathered((name, value) for name, value in pairs(query) if name != "help")


def gathered(given: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Names with their values: one value as text, several as a list."""
    found: dict[str, Any] = {}
    for name, value in given:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def pairs(text: bytes) -> list[tuple[str, str]]:
    """A query or a form, in order. Raises ``Refusal`` when there are too many, or they are not UTF-8."""
    result: list[tuple[str, str]] | None = None
    try:
        result = parse_qsl(
            text.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        pass  # raised again below, without the text in its context
    if result is None:
        raise Refusal(400, f"the parameters are not valid UTF-8, or more than {MAX_PARAMETERS}")
    return result


def truth(value: str) -> bool:
    """As Go's ``strconv.ParseBool``. Raises ``Refusal``."""
    if value in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if value in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    raise Refusal(400)


def whole_number(data: Mapping[str, Any], name: str) -> int | None:
    """A parameter of the query that is a number. Raises ``Refusal``."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() and len(value) < 10:
        return int(value)
    raise Refusal(400)


def _settle(path: bytes, query: bytes) -> None:
    """Redirect what is not the shortest form of itself; a name that merely begins with a dot is one."""
    text = path.decode("latin-1")
    shortest = posixpath.normpath("/" + text.lstrip("/"))
    if text.endswith("/") and shortest != "/":
        shortest += "/"
    if shortest != text:
        location = quote(shortest, safe="/%:@!$&'()*+,;=~", encoding="latin-1")
        raise Redirect(location + ("?" + quote(query, safe="/%:@!$&'()*+,;=~?") if query else ""))


def _decode(path: bytes) -> str:
    for index in range(path.find(b"%"), len(path)):
        if path[index] == 37 and not (
            len(path) > index + 2 and path[index + 1] in _HEX and path[index + 2] in _HEX
        ):
            raise Refusal(400)
    decoded: str | None = None
    try:
        decoded = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        pass  # raised again below, without the text in its context
    if decoded is None or any(not (char.isprintable() or char == " ") for char in decoded):
        raise Refusal(400)
    segments = decoded.split("/")
    if ".." in segments:
        raise Refusal(400, "relative paths not supported")
    if "." in segments[1:] or "" in segments[1:-1]:
        raise Refusal(400, "the path has empty segments, or a single dot for one")
    return decoded
