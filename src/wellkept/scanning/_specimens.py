"""Pieces of examples with structure: checksums, JSON in base64, keys. Used by ``examples`` alone."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from .checks import bech32, crc

if TYPE_CHECKING:
    from collections.abc import Callable

    from .examples import Dice

_HEX = "0123456789abcdef"
_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _uuid(dice: Dice, argument: str) -> str:
    digits = dice.text(_HEX, 32)
    text = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    return text.upper() if argument == "upper" else text


def _base62_crc(dice: Dice, argument: str) -> str:
    """``PREFIX`` and 30 characters, closed by their CRC-32 in six base-62 digits, as GitHub and npm do."""
    body = dice.text(_ALNUM, 30)
    return f"{argument}{body}{crc.base62(crc.crc32(body.encode()))}"


def _grafana(dice: Dice, argument: str) -> str:
    body = argument + dice.text(_ALNUM, 32)
    return f"{body}_{crc.crc32(body.encode()).to_bytes(4, 'little').hex()}"


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _jwt(dice: Dice, argument: str) -> str:
    claims = {"sub": dice.text(_HEX, 12), "iat": 1600000000 + dice.below(60000), "iss": argument or "login"}
    return f"{_segment({'alg': 'HS256', 'typ': 'JWT'})}.{_segment(claims)}.{dice.text(_ALNUM, 43)}"


def _b64(dice: Dice, argument: str) -> str:
    """The argument in base64, its ``~`` and digits replaced: ``user~12`` is ``user:`` and 12 characters."""
    name, _, length = argument.partition("~")
    return base64.b64encode(f"{name}:{dice.text(_ALNUM, int(length))}".encode()).decode()


def _der(dice: Dice, argument: str) -> str:
    """Base64 of something that begins as a DER sequence of ``argument`` bytes."""
    length = int(argument)
    body = bytes(dice.below(256) for _ in range(length))
    return base64.b64encode(b"\x30\x82" + length.to_bytes(2, "big") + b"\x02\x01\x00" + body[3:]).decode()


def _lines(dice: Dice, argument: str) -> str:
    """The same in lines of 64, as they stand in a PEM file."""
    text = _der(dice, argument)
    return "\n".join(text[start : start + 64] for start in range(0, len(text), 64))


def _escaped(dice: Dice, argument: str) -> str:
    return _lines(dice, argument).replace("\n", "\\n")


def _age(dice: Dice, argument: str) -> str:
    return bech32.encode(argument.lower(), [dice.below(32) for _ in range(52)]).upper()


def _nsec(dice: Dice, argument: str) -> str:
    return bech32.encode(argument, [dice.below(32) for _ in range(52)])


def _discord(dice: Dice, argument: str) -> str:
    number = dice.text("123456789", int(argument)).encode()
    first = base64.urlsafe_b64encode(number).rstrip(b"=").decode()
    return f"{first}.{dice.text(_ALNUM, 6)}.{dice.text(_ALNUM, 27)}"


def _cut(dice: Dice, argument: str) -> str:
    """Nothing: breaks a text that would look like a secret as it stands."""
    return ""


SPECIMENS: dict[str, Callable[[Dice, str], str]] = {
    "cut": _cut,
    "uuid": _uuid,
    "crc62": _base62_crc,
    "grafana": _grafana,
    "jwt": _jwt,
    "basic": _b64,
    "der": _der,
    "pem": _lines,
    "pemjson": _escaped,
    "age": _age,
    "nsec": _nsec,
    "discord": _discord,
}
