"""The plainest of TOML, read without ``tomllib``, whose import costs as much as opening the store.

Comments, tables ``[a.b]`` of bare keys, and ``key = value`` with a plain string, a small number or a boolean: what
a ``wellkept.toml`` usually says. At the first thing that is anything else, right or wrong, this gives up and the
file is ``tomllib``'s: it never decides what is TOML. A property test compares the two.
"""

from __future__ import annotations

from typing import Any

_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_GIVE_UP: Any = object()


def read_plain(text: str) -> dict[str, Any] | None:
    """What ``tomllib.loads(text)`` would return, or ``None`` where only ``tomllib`` can tell."""
    root: dict[str, Any] = {}
    table = root
    opened: set[str] = set()
    for raw in text.replace("\r\n", "\n").split("\n"):
        line = raw.strip(" \t")
        if not line or line.startswith("#"):
            if not _harmless(line):
                return None
        elif line.startswith("["):
            header = line[1:-1]
            if not line.endswith("]") or header in opened:
                return None
            opened.add(header)
            found = _open(root, header.split("."))
            if found is None:
                return None
            table = found
        else:
            key, equals, rest = line.partition("=")
            key = key.rstrip(" \t")
            value = _value(rest.lstrip(" \t"))
            if not equals or not _bare(key) or key in table or value is _GIVE_UP:
                return None
            table[key] = value
    return root


def _open(root: dict[str, Any], path: list[str]) -> dict[str, Any] | None:
    table = root
    for key in path:
        if not _bare(key):
            return None
        below = table.setdefault(key, {})
        if not isinstance(below, dict):
            return None
        table = below
    return table


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if text.isascii() and text.isdigit() and len(text) < 16 and (text[0] != "0" or text == "0"):
        return int(text)
    inner = text[1:-1]
    if (
        len(text) >= 2
        and text[0] == text[-1] == '"'
        and '"' not in inner
        and "\\" not in inner
        and inner.isprintable()
    ):
        return inner
    return _GIVE_UP


def _bare(key: str) -> bool:
    return bool(key) and _BARE.issuperset(key)


def _harmless(line: str) -> bool:
    """Whether a comment holds only what TOML allows in one (a part of it; the rest is ``tomllib``'s to judge)."""
    return line.replace("\t", " ").isprintable()
