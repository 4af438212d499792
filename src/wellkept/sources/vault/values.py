"""What a KV engine's JSON object is worth as a ``Secret``, and which names may be asked for.

A KV secret is an object of fields, and so its text here is that object as JSON; ``name#field`` takes one
field. An object of the single field ``value`` is how text that is no object is kept (our own server does so,
and everybody's ``kv put x value=...``): it comes back as that text, so that code written against ``.env``
goes on working. Bytes are ``{"value": BASE64, "encoding": "base64"}``. See decision 0081.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...errors import Malformed, NotFound
from ...secret import Secret, TextSecret

if TYPE_CHECKING:
    from .kv import Found

SEGMENTS = 64
"""Segments of a name, at most."""


def make_secret(found: Found, *, name: str, source: str, plain: bool) -> Secret:
    """What the engine holds as a secret; ``plain`` allows text and bytes to come back as such.

    Raises ``NotFound`` for a deleted version, ``Malformed`` for base64 that is none and numbers that JSON
    cannot say.
    """
    data, version, created = found
    if data is None:
        raise NotFound(f"{source}: version {version} of {name!r} is deleted", name=name, source=source)
    if plain and "value" in data and isinstance(data["value"], str):
        if len(data) == 1:
            return TextSecret(data["value"], name=name, version=version, source=source, created=created)
        if len(data) == 2 and data.get("encoding") == "base64":
            content = _decode(data["value"])
            if content is None:
                raise Malformed(
                    f"{source}: {name!r} is marked as base64 and is not", name=name, source=source
                )
            return Secret(content, name=name, version=version, source=source, created=created)
    text = _dump(data)
    if text is None:
        raise Malformed(f"{source}: {name!r} holds a number that JSON cannot say", name=name, source=source)
    return Secret(text, name=name, version=version, source=source, created=created)


def quote_name(name: str, source: str) -> str:
    """``name`` as it stands in a path. Raises ``NotFound`` for what no secret can be called."""
    segments = name.split("/")
    if any(part in ("", ".", "..") for part in segments) or len(segments) > SEGMENTS:
        problem = "empty, '.' and '..' parts between slashes cannot be"
    elif len(name) > 1024:
        problem = "it is longer than 1024 characters"
    elif any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in name):
        problem = "it holds control characters"
    elif any(0xD800 <= ord(character) < 0xE000 for character in name):
        problem = "it is not Unicode text"
    else:
        return quote(name, safe="/")
    raise NotFound(f"{source}: there is no secret of the name {name!r}: {problem}", name=name, source=source)


def _decode(text: str) -> bytes | None:
    from base64 import b64decode

    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None


def _dump(data: dict[str, Any]) -> str | None:
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        return None
