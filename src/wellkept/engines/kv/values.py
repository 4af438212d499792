"""Values on their way in: text, bytes or a JSON object, checked and turned into bytes.

No error here holds a value, nor is raised inside another that does: where a library's exception would
quote its input, it is caught first and the refusal raised after.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core.compact import printer
from ...core.model import MAX_VALUE
from ...errors import InvalidRequest, ValueTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"
TEXT = "text/plain"
BINARY = "application/octet-stream"

MAX_JSON_DEPTH = 100
"""Levels of nesting: far above what configuration needs, far below where parsers give up."""

MAX_INTEGER_BITS = 4096
"""Python refuses to print integers of more than 4300 digits."""

_print = printer(ascii_only=False, default=dict)


class Value:
    """A value as it will be stored: its bytes and content type. Does not print."""

    __slots__ = ("content", "content_type")

    def __init__(self, content: bytes, content_type: str) -> None:
        self.content = content
        self.content_type = content_type


def from_data(data: Mapping[str, Any], name: str) -> Value:
    """From a write's parameters: ``data`` (an object) or ``value`` (text or bytes, with ``content_type``)."""
    if ("data" in data) == ("value" in data):
        raise InvalidRequest(f"writing {name!r}: give either 'data' (an object) or 'value' (text or bytes)")
    if "data" in data:
        if data.get("content_type") not in (None, JSON):
            raise InvalidRequest(f"writing {name!r}: an object's content type is {JSON}")
        return Value(encode_object(data["data"], name), JSON)
    return from_raw(data["value"], data.get("content_type"), name)


def from_raw(value: Any, content_type: Any, name: str) -> Value:
    """From text or bytes. Text that stands for undecodable bytes (surrogate escapes) becomes those bytes."""
    if not isinstance(value, (str, bytes)):
        raise InvalidRequest(f"the value of {name!r} must be text or bytes, not {type(value).__name__}")
    if len(value) > MAX_VALUE:
        raise too_large(name, len(value) if isinstance(value, bytes) else _encoded_size(value))
    content = value if isinstance(value, bytes) else _encode(value)
    if content is None:
        raise InvalidRequest(f"the value of {name!r} is text with lone surrogates; give it as bytes")
    if len(content) > MAX_VALUE:
        raise too_large(name, len(content))
    if content_type is None:
        content_type = TEXT if isinstance(value, str) and _is_text(content) else BINARY
    _check_content_type(content_type, content, name)
    return Value(content, content_type)


def encode_object(value: Any, name: str) -> bytes:
    """A JSON object as bytes. Raises ``InvalidRequest`` naming the field that JSON cannot hold."""
    if not hasattr(value, "items"):
        raise InvalidRequest(f"writing {name!r}: 'data' must be an object, not {type(value).__name__}")
    _check_json(value, name)
    text = _print(value)
    content = _encode(text, "strict")
    if content is None:
        raise InvalidRequest(f"the value of {name!r} has text with lone surrogates, which JSON cannot hold")
    if len(content) > MAX_VALUE:
        raise too_large(name, len(content))
    return content


def decode_object(content: bytes, name: str) -> dict[str, Any]:
    """A stored value as the JSON object that it must be; raises ``InvalidRequest`` when it is not."""
    parsed = _parse(content)
    if not isinstance(parsed, dict):
        raise InvalidRequest(
            f"the value of {name!r} is not a JSON object, so it has no fields; write it whole"
        )
    return parsed


def as_object(content: bytes, content_type: str) -> bytes:
    """How a value appears where only JSON objects can: an object as it is, text as ``{"value": TEXT}``, bytes as
    ``{"value": BASE64, "encoding": "base64"}``."""
    if content_type == JSON and isinstance(_parse(content), dict):
        return content
    if _is_text(content):
        return _print({"value": content.decode()}).encode()
    from base64 import b64encode

    return _print({"value": b64encode(content).decode(), "encoding": "base64"}).encode()


def too_large(name: str, size: int) -> ValueTooLarge:
    return ValueTooLarge(f"the value of {name!r} is {size} bytes; the limit is {MAX_VALUE} bytes (1 MiB)")


def _check_content_type(content_type: Any, content: bytes, name: str) -> None:
    if (
        not isinstance(content_type, str)
        or not 3 <= len(content_type) <= 127
        or "/" not in content_type
        or not (content_type.isascii() and content_type.isprintable())
    ):
        raise InvalidRequest(f"writing {name!r}: a content type looks like text/plain; see RFC 6838")
    if content_type == JSON and _parse(content) is _NOT_JSON:
        raise InvalidRequest(f"the value of {name!r} is said to be {JSON}, and is not")
    if content_type.startswith("text/") and not _is_text(content):
        raise InvalidRequest(f"the value of {name!r} is said to be {content_type}, and is not UTF-8 text")


_NOT_JSON: Any = object()


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _check_json(value: Any, name: str) -> None:
    stack: list[tuple[Any, str, int]] = [(value, "", 1)]
    while stack:
        item, where, depth = stack.pop()
        if item is None or isinstance(item, (str, bool)):
            continue
        if isinstance(item, int):
            if item.bit_length() > MAX_INTEGER_BITS:
                raise InvalidRequest(
                    f"the value of {name!r} has an integer at {where!r} above {MAX_INTEGER_BITS} bits; write it as text"
                )
            continue
        if isinstance(item, float):
            if item != item or item in (float("inf"), float("-inf")):
                raise InvalidRequest(f"the value of {name!r} has a number at {where!r} that is not finite")
        elif depth > MAX_JSON_DEPTH:
            raise InvalidRequest(f"the value of {name!r} is nested deeper than {MAX_JSON_DEPTH} levels")
        elif hasattr(item, "items"):
            for key, child in item.items():
                if not isinstance(key, str):
                    raise InvalidRequest(
                        f"the value of {name!r} has a key at {where or '/'!r} that is {type(key).__name__}, not text"
                    )
                stack.append((child, f"{where}/{key}", depth + 1))
        elif isinstance(item, (list, tuple)):
            stack.extend((child, f"{where}/{index}", depth + 1) for index, child in enumerate(item))
        else:
            raise InvalidRequest(
                f"the value of {name!r} has {type(item).__name__} at {where!r}, which JSON cannot hold"
            )


def _encode(text: str, errors: str = "surrogateescape") -> bytes | None:
    try:
        return text.encode("utf-8", errors)
    except UnicodeEncodeError:
        return None


def _encoded_size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
