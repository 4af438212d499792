"""A settings class as JSON schema: one property a secret, described as the value that the field takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from .plan import plan_of
from .reference import split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from .plan import Leaf

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CREDENTIALS = re.compile(r"://[^/?#@\s]*:[^/?#@\s]*@")


class _Generator(GenerateJsonSchema):
    """Pydantic's generator; what JSON schema has no words for is described as anything."""

    # A warning about a default would quote it.
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:
        return {}


def json_schema(model: type[BaseModel]) -> Schema:
    """The schema of the object ``{name of secret: value}`` that ``model`` needs, draft 2020-12.

    ``name#field`` is a property of the object ``name``. Whatever ``repr`` hides is ``writeOnly``, and text among
    that has ``format: password`` where it has no other format. Defaults of types that hide their value, and
    those that hold a URL with a password, are left out.
    """
    described, definitions = described_leaves(model)
    properties: Schema = {}
    objects: dict[str, Schema] = {}
    required: list[str] = []
    for leaf, schema in described:
        base, part = split(leaf.name)
        if part is None:
            properties[base] = _both(properties.get(base), schema)
        else:
            parts = objects.setdefault(base, {"type": "object", "properties": {}, "required": []})
            parts["properties"][part] = _both(parts["properties"].get(part), schema)
            if leaf.needed and part not in parts["required"]:
                parts["required"].append(part)
        if leaf.needed and base not in required:
            required.append(base)
    for base, parts in objects.items():
        properties[base] = _both(properties.get(base), parts)
    result: Schema = {"$schema": DIALECT, "title": model.__name__, "type": "object"}
    if model.__doc__:
        result["description"] = model.__doc__.strip()
    result.update(properties=properties, required=required)
    used = _used(properties, definitions)
    return {**result, "$defs": used} if used else result


def described_leaves(model: type[BaseModel]) -> tuple[list[tuple[Leaf, Schema]], Schema]:
    """Each leaf of ``model`` with the schema of its value, and the definitions that those refer to."""
    whole = model.model_json_schema(mode="validation", schema_generator=_Generator)
    definitions: Schema = whole.get("$defs", {})
    return [(leaf, _leaf_schema(leaf, whole, definitions)) for leaf in plan_of(model).leaves], definitions


def _leaf_schema(leaf: Leaf, whole: Schema, definitions: Schema) -> Schema:
    schema = whole
    for key in leaf.keys:
        schema = resolved(schema, definitions)["properties"][key]
    schema = _plain(dict(schema))
    if leaf.info.title is None:
        schema.pop("title", None)
    if (
        leaf.kind.wrapped
        or schema.get("default", ...) is None
        or _CREDENTIALS.search(str(schema.get("default")))
    ):
        schema.pop("default", None)
    if leaf.hidden:
        schema["writeOnly"] = True
        if schema.get("type") == "string":
            schema.setdefault("format", "password")
    return schema


def resolved(schema: Schema, definitions: Schema) -> Schema:
    """``schema`` with its reference followed; what stands beside the reference goes first."""
    schema = _plain(schema)
    if "$ref" not in schema:
        return schema
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions), **beside}


def _plain(schema: Schema) -> Schema:
    """Without ``null``, because a secret that is not there is not null; and a single ``allOf``, which older
    versions of pydantic put around a reference, taken apart."""
    if None in schema.get("enum", ()):
        schema = {**schema, "enum": [value for value in schema["enum"] if value is not None]}
    for key in ("anyOf", "allOf"):
        arms = [arm for arm in schema.get(key, []) if arm != {"type": "null"}]
        if len(arms) == 1:
            schema = {**arms[0], **{name: value for name, value in schema.items() if name != key}}
        elif arms:
            schema = {**schema, key: arms}
    return schema


def _both(first: Schema | None, second: Schema) -> Schema:
    """What satisfies both: two fields may be read from one secret."""
    return second if first is None or first == second else {"allOf": [first, second]}


def _used(schema: Any, definitions: Schema) -> Schema:
    """The definitions that ``schema`` refers to, also through one another."""
    used: Schema = {}
    waiting = list(_references(schema))
    while waiting:
        name = waiting.pop()
        if name not in used and name in definitions:
            used[name] = definitions[name]
            waiting += _references(definitions[name])
    return dict(sorted(used.items()))


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)
