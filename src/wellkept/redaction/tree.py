"""Structured data without secrets: nested mappings, lists, tuples and sets, keys included.

Bounded in depth and in the number of nodes, because event trees hold whatever a program had in its
variables, cycles included. What was not changed comes back as the same object.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

from ..secret import Secret
from .names import hides
from .redactor import FAILED

if TYPE_CHECKING:
    from collections.abc import Callable

    from .redactor import Redactor

MAX_DEPTH = 24
MAX_NODES = 100_000
TOO_DEEP = "[redacted: nested too deeply]"
TOO_LARGE = "[redacted: too much to look through]"


def redact_tree(
    redactor: Redactor,
    value: Any,
    *,
    depth: int = MAX_DEPTH,
    nodes: int = MAX_NODES,
    text: Callable[[str], str] | None = None,
) -> Any:
    """``value`` with every text in it redacted, and fields hidden whose names give them away.

    Other objects are judged by their ``repr`` and ``str``, and replaced by the redacted ``repr`` if either
    shows a secret. ``text`` redacts a text, where not ``redactor.redact`` is to. An error inside gives
    ``[redaction failed]`` in place of what could not be read.
    """
    return _Walk(redactor, nodes, redactor.redact if text is None else text).visit(value, depth, "")


class _Walk:
    def __init__(self, redactor: Redactor, nodes: int, text: Callable[[str], str]) -> None:
        self._redactor = redactor
        self._left = nodes
        self._text = text

    def visit(self, value: Any, depth: int, name: str) -> Any:
        """``value`` redacted; ``name`` is the field's that holds it."""
        if value is None or value is True or value is False or isinstance(value, (float, Secret)):
            return value
        self._left -= 1
        if self._left < 0:
            return TOO_LARGE
        if depth < 0:
            return TOO_DEEP
        try:
            return self._visit(value, depth, name)
        except Exception:
            return FAILED  # an object that cannot be looked at is not passed on unlooked at

    def _visit(self, value: Any, depth: int, name: str) -> Any:
        if isinstance(value, str):
            clean = self._text(value)
            return self._unnamed if clean is value and name and hides(name, value) else clean
        if isinstance(value, (bytes, int)):
            return self._scalar(value, name)
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, (list, tuple, Set)):
            return self._sequence(value, depth, name)
        return self._other(value)

    @property
    def _unnamed(self) -> str:
        return self._redactor.unnamed

    def _scalar(self, value: bytes | int, name: str) -> Any:
        shown = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if name and hides(name, shown):
            return self._unnamed
        if isinstance(value, bytes):
            return self._redactor.redact(value)
        if -1000 < value < 1000:
            return value  # too short to be searched for
        clean = self._redactor.redact(shown)
        return value if clean is shown else clean

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> Any:
        changed = False
        out: dict[Any, Any] = {}
        for key, item in value.items():
            clean_key = self.visit(key, depth - 1, "") if isinstance(key, (str, bytes, tuple)) else key
            name = key if isinstance(key, str) else key.decode("latin-1") if isinstance(key, bytes) else ""
            clean = self.visit(item, depth - 1, name)
            changed = changed or clean is not item or clean_key is not key
            while clean_key is not key and clean_key in out:
                clean_key = f"{clean_key}'"  # two keys that are secrets both stay
            out[clean_key] = clean
            if self._left < 0:
                return {**out, TOO_LARGE: TOO_LARGE}
        return out if changed else value

    def _sequence(self, value: Any, depth: int, name: str) -> Any:
        items = [self.visit(item, depth - 1, name) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        if isinstance(value, list):
            return items
        if isinstance(value, tuple):
            return type(value)._make(items) if hasattr(value, "_make") else tuple(items)
        return set(items)

    def _other(self, value: Any) -> Any:
        shown, said = repr(value), str(value)
        clean = self._text(shown)
        return value if clean is shown and self._text(said) is said else clean
