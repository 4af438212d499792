"""Kubernetes manifests and Helm charts: the files as they are, and what a Secret's base64 hides.

A value is shown to the rules as ``key: value``, since ``password: hunter2..`` tells more than the value alone. A
Helm release, which Helm keeps as a Secret (base64 twice, then gzip), is opened as well.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING, Any

import yaml

from ..problem import Problem
from .documents import Documents, piece, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Item

NODES = 500_000
"""Nodes of a file that are looked at: aliases can make a small file endless."""
RELEASE_BYTES = 64 << 20

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Manifests(Documents):
    """YAML and JSON files. Templates are scanned as text: only Helm can render them."""

    name = "manifests"
    suffixes = (".yaml", ".yml", ".json", ".tpl", ".env", ".txt")

    def parts(self, path: str, data: bytes) -> Iterator[Item | Problem]:
        yield whole(path, data)
        if b"ecret" not in data:
            return
        try:
            documents = list(yaml.compose_all(data, Loader=_Loader))
        except (yaml.YAMLError, RecursionError, ValueError):
            if b"{{" not in data:
                yield Problem("corrupt", path, "is not valid YAML, so its Secrets were not decoded")
            return
        budget = [NODES]
        for document in documents:
            yield from _secrets(path, document, budget)
        if budget[0] <= 0:
            yield Problem(
                "bound-reached", path, f"has more than {NODES} nodes; its Secrets were not all decoded"
            )


def _secrets(path: str, root: Any, budget: list[int]) -> Iterator[Item]:
    waiting, seen = [root], set()
    while waiting and budget[0] > 0:
        node = waiting.pop()
        budget[0] -= 1
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(reversed(node.value))
        elif isinstance(node, yaml.MappingNode):
            fields = {_text(key): value for key, value in node.value}
            if _text(fields.get("kind")) == "Secret" and isinstance(fields.get("data"), yaml.MappingNode):
                yield from _values(path, fields)
            waiting.extend(value for _, value in reversed(node.value))


def _values(path: str, fields: dict[str, Any]) -> Iterator[Item]:
    metadata: Any = fields.get("metadata")
    pairs = metadata.value if isinstance(metadata, yaml.MappingNode) else ()
    names = {_text(key): _text(value) for key, value in pairs}
    owner = f"Secret {names.get('name') or 'without a name'}"
    for key_node, value_node in fields["data"].value:
        key, value = _text(key_node), _decode(_text(value_node).encode())
        if value is None:
            continue
        yield piece(path, (owner, key), _shown(key, value))
        release = _release(value)
        if release is not None:
            yield piece(path, (owner, key, "release"), release)


def _shown(key: str, value: bytes) -> bytes:
    one_line = b"\n" not in value.strip() and b"\0" not in value
    return key.encode() + b": " + value.strip() + b"\n" if one_line else value


def _release(value: bytes) -> bytes | None:
    packed = _decode(value) if value.startswith(b"H4sI") else None
    if packed is None:
        return None
    try:
        return zlib.decompressobj(wbits=31).decompress(packed, RELEASE_BYTES)
    except zlib.error:
        return None


def _decode(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _text(node: Any) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
