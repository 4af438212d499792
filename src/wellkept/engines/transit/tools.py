"""``random`` and ``hash``: what needs no key."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from ...core.form import bad, base64s
from ...core.form.duration import quoted
from ...core.request import Response
from .macs import _NAMES

if TYPE_CHECKING:
    from ...core.form import Call

MOST = 128 * 1024
"""Bytes that may be asked for at once."""
_SOURCES = ("platform", "seal", "all")


def random(call: Call) -> Response:
    """Random bytes. From whichever source they are asked, they come from the operating system.

    ``random/NUMBER`` and ``random/SOURCE`` look the same, so what is no source counts as the number.
    """
    data = call.data
    source, text = data.raw["source"], data.raw["urlbytes"]
    warnings: tuple[str, ...] = ()
    if source == "seal":
        warnings = ("no seal/entropy augmentation available, using platform entropy source",)
    count = data["bytes"]
    if source and (text or source not in _SOURCES):
        count = _count(text or source)
    if count < 1:
        raise bad("'bytes' cannot be less than 1")
    if count > MOST:
        raise bad(f"'bytes' should be less than {MOST}")
    if data["format"] not in ("hex", "base64"):
        raise bad(f'unsupported encoding format "{data["format"]}"; must be "hex" or "base64"')
    if text and source and source not in _SOURCES:
        raise bad(f'unsupported entropy source "{source}"; must be "platform" or "seal", or "all"')
    made = os.urandom(count)
    shown = made.hex() if data["format"] == "hex" else base64s.encode(made)
    return Response({"random_bytes": shown}, digests={"random_bytes": shown.encode()}, warnings=warnings)


def _count(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
        raise bad(f"error parsing url-set byte count: strconv.Atoi: parsing {quoted(text)}: invalid syntax")
    return int(text)


def hash_(call: Call) -> Response:
    data = call.data
    if "input" not in data:
        raise bad("input missing")
    problem = ""
    message = b""
    try:
        message = base64s.decode(data["input"])
    except base64s.NotBase64 as error:
        problem = str(error)
    if problem:
        raise bad(f"unable to decode input as base64: {problem}")
    if data["format"] not in ("hex", "base64"):
        raise bad(f'unsupported encoding format {data["format"]}; must be "hex" or "base64"')
    name = data["urlalgorithm"] or data["algorithm"]
    known = _NAMES.get(name)
    if known is None or known == "sha1":
        raise bad(f"unsupported algorithm {name}")
    digest = hashlib.new(known, message).digest()
    return Response({"sum": digest.hex() if data["format"] == "hex" else base64s.encode(digest)})
