"""Sequences of requests by Hypothesis, made of what OpenBao's own document says of its operations.

Most requests are nearly right: one thing about them is odd (a value, the path, the method, a header, the body), so
that which answer is due does not hang on what is looked at first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from . import values
from .operations import Operation, operations
from .sides import Step

if TYPE_CHECKING:
    from .areas import Area

TOKENS = ["root"] * 8 + ["<token:0>", "<token:1>", "<token:2>", "<wrap:0>", "none", "bad", "s.none"]
_REVOKES = re.compile("revoke-self")


def described(document: dict[str, Any], area: Area) -> list[tuple[Operation, dict[str, str]]]:
    """The operations of ``area`` with the fields of each."""
    found = []
    for each in operations(document):
        if re.match(area.pattern, each.path) and not re.search(area.without, each.path):
            found.append((each, _fields(document, each)))
    return found


def _fields(document: dict[str, Any], operation: Operation) -> dict[str, str]:
    content = document["paths"]["/" + operation.path].get(operation.method.lower(), {})
    schema = content.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return {name: each.get("type", "string") for name, each in schema.get("properties", {}).items()}


def sequences(document: dict[str, Any], area: Area, most: int = 12) -> st.SearchStrategy[list[Step]]:
    """Up to ``most`` steps in ``area``. ``{n}`` in their texts is to be replaced by a sequence's own number."""
    known = described(document, area)
    return st.lists(_step(known, area), min_size=1, max_size=most)


@st.composite
def _step(draw, known, area: Area) -> Step:
    operation, fields = draw(st.sampled_from(known))
    odd = draw(
        st.sampled_from(
            ["", "", "value", "value", "path", "method", "header", "body", "query", "token", "more"]
        )
    )
    method = operation.method
    path = _path(draw, operation.path, area, odd == "path")
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    if method in ("POST", "PATCH"):
        body = _body(draw, fields, area, odd == "value")
    if odd == "method":
        method = draw(st.sampled_from(values.METHODS))
        body = body if method in ("POST", "PUT", "PATCH") else None
        if method in ("POST", "PUT", "PATCH") and body is None:
            body = {"a": "b"}
    elif odd == "header":
        headers = (draw(st.sampled_from(values.HEADERS)),)
    elif odd == "body" and method in ("POST", "PATCH"):
        body = draw(st.sampled_from(values.BODIES))
    elif odd == "query":
        path += "?" + draw(st.sampled_from(values.QUERIES))
    elif odd == "more" and isinstance(body, dict):
        body = {
            **body,
            draw(st.sampled_from(["bogus", "name", "path", "ttl"])): draw(st.sampled_from(["a", 1, None])),
        }
    token = draw(st.sampled_from(TOKENS)) if odd == "token" else "root"
    if token == "root" and _REVOKES.search(path):
        token = "<token:0>"  # root's is asked with to the end
    return Step(method, path, body, token, headers)


def _path(draw, template: str, area: Area, odd: bool) -> str:
    names = re.findall(r"\{(\w+)\}", template)
    strange = draw(st.integers(0, max(len(names), 1) - 1)) if odd else -1
    for index, name in enumerate(names):
        pool = area.parts.get(name) or values.BY_PART.get(name) or ["a"]
        chosen = draw(st.sampled_from(values.ODD_PARTS if index == strange else pool))
        template = template.replace(f"{{{name}}}", chosen.replace("{n}", "\0"), 1)
    if odd and not names:
        template += draw(st.sampled_from(["/", "//", "/x", "%2e", "/..", "/%2e%2e/x", "%20"]))
    if area.mount is not None:
        template = template.replace(area.mount[0], f"{{n}}{area.mount[0]}", 1)
    return template.replace("\0", "{n}")


def _body(draw, fields: dict[str, str], area: Area, odd: bool) -> dict[str, Any]:
    names = sorted(fields)
    if not names:
        return draw(st.sampled_from([{}, {"a": "b"}]))
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=4))
    body = {name: draw(st.sampled_from(_values(name, fields[name], area))) for name in chosen}
    if odd and chosen:
        body[draw(st.sampled_from(chosen))] = draw(st.sampled_from(values.ODD))
    return body


def _values(name: str, kind: str, area: Area) -> list[Any]:
    found = area.fields.get(name) or values.BY_FIELD.get(name)
    if found is None and (name == "ttl" or name.endswith(("_ttl", "_period", "period"))):
        found = values.LENGTHS
    if found is None and name.endswith("policies"):
        found = values.BY_FIELD["policies"]
    return found or values.BY_TYPE[kind]


def numbered(step: Step, number: str) -> Step:
    """``step`` with ``number`` for ``{n}``."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{n}", number)
        if isinstance(value, dict):
            return {fill(name): fill(each) for name, each in value.items()}
        return [fill(each) for each in value] if isinstance(value, list) else value

    return step._replace(
        path=fill(step.path),
        body=fill(step.body),
        headers=tuple((name, fill(each)) for name, each in step.headers),
    )
