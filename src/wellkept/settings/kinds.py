"""From a secret's text to what pydantic takes for a field: JSON for containers, choices by their text, the rest as is.

A secret is text (or bytes). Pydantic turns text into numbers, booleans, dates, URLs and much else by itself;
what it does not take from text is prepared here: lists, mappings and models (JSON; a list may also be written
``a,b,c``), and members of an enumeration or a ``Literal`` that are no text.
"""

from __future__ import annotations

import collections
import collections.abc as abc
import types
import typing
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import pydantic
from pydantic_core import from_json

from ..secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LISTS = (list, tuple, set, frozenset, collections.deque)
_ABSTRACT_LISTS = (abc.Collection, abc.Sequence, abc.MutableSequence, abc.Set, abc.MutableSet, abc.Iterable)
_MAPPINGS = (abc.Mapping, abc.MutableMapping)
_BYTES = (bytes, bytearray, pydantic.SecretBytes)
_HIDING = (Secret, pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret)
_DECODERS = (pydantic.Json, pydantic.BeforeValidator, pydantic.PlainValidator, pydantic.WrapValidator)


class Refusal(NamedTuple):
    """Why a text cannot be prepared. Returned, not raised, so that no traceback ever holds the text."""

    reason: str


class Kind(NamedTuple):
    """How the value of one field is prepared, and what may be shown of it."""

    prepare: Callable[[Secret], Any]
    """The input for pydantic, or a ``Refusal``. Raises ``Malformed`` for binary where text is needed."""
    listed: bool
    """Whether every possible value stands in the code anyhow (booleans, enumerations, literals)."""
    wrapped: bool
    """Whether the field's type itself hides the value (``Secret``, ``SecretStr``)."""


def kind_of(annotation: Any, metadata: typing.Sequence[Any] = (), *, raw: bool = False) -> Kind:
    """The kind of a field with this annotation and metadata.

    ``raw`` hands the text over as it is, for a field whose own validator decodes it.
    """
    raw = raw or any(isinstance(item, _DECODERS) for item in metadata)
    arms = [arm for arm in alternatives(annotation) if arm is not types.NoneType]
    listed = bool(arms) and all(arm is bool or _choices(arm) for arm in arms)
    wrapped = any(_class_of(arm) in _HIDING for arm in arms)
    if Secret in arms:
        return Kind(_as_it_is, listed, wrapped)
    if arms and all(arm in _BYTES for arm in arms):
        return Kind(Secret.reveal_bytes, listed, wrapped)
    shapes = set() if raw else {_shape(arm) for arm in arms}
    choices = {text: value for arm in arms for text, value in _choices(arm).items() if text != value}
    if choices or shapes - {"text"}:
        return Kind(_decoder(choices, shapes), listed, wrapped)
    return Kind(Secret.reveal, listed, wrapped)


def alternatives(annotation: Any) -> Iterator[Any]:
    """The types that a field may hold: unions taken apart; ``Annotated``, aliases and ``NewType`` looked through."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner, *metadata = typing.get_args(annotation)
        # What a decoder of its own takes from text is text to us.
        yield from [str] if any(isinstance(item, _DECODERS) for item in metadata) else alternatives(inner)
    elif origin is typing.Union or origin is types.UnionType:
        for arm in typing.get_args(annotation):
            yield from alternatives(arm)
    elif hasattr(annotation, "__supertype__"):
        yield from alternatives(annotation.__supertype__)
    elif hasattr(annotation, "__value__") and not isinstance(annotation, type):
        yield from alternatives(annotation.__value__)
    else:
        yield annotation


def is_model(arm: Any) -> bool:
    """Whether ``arm`` is a pydantic model with fields of its own (a root model is what its root is)."""
    return (
        isinstance(arm, type)
        and issubclass(arm, pydantic.BaseModel)
        and not issubclass(arm, pydantic.RootModel)
    )


def _class_of(arm: Any) -> Any:
    return typing.get_origin(arm) or arm


def _shape(arm: Any) -> str:
    """``list``, ``object`` or ``text``: what the type is written as."""
    cls = _class_of(arm)
    if isinstance(cls, type) and issubclass(cls, pydantic.RootModel):
        shapes = {_shape(inner) for inner in alternatives(cls.model_fields["root"].annotation)}
        return shapes.pop() if len(shapes) == 1 else "text"
    if cls in _ABSTRACT_LISTS or (isinstance(cls, type) and issubclass(cls, _LISTS)):
        return "list"
    structured = isinstance(cls, type) and (
        issubclass(cls, (dict, pydantic.BaseModel)) or typing.is_typeddict(cls)
    )
    if structured or cls in _MAPPINGS or hasattr(cls, "__dataclass_fields__"):
        return "object"
    return "text"


def _choices(arm: Any) -> dict[str, Any]:
    """What the members of an enumeration or ``Literal`` are written as; empty for any other type."""
    if typing.get_origin(arm) is typing.Literal:
        return {str(value): value for value in typing.get_args(arm) if value is not None}
    if isinstance(arm, type) and issubclass(arm, Enum):
        return {
            str(member.value): member.value if isinstance(member.value, str) else member for member in arm
        }
    return {}


def _as_it_is(secret: Secret) -> Secret:
    return secret


def _decoder(choices: dict[str, Any], shapes: set[str]) -> Callable[[Secret], Any]:
    def prepare(secret: Secret) -> Any:
        text = secret.reveal()
        if text in choices:
            return choices[text]
        if not shapes - {"text"}:
            return text
        if text.lstrip()[:1] in ("[", "{"):
            parsed = _parsed(text)
            return text if isinstance(parsed, Refusal) and "text" in shapes else parsed
        if "text" in shapes:
            return text
        if "list" in shapes:
            return [item.strip() for item in text.split(",")] if text.strip() else []
        return Refusal("should be a JSON object")

    return prepare


def _parsed(text: str) -> Any:
    try:
        return from_json(text, allow_inf_nan=False)
    except (ValueError, TypeError) as error:
        # The parser's words are fixed texts followed by the place; only the place is passed on.
        _, found, place = str(error).rpartition(" at ")
    return Refusal(f"is not valid JSON ({place})" if found else "is not valid JSON")
