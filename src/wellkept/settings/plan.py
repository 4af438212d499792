"""Which secrets a settings class needs: worked out once a class, then used for every load, example and schema."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError
from .kinds import Kind, alternatives, is_model, kind_of
from .reference import From

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo


class Leaf(NamedTuple):
    """A field that is read from a secret."""

    path: tuple[str, ...]
    """Names of the fields that lead to it from the settings class."""
    keys: tuple[str, ...]
    """The same in the keys that pydantic takes (aliases, where there are any)."""
    name: str
    """The secret's name, with ``#field`` where only one field of a JSON object is meant."""
    info: FieldInfo
    kind: Kind
    public: bool
    needed: bool
    """Whether neither it nor anything it is nested in may be left out."""

    @property
    def hidden(self) -> bool:
        """Whether ``repr`` and JSON hide the value."""
        return not (self.public or self.kind.listed)


class Plan(NamedTuple):
    """All leaves of one class, in the order of the fields."""

    title: str
    leaves: tuple[Leaf, ...]
    names: tuple[str, ...]
    """The secrets to read, each once."""
    branches: tuple[tuple[str, ...], ...]
    """Keys of the nested settings that are there whenever what they are nested in is; outer ones first."""
    empty_is_missing: bool


class _Place(NamedTuple):
    """Where in the class the leaves are being collected."""

    prefix: str
    delimiter: str
    path: tuple[str, ...]
    keys: tuple[str, ...]
    needed: bool
    within: tuple[type[BaseModel], ...]
    branches: list[tuple[str, ...]]


def plan_of(model: type[BaseModel]) -> Plan:
    """The plan of ``model``, cached on it. Raises ``ConfigError`` for a field that cannot be read from a secret."""
    plan: Plan | None = model.__dict__.get("__wellkept_plan__")
    if plan is None:
        if not model.__pydantic_complete__:
            model.model_rebuild()
        # Ours are class keywords; the others are the names that pydantic-settings has for the same.
        config: dict[str, Any] = dict(model.model_config)
        prefix = getattr(model, "__wellkept_prefix__", (config.get("env_prefix") or "").upper())
        delimiter = config.get("env_nested_delimiter") or "_"
        empty = getattr(model, "__wellkept_empty_is_missing__", bool(config.get("env_ignore_empty")))
        branches: list[tuple[str, ...]] = []
        leaves = tuple(_leaves(model, _Place(prefix, delimiter, (), (), True, (model,), branches)))
        names = tuple(dict.fromkeys(leaf.name for leaf in leaves))
        plan = Plan(model.__name__, leaves, names, tuple(branches), empty)
        type.__setattr__(model, "__wellkept_plan__", plan)
    return plan


def _leaves(model: type[BaseModel], at: _Place) -> Iterator[Leaf]:
    for field, info in model.model_fields.items():
        key, name = _key_and_name(model, field, info, at)
        reference = _reference(model, field, info)
        path, keys, needed = (*at.path, field), (*at.keys, key), at.needed and info.is_required()
        nested = [arm for arm in alternatives(info.annotation) if is_model(arm)]
        _check_nested(model, field, nested, at, whole=reference.name is not None)
        if nested and reference.name is None:
            if info.is_required():
                at.branches.append(keys)
            inside = at._replace(
                prefix=f"{name}{at.delimiter}",
                path=path,
                keys=keys,
                needed=needed,
                within=(*at.within, nested[0]),
            )
            yield from _leaves(nested[0], inside)
        else:
            kind = kind_of(info.annotation, info.metadata, raw=_has_own_decoder(model, field))
            yield Leaf(path, keys, reference.name or name, info, kind, reference.public, needed)


def _key_and_name(model: type[BaseModel], field: str, info: FieldInfo, at: _Place) -> tuple[str, str]:
    """The key that pydantic takes, and the secret's name where no ``From`` gives it."""
    alias = info.validation_alias
    if alias is None:
        return field, f"{at.prefix}{field.upper()}"
    if not isinstance(alias, str):
        raise ConfigError(
            f"{model.__name__}.{field}: AliasChoices and AliasPath are not supported; "
            f"name the secret with Annotated[..., From('name')]"
        )
    return alias, f"{at.prefix}{alias}" if at.path else alias


def references(info: FieldInfo) -> list[From]:
    """Every ``From`` of a field. ``Annotated[str, From("x")] | None`` means the same as around the union."""
    metadata = list(info.metadata)
    for arm in typing.get_args(info.annotation):
        if typing.get_origin(arm) is typing.Annotated:
            metadata += typing.get_args(arm)[1:]
    return [
        item if isinstance(item, From) else From()
        for item in metadata
        if item is From or isinstance(item, From)
    ]


def _reference(model: type[BaseModel], field: str, info: FieldInfo) -> From:
    found = references(info)
    if len(found) > 1:
        raise ConfigError(f"{model.__name__}.{field}: From is given more than once")
    return found[0] if found else From()


def _check_nested(
    model: type[BaseModel], field: str, nested: list[type[BaseModel]], at: _Place, *, whole: bool
) -> None:
    """Whether the models in ``nested`` can be read: each ``whole`` as JSON, or one of them field by field."""
    from .model import Settings

    where = f"{model.__name__}.{field}"
    for inner in nested:
        if issubclass(model, Settings) and not issubclass(inner, Settings):
            # A plain model would print in its repr what was read into it.
            raise ConfigError(
                f"{where}: let {inner.__name__} inherit from wellkept.Settings too, so that its repr hides values"
            )
        if whole and any(item.name for info in inner.model_fields.values() for item in references(info)):
            raise ConfigError(
                f"{where} is one JSON secret, so no field of {inner.__name__} can be From another"
            )
    if not whole and (len(nested) > 1 or any(inner in at.within for inner in nested)):
        raise ConfigError(
            f"{where}: nested settings must be of one class that does not hold itself; "
            f"or read them from one JSON secret with Annotated[..., From('name')]"
        )


def _has_own_decoder(model: type[BaseModel], field: str) -> bool:
    """Whether a validator of just this field comes before pydantic's own; one for ``*`` decodes no list."""
    return any(
        decorator.info.mode in ("before", "plain", "wrap") and field in decorator.info.fields
        for decorator in model.__pydantic_decorators__.field_validators.values()
    )
