"""Built web bundles: what every visitor can read, and the sources that a source map gives away with it.

Source: the source map format, ECMA-426 (``sources``, ``sourcesContent``, ``sections``, the prefix against
inclusion, and ``sourceMappingURL`` with a data URL).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from ..problem import Problem
from .documents import Documents, parsed, piece, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Item

_INLINE = re.compile(
    rb"[#@][ \t]*sourceMappingURL=data:application/json(?:;charset=[\w-]+)?(;base64)?,([^\s'\"*]+)"
)
SECTIONS = 16
"""Depth of maps within maps."""


class Bundle(Documents):
    """JavaScript, style sheets, pages and source maps."""

    name = "bundle"
    suffixes = (
        ".js",
        ".mjs",
        ".cjs",
        ".css",
        ".html",
        ".htm",
        ".map",
        ".json",
        ".wasm",
        ".txt",
        ".webmanifest",
    )

    def parts(self, path: str, data: bytes) -> Iterator[Item | Problem]:
        if path.endswith(".map"):
            yield from self._map(path, (), data)
            return
        yield whole(path, data)
        for number, match in enumerate(_INLINE.finditer(data), 1):
            found = _decoded(match)
            if found is None:
                yield Problem("corrupt", path, "has a source map in it that cannot be decoded")
            else:
                yield from self._map(path, (f"source map {number}",), found)

    def _map(self, path: str, inside: tuple[str, ...], data: bytes) -> Iterator[Item | Problem]:
        if data.startswith(b")]}'"):
            data = data.partition(b"\n")[2]
        document = parsed(data)
        if not isinstance(document, dict):
            yield whole(path, data) if not inside else piece(path, inside, data)
            yield Problem("corrupt", path, "is no source map, so it was scanned as plain text only")
            return
        yield from _sources(path, inside, document, SECTIONS)


def _sources(
    path: str, inside: tuple[str, ...], document: dict[str, Any], depth: int
) -> Iterator[Item | Problem]:
    names = document.get("sources")
    contents = document.get("sourcesContent")
    names = names if isinstance(names, list) else []
    for number, content in enumerate(contents if isinstance(contents, list) else []):
        if isinstance(content, str) and content:
            name = (
                names[number]
                if number < len(names) and isinstance(names[number], str)
                else f"source {number}"
            )
            yield piece(path, (*inside, name), content)
    rest = {
        key: value for key, value in document.items() if key not in ("sourcesContent", "mappings", "sections")
    }
    yield piece(path, inside, json.dumps(rest, indent=1, ensure_ascii=False))
    sections = document.get("sections")
    for number, section in enumerate(sections if isinstance(sections, list) else []):
        inner = section.get("map") if isinstance(section, dict) else None
        if isinstance(inner, dict):
            if depth == 0:
                yield Problem("bound-reached", path, f"nests source maps deeper than {SECTIONS}")
                return
            yield from _sources(path, (*inside, f"section {number}"), inner, depth - 1)


def _decoded(match: re.Match[bytes]) -> bytes | None:
    body = unquote_to_bytes(match[2])
    if not match[1]:
        return body
    try:
        return base64.b64decode(body + b"=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return None
