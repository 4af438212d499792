"""Which fields of an instance must not be printed, and what is printed in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretBytes, SecretStr

from ..secret import MASK, Secret
from .kinds import kind_of
from .plan import references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


class _Masked:
    """Prints as the mask, without quotes: no text of that content is meant."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK


MASKED = _Masked()


def hidden_fields(instance: BaseModel) -> set[str]:
    """Names of the fields and computed fields whose value is hidden.

    Shown are: defaults as they stand in the class; values that can only be one of those that stand in the code;
    what ``From(public=True)`` says may be shown. Everything else may be, or be made from, what was read.
    """
    model = type(instance)
    # An instance whose validation failed half-way has no such set.
    given: set[str] = getattr(instance, "__pydantic_fields_set__", None) or set()
    hidden = {name for name, info in model.model_fields.items() if not _may_be_shown(info, name in given)}
    return hidden.union(model.__pydantic_decorators__.computed_fields)


def masked_arguments(instance: BaseModel) -> Iterator[tuple[str, Any]]:
    """The arguments of ``repr``, hidden ones masked unless they are of a type that masks itself.

    Computed fields are not computed for it: that may fail, and is masked anyhow.
    """
    model = type(instance)
    hidden = hidden_fields(instance)
    for name, info in model.model_fields.items():
        if info.repr and name in instance.__dict__:
            value = instance.__dict__[name]
            yield name, MASKED if name in hidden and not _masks_itself(value) else value
    for name, computed in model.__pydantic_decorators__.computed_fields.items():
        if computed.info.repr:
            yield name, MASKED


def mask_json(instance: BaseModel, serialized: dict[str, Any]) -> dict[str, Any]:
    """What serialisation to JSON gave, with hidden fields replaced by the mask."""
    model = type(instance)
    computed = model.__pydantic_decorators__.computed_fields
    for name in hidden_fields(instance):
        if not _masks_itself(getattr(instance, name, None)):
            field: Any = computed[name].info if name in computed else model.model_fields[name]
            for key in {name, field.alias, getattr(field, "serialization_alias", None)} & serialized.keys():
                serialized[key] = MASK
    return serialized


def _may_be_shown(info: FieldInfo, given: bool) -> bool:
    if not given:
        # A factory may make up a secret.
        return info.default_factory is None
    return kind_of(info.annotation).listed or any(reference.public for reference in references(info))


def _masks_itself(value: Any) -> bool:
    from .model import Settings

    return isinstance(value, (Secret, SecretStr, SecretBytes, Settings))
