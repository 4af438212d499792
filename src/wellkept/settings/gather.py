"""What was read becomes pydantic's input; what could not be read becomes problems, never a default."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from ..errors import Denied, Malformed, NotFound, SecretError, Throttled, Transient
from .kinds import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..secret import Secret
    from .plan import Leaf, Plan

Keys = tuple[str, ...]


class Absent(Enum):
    """Why there is no value although nothing went wrong; a default may stand in."""

    NOT_FOUND = "not found"
    EMPTY = "is empty"


class Gathered:
    """The input for pydantic, and by the keys of a field: where it was looked for, why it could not be read,
    why there is nothing to read."""

    __slots__ = ("absent", "data", "refused", "where", "wheres")

    def __init__(self, where: str = "") -> None:
        self.where = where
        self.wheres: dict[Keys, str] = {}
        self.data: dict[str, Any] = {}
        self.refused: dict[Keys, str] = {}
        self.absent: dict[Keys, str] = {}


def gather(plan: Plan, found: Mapping[str, Secret | SecretError], where: str) -> Gathered:
    """Take each leaf's value out of ``found``. ``where`` is the printable URL for what names no source itself."""
    result = Gathered(where)
    for leaf in plan.leaves:
        answer = found[leaf.name]
        value = _value(leaf, answer, plan.empty_is_missing)
        result.wheres[leaf.keys] = answer.source or where
        if isinstance(value, Absent):
            result.absent[leaf.keys] = value.value
        elif isinstance(value, Refusal):
            result.refused[leaf.keys] = value.reason
        else:
            _put(result.data, leaf.keys, value)
    for keys in plan.branches:
        # So that pydantic misses each field of what is wholly missing, or fills in their defaults.
        parent = _at(result.data, keys[:-1])
        if parent is not None:
            parent.setdefault(keys[-1], {})
    return result


def _at(data: dict[str, Any], keys: Keys) -> dict[str, Any] | None:
    at: dict[str, Any] | None = data
    for key in keys:
        if at is None:
            return None
        at = at.get(key)
    return at


def _put(data: dict[str, Any], keys: Keys, value: Any) -> None:
    for key in keys[:-1]:
        data = data.setdefault(key, {})
    data[keys[-1]] = value


def _value(leaf: Leaf, answer: Secret | SecretError, empty_is_missing: bool) -> Any:
    """The input for pydantic, ``Absent``, or a ``Refusal``."""
    if isinstance(answer, NotFound):
        return Absent.NOT_FOUND
    if isinstance(answer, SecretError):
        return Refusal(_why(answer))
    if empty_is_missing and not answer.reveal_bytes():
        return Absent.EMPTY
    try:
        return leaf.kind.prepare(answer)
    except Malformed:
        return Refusal("should be text, but is binary")


def _why(error: SecretError) -> str:
    """A failed read in a few words, and those of the source: by the contract of ``errors`` they hold no value."""
    if isinstance(error, Denied):
        kind = "access denied"
    elif isinstance(error, Throttled):
        kind = "throttled"
    elif isinstance(error, Transient):
        kind = "unavailable"
    else:
        kind = "cannot be read"
    return f"{kind}: {' '.join(str(error).split())}"
