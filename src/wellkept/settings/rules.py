"""Rules about the text of a value whose type hides it: lengths and patterns on ``Secret``, URL schemes on anything.

``Annotated[Secret, Field(min_length=32, pattern="^sk_")]`` is what people write; but pydantic applies such
constraints to text only, and ``Secret`` is none (nor is its own ``SecretStr``, as far as patterns go). So the
constraints of such a field are replaced, before pydantic builds its validator, by one rule that hands the text
to pydantic's own check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import annotated_types
from pydantic import SecretStr
from pydantic_core import PydanticKnownError, SchemaValidator, core_schema

from ..secret import Secret
from .kinds import alternatives

if TYPE_CHECKING:
    from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler


class _Rule:
    """Checks the text with ``validator`` and leaves the value as it is; ``schema`` is what JSON schema says of it."""

    __slots__ = ("schema", "validator")

    def __init__(self, rules: core_schema.CoreSchema, schema: dict[str, Any]) -> None:
        self.validator = SchemaValidator(rules)
        self.schema = schema

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**self.schema, **handler(schema)}

    def _check(self, value: Any) -> Any:
        if value is not None:
            # Pydantic takes the errors of this inner check over as they are.
            self.validator.validate_python(_text(value))
        return value


class Url(_Rule):
    """The text must be a URL, with one of ``schemes`` where any are given: ``Annotated[Secret, Url("postgresql")]``.

    The field keeps its type: ``str``, ``SecretStr`` and ``Secret`` hold the text exactly as it was read, where
    pydantic's own URL types hold a normalised object that prints itself. Several hosts, as libpq takes them, are
    a URL too.
    """

    __slots__ = ("schemes",)

    def __init__(self, *schemes: str) -> None:
        self.schemes = schemes
        rules = core_schema.multi_host_url_schema(allowed_schemes=list(schemes) or None)
        super().__init__(rules, {"format": "uri"})

    def __repr__(self) -> str:
        return f"Url({', '.join(map(repr, self.schemes))})"


class TextRules(_Rule):
    """Length and pattern of a hidden text."""

    __slots__ = ()

    def __init__(self, **rules: Any) -> None:
        names = {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"}
        schema = {names[name]: getattr(rule, "pattern", rule) for name, rule in rules.items()}
        super().__init__(core_schema.str_schema(**rules), schema)


def move_constraints(model: type[BaseModel]) -> None:
    """Replace the text constraints of ``model``'s ``Secret`` and ``SecretStr`` fields by ``TextRules``."""
    for info in model.model_fields.values():
        if info.metadata and not {Secret, SecretStr}.isdisjoint(alternatives(info.annotation)):
            rules, others = _split(info.metadata)
            if rules:
                info.metadata = [TextRules(**rules), *others]


def _split(metadata: list[Any]) -> tuple[dict[str, Any], list[Any]]:
    """The constraints that can be put on text, and everything else."""
    rules: dict[str, Any] = {}
    others: list[Any] = []
    for item in metadata:
        if isinstance(item, annotated_types.MinLen):
            rules["min_length"] = item.min_length
        elif isinstance(item, annotated_types.MaxLen):
            rules["max_length"] = item.max_length
        elif isinstance(item, annotated_types.GroupedMetadata):
            inner, more = _split(list(item))
            rules.update(inner)
            others += more
        elif _given(item).keys() == {"pattern"}:
            # What Field(pattern=...) leaves: an object of pydantic's own with nothing else in it.
            rules["pattern"] = item.pattern
        else:
            others.append(item)
    return rules, others


def _given(item: Any) -> dict[str, Any]:
    return {name: value for name, value in getattr(item, "__dict__", {}).items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, Secret):
        if value.is_binary:
            raise PydanticKnownError("string_unicode")
        return value.reveal()
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
