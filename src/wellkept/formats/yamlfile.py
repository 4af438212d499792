"""YAML: a mapping whose entries are secrets, every scalar the text that it is.

``no``, ``null``, ``0755`` and ``2024-01-01`` are what somebody typed, not a boolean, nothing, a number and a
date: the base schema keeps them so. Refused, with the line: a key that stands twice, aliases (they make
billions of values out of a few lines), merge keys, and tags of applications (``!vault``): what they stand
for is not in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ..errors import Malformed
from . import Item, decode
from .text import all_text, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_STANDARD = "tag:yaml.org,2002:"


class _Bad(Exception):
    """What is wrong, in words of ours, and the node where."""

    def __init__(self, node: yaml.Node, why: str) -> None:
        super().__init__(why)
        self.line = node.start_mark.line + 1


def read(content: bytes, filename: str) -> list[Item]:
    """The entries of the mapping, in order. Raises ``Malformed`` naming the file and the line."""
    items, problem = _read(decode(content, filename))
    if problem is not None:
        raise Malformed(f"{filename}{problem}")
    return items


def write(values: Mapping[str, Any], *, base64: bool = False) -> bytes:
    """A mapping of the values. All text is in double quotes, so that no reader of any YAML version takes it
    for something else."""
    texts = all_text(
        {n: v for n, v in values.items() if not isinstance(v, dict)}, format="YAML", base64=base64
    )
    whole = {name: texts.get(name, value) for name, value in values.items()}
    text: str = yaml.dump(whole, Dumper=_Quoting, allow_unicode=True, width=1 << 30, sort_keys=False)
    return text.encode("utf-8")


class _Quoting(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(_STANDARD + "str", text, style='"')


_Quoting.add_representer(str, _quoted)


def _read(text: str) -> tuple[list[Item], str | None]:
    """The items, or where the file goes wrong. PyYAML's errors quote the file, so they stay in here."""
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        if root is None:
            return [], None
        return _items(root), None
    except _Bad as error:
        return [], f", line {error.line}: {error}"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return [], (f", line {mark.line + 1}" if mark else "") + ": not YAML"
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return [], f", line {line}: a control character, which YAML does not allow"
    except yaml.YAMLError:
        return [], ": not YAML"
    except RecursionError:
        return [], ": nested too deeply"


def _items(root: yaml.Node) -> list[Item]:
    if not isinstance(root, yaml.MappingNode):
        raise _Bad(root, "expected a mapping at the top")
    seen: set[int] = set()
    items = []
    for key, node in _entries(root, seen):
        if isinstance(node, yaml.ScalarNode) and node.value == "" and node.style is None:
            items.append(Item(key, None))
            continue
        value = _value(node, seen)
        items.append(Item(key, value if isinstance(value, (dict, bytes)) else as_text(value)))
    return items


def _entries(mapping: yaml.MappingNode, seen: set[int]) -> list[tuple[str, yaml.Node]]:
    entries: dict[str, yaml.Node] = {}
    for key_node, node in mapping.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise _Bad(key_node, "a key that is no text")
        key: str = key_node.value
        if key == "<<" and key_node.style is None:
            raise _Bad(key_node, "a merge key; write out what it stands for")
        if key in entries:
            raise _Bad(key_node, f"the key {key!r} stands there twice")
        entries[key] = node
    return list(entries.items())


def _value(node: yaml.Node, seen: set[int]) -> Any:
    if id(node) in seen:
        raise _Bad(node, "used again by an alias; write it out in both places")
    seen.add(id(node))
    if not node.tag.startswith(_STANDARD):
        raise _Bad(node, "a tag of some application, which says nothing here")
    if isinstance(node, yaml.MappingNode):
        return {key: _inner(item, seen) for key, item in _entries(node, seen)}
    if isinstance(node, yaml.SequenceNode):
        return [_inner(item, seen) for item in node.value]
    if node.tag == _STANDARD + "binary":
        return _binary(node)
    return node.value


def _inner(node: yaml.Node, seen: set[int]) -> Any:
    value = _value(node, seen)
    if isinstance(value, bytes):
        raise _Bad(node, "binary inside a secret with fields; make it a secret of its own")
    return value


def _binary(node: yaml.Node) -> bytes:
    import base64
    import binascii

    try:
        return base64.b64decode("".join(node.value.split()), validate=True)
    except (binascii.Error, ValueError):
        pass  # raised below, outside, because the error knows the value
    raise _Bad(node, "not base64")
