"""The body of an operator's request, field by field, refused in the words of Go's decoder; and key shares."""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from orjson import dumps

from ...core.refusal import Refusal
from ..exchange import Answer
from ..limits import DEFAULT, parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..exchange import Exchange

INVALID_KEY = "'key' must be a valid hex or base64 string"
SHARE_SIZES = (32, 33)


def body_of(exchange: Exchange) -> dict[str, Any]:
    """The object in the body, ``{}`` for none. Raises ``Refusal``."""
    return parse_object(exchange.body, DEFAULT._replace(body=64 * 1024)) or {}


def reply(document: Mapping[str, Any], status: int = 200) -> Answer:
    """``document`` as the whole answer, with no envelope."""
    return Answer(status, dumps(document) + b"\n")


def integer(data: Mapping[str, Any], name: str, struct: str) -> int:
    value = data.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        shown = f"number {value}" if isinstance(value, float) else _kind(value)
        raise _wrong(shown, name, struct, "int")
    return value


def string(data: Mapping[str, Any], name: str, struct: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(_kind(value), name, struct, "string")
    return value


def boolean(data: Mapping[str, Any], name: str, struct: str) -> bool:
    value = data.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _wrong(_kind(value), name, struct, "bool")
    return value


def share(text: str) -> bytes:
    """A key share from hexadecimal or base64. Raises ``Refusal``, without the text."""
    raw: bytes | None = None
    try:
        raw = bytes.fromhex(text) if text.isascii() and " " not in text else None
    except ValueError:
        raw = _base64(text)
    if raw is None or len(raw) not in SHARE_SIZES:
        raise Refusal(400, INVALID_KEY)
    return raw


def no_pgp(data: Mapping[str, Any]) -> None:
    """PGP is not spoken here. Raises ``Refusal`` rather than hand out shares in clear."""
    for name in ("pgp_keys", "recovery_pgp_keys", "pgp_key", "root_token_pgp_key"):
        if data.get(name):
            raise Refusal(400, f"{name}: encryption of shares and tokens with PGP is not supported")


def _base64(text: str) -> bytes | None:
    try:
        return a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:
        return None


def _kind(value: Any) -> str:
    kinds = {bool: "bool", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "number")


def _wrong(shown: str, name: str, struct: str, wanted: str) -> Refusal:
    return Refusal(
        400,
        f"failed to decode JSON input: json: cannot unmarshal {shown} into Go struct field "
        f"{struct}.{name} of type {wanted}",
    )
