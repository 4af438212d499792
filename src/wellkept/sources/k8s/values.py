"""From a Secret of Kubernetes' to a value: one key of its ``data``, or all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import Malformed, NotFound
from .._cloud import Failure, part

if TYPE_CHECKING:
    from .names import Place

WHOLE = "value"
"""A Secret with this one key and no other stands for its value when it is read as a whole."""


def pick(content: dict[str, Any], place: Place) -> str | bytes | Failure:
    """The value at ``place`` of the Secret ``content``: text, or bytes where it is not UTF-8.

    A whole Secret is a JSON object of its keys, so that ``name#key`` works. JSON has no bytes: keys whose values are
    binary are left out of it and read as ``name/key``.
    """
    data = part(content, "data")
    if not place.keys:
        return _whole(data)
    for key in place.keys:
        if key in data:
            value = _decoded(data[key])
            return Failure(Malformed, f"its key {key!r} is not Base64") if value is None else value
    sought = " or ".join(place.keys)
    return Failure(NotFound, f"the Secret {place.secret} has no key {sought}")


def _whole(data: dict[str, Any]) -> str | bytes | Failure:
    values = {key: _decoded(value) for key, value in data.items()}
    for key, value in values.items():
        if value is None:
            return Failure(Malformed, f"its key {key!r} is not Base64")
    if set(values) == {WHOLE}:
        return values[WHOLE] or ""
    import json

    texts = {key: value for key, value in values.items() if isinstance(value, str)}
    if values and not texts:
        return Failure(Malformed, "all of its values are binary; read them one by one, as NAME/KEY")
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def _decoded(value: Any) -> str | bytes | None:
    """``None`` for what is no Base64 of a value; the error would quote it, so it goes no further."""
    from binascii import a2b_base64

    if not isinstance(value, str):
        return None
    try:
        plain = a2b_base64(value, strict_mode=True) if value else b""
    except ValueError:
        return None
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return plain
