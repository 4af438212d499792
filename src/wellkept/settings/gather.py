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
        if leaf.needed and len(leaf.keys) > 1:
            _branch(result.data, leaf.keys)
        answer = found[leaf.name]
        value = _value(leaf, answer, plan.empty_is_missing)
        result.wheres[leaf.keys] = answer.source or where
        if isinstance(value, Absent):
            result.absent[leaf.keys] = value.value
        elif isinstance(value, Refusal):
            result.refused[leaf.keys] = value.reason
        else:
            _branch(result.data, leaf.keys)[leaf.keys[-1]] = value
    return result


def _branch(data: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """The dictionary that holds the last of ``keys``, made where it is not there yet."""
    for key in keys[:-1]:
        data = data.setdefault(key, {})
    return data


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
