"""``sys/internal/specs/openapi``: our own routes as an OpenAPI document, made from the tables that answer them.

So it says of every path what is really there. Mounts of every kind appear under their own paths.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ..form import Field, Op, Route
from ..request import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..form import Call
    from ..service import Service

_METHODS = {"read": "get", "update": "post", "delete": "delete", "patch": "patch"}
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "seconds": {"type": "string", "format": "duration"},
    "signed_seconds": {"type": "string", "format": "duration"},
    "moment": {"type": "string", "format": "date-time"},
    "map": {"type": "object"},
    "pairs": {"type": "object", "additionalProperties": {"type": "string"}},
    "slice": {"type": "array", "items": {}},
    "strings": {"type": "array", "items": {"type": "string"}},
    "ints": {"type": "array", "items": {"type": "integer"}},
}


def routes(service: Service) -> list[Route]:
    def read(call: Call) -> Response:
        body = json.dumps(document(service), separators=(",", ":")).encode()
        return Response(raw=("application/json", body))

    op = Op(read, writes=False)
    return [
        Route(
            r"internal/specs/openapi",
            {"generic_mount_paths": Field("bool", clear=True), "context": Field(clear=True)},
            {"read": op, "update": op},
        )
    ]


def document(service: Service) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {}
    for table in ("secret", "auth"):
        for mount in service.router.mounts("auth" if table == "auth" else "secret"):
            engine = service.router.engine(mount)
            found: Iterable[Route] = getattr(engine, "routes", ())
            free: frozenset[str] = getattr(engine, "unauthenticated", frozenset())
            sudo: frozenset[str] = getattr(engine, "sudo", frozenset())
            for path, operations in getattr(engine, "other_paths", dict)().items():
                _add_plain(paths, mount.path, path, operations, free, sudo)
            for route in found:
                for path, names in spellings(route.pattern.pattern):
                    _add(paths, mount.path, path, names, route, free, sudo)
    return {
        "openapi": "3.0.2",
        "info": {
            "title": "wellkept",
            "description": "Vault's HTTP API, as far as it is served here. All paths are below /v1.",
            "version": __version__,
        },
        "paths": dict(sorted(paths.items())),
    }


def _add_plain(
    paths: dict[str, Any],
    mount: str,
    path: str,
    operations: Iterable[str],
    free: frozenset[str],
    sudo: frozenset[str],
) -> None:
    """A path that no route stands for, without its fields."""
    _add(paths, mount, path, [], Route(path, {}, dict.fromkeys(operations, _nothing)), free, sudo)


def _nothing(call: Call) -> Response:
    return Response()


def _add(
    paths: dict[str, Any],
    mount: str,
    path: str,
    names: list[str],
    route: Route,
    free: frozenset[str],
    sudo: frozenset[str],
) -> None:
    from ..served import matches

    item = paths.setdefault(f"/{mount}{path}", {})
    plain = re.sub(r"\{\w+\}", "x", path)
    if matches(free, plain):
        item["x-vault-unauthenticated"] = True
    if matches(sudo, plain):
        item["x-vault-sudo"] = True
    if names:
        item["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": _TYPES[route.fields[name].kind] if name in route.fields else {"type": "string"},
            }
            for name in names
        ]
    fields = {name: field for name, field in route.fields.items() if name not in names}
    for operation in route.operations:
        method = _METHODS.get(operation)
        if operation in ("list", "scan"):
            described = item.setdefault("get", _operation(operation))
            described.setdefault("parameters", []).append(_flag(operation))
        elif method is not None:
            described = item.setdefault(method, {}) | _operation(operation)
            _describe(described, method, fields)
            item[method] = described


def _operation(operation: str) -> dict[str, Any]:
    return {"responses": {"200": {"description": operation}}}


def _flag(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string", "enum": ["true"]}}


def _describe(described: dict[str, Any], method: str, fields: dict[str, Field]) -> None:
    if not fields:
        return
    if method in ("post", "patch"):
        schema = {"type": "object", "properties": {name: _TYPES[each.kind] for name, each in fields.items()}}
        described["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    elif method == "get":
        described.setdefault("parameters", []).extend(
            {"name": name, "in": "query", "schema": _TYPES[each.kind]} for name, each in fields.items()
        )


def spellings(pattern: str) -> list[tuple[str, list[str]]]:
    """The paths that a route's pattern stands for, with names in braces: an optional part gives two."""
    found = []
    for text in _branches(pattern):
        names = re.findall(r"\{(\w+)\}", text)
        found.append((text, names))
    return found


def _branches(pattern: str) -> list[str]:
    """Resolve groups from the innermost outwards."""
    texts = [pattern.replace("\\", "")]
    done: list[str] = []
    while texts:
        text = texts.pop()
        group = _named_group(text)
        if group is not None:
            start, end, name = group
            texts.append(f"{text[:start]}{{{name}}}{text[end:]}")
            continue
        match = re.search(r"\((?:\?:)?([^()]*)\)(\?)?", text)
        if match is not None:
            choices = match.group(1).split("|")
            if match.group(2):
                choices.append("")
            texts += [text[: match.start()] + choice + text[match.end() :] for choice in choices]
            continue
        done.append(text.removesuffix("/?") if text.endswith("/?") else text)
    return sorted(set(done))


def _named_group(text: str) -> tuple[int, int, str] | None:
    match = re.search(r"\(\?P<(\w+)>", text)
    if match is None:
        return None
    depth, index = 0, match.start()
    while index < len(text):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        index += 1
        if depth == 0:
            return match.start(), index, match.group(1)
    return None
