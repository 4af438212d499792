"""Parameters on their way in: every one is known, of the right type and within bounds, or refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest
from .model import CURRENT, PREVIOUS

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_VERSIONS = 1000
MAX_PAIRS = 64
MAX_KEY = 128
MAX_PAIR_VALUE = 512
MAX_DESCRIPTION = 4096
MAX_STAGES = 20
MAX_TIME = 253_402_300_799.0
"""The end of the year 9999, the last second that RFC 3339 can say."""

_STAGE_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:@+=/")


def only(data: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """Refuse parameters that are not ``known``."""
    for key in data:
        if key not in known:
            raise InvalidRequest(
                f"{what}: unknown parameter {str(key)!r}; known: {', '.join(sorted(known)) or 'none'}"
            )


def number(value: Any, what: str, *, least: int = 0, most: int = 2**53) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidRequest(f"{what} must be a whole number from {least} to {most}")
    return value


def optional_number(data: Mapping[str, Any], key: str, what: str, *, least: int = 0) -> int | None:
    value = data.get(key)
    return None if value is None else number(value, f"{what}: {key!r}", least=least)


def numbers(value: Any, what: str) -> tuple[int, ...]:
    """A list of version numbers, not empty, each once, in order."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise InvalidRequest(f"{what}: 'versions' must be a list of version numbers")
    given = tuple(value)
    if not 1 <= len(given) <= MAX_VERSIONS:
        raise InvalidRequest(f"{what}: 'versions' must name 1 to {MAX_VERSIONS} versions")
    found = sorted({number(item, f"{what}: a version", least=1) for item in given})
    return tuple(found)


def time(data: Mapping[str, Any], key: str, what: str) -> float | None:
    """A moment, in seconds since the epoch."""
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_TIME:
        raise InvalidRequest(f"{what}: {key!r} must be a time in seconds since 1970, within the year 9999")
    return float(value)


def flag(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequest(f"{what} must be true or false")
    return value


def stage(value: Any, what: str) -> str:
    """A stage's label."""
    if not isinstance(value, str) or not 1 <= len(value) <= 64 or not _STAGE_CHARACTERS.issuperset(value):
        raise InvalidRequest(f"{what}: a stage is 1 to 64 letters, digits and any of -_.:@+=/")
    return value


def stages(value: Any, what: str) -> tuple[str, ...]:
    """The stages of a new version; ``current`` when none is given."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise InvalidRequest(f"{what}: 'stages' must be a list of labels")
    found = tuple(dict.fromkeys(stage(item, what) for item in value))
    if PREVIOUS in found:
        raise InvalidRequest(f"{what}: the stage {PREVIOUS!r} is moved by the store itself")
    if len(found) > MAX_STAGES:
        raise InvalidRequest(f"{what}: {len(found)} stages are too many; the limit is {MAX_STAGES}")
    return found or (CURRENT,)


def duration(value: Any, what: str) -> float:
    """A length of time in seconds; 0 for none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_TIME:
        raise InvalidRequest(f"{what} must be a number of seconds, 0 for no end")
    return float(value)


def text(value: Any, what: str, *, most: int) -> str:
    """Text within a limit of characters, and encodable."""
    if not isinstance(value, str):
        raise InvalidRequest(f"{what} must be text")
    if len(value) > most:
        raise InvalidRequest(f"{what} is {len(value)} characters long; the limit is {most}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidRequest(f"{what} has lone surrogates")
    return value


def pairs(value: Any, what: str) -> dict[str, str]:
    """Text by text: tags and custom metadata."""
    if not hasattr(value, "items"):
        raise InvalidRequest(f"{what} must be an object from text to text")
    if len(value) > MAX_PAIRS:
        raise InvalidRequest(f"{what} has {len(value)} keys; the limit is {MAX_PAIRS}")
    found = {}
    for key, item in value.items():
        text(key, f"a key of {what}", most=MAX_KEY)
        if not key:
            raise InvalidRequest(f"a key of {what} is empty")
        found[key] = text(item, f"{key!r} of {what}", most=MAX_PAIR_VALUE)
    return found
