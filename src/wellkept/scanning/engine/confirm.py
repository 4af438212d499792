"""Exact spans of the few candidates: RE2 where it is installed (linear time), else the standard library."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .compile import Compiled

_re2: list[Any] = []


def re2_module() -> Any:
    """The module ``re2``, or none where it is not installed."""
    if not _re2:
        try:
            _re2.append(import_module("re2"))
        except ImportError:
            _re2.append(None)
    return _re2[0]


def compile_pattern(pattern: str) -> Any:
    """A pattern over bytes, ``^`` and ``$`` at every line. Raises what the engine raises for a bad one."""
    re2 = re2_module()
    if re2 is None:
        import re

        return re.compile(pattern.encode("utf-8"), re.MULTILINE)
    options = re2.Options()
    options.max_mem = 64 << 20  # counted repeats of a few thousand need more than the default of 8 MiB
    options.log_errors = False
    return re2.compile(b"(?m)" + pattern.encode("utf-8"), options)


class Confirmer:
    """Compiles a rule's pattern when it is first needed, because most never are."""

    def __init__(self, compiled: Compiled) -> None:
        self._rules = compiled.rules
        self._patterns: list[Any] = [None] * len(compiled.rules)
        self._secret_group: list[int] = [0] * len(compiled.rules)
        self._extra: dict[str, Any] = {}

    def spans(self, rule: int, data: bytes, begin: int, stop: int) -> Iterator[Any]:
        """The matches that start in ``begin..stop``, leftmost first, none overlapping; one by one."""
        pattern = self._patterns[rule] or self._prepare(rule)
        search, position = pattern.search, begin
        while (match := search(data, position)) is not None:
            start, end = match.span()
            if start >= stop:
                return
            yield match
            position = end if end > start else end + 1

    def group(self, rule: int) -> int:
        """Which group of the rule's pattern is the secret."""
        return self._secret_group[rule]

    def other(self, pattern: str) -> Any:
        """One of a rule's further patterns (near, path, allow), compiled once."""
        found = self._extra.get(pattern)
        if found is None:
            found = self._extra[pattern] = compile_pattern(pattern)
        return found

    def _prepare(self, rule: int) -> Any:
        pattern = self._patterns[rule] = compile_pattern(self._rules[rule].pattern)
        names = pattern.groupindex  # RE2's are bytes for a pattern of bytes
        self._secret_group[rule] = names.get("secret") or names.get(b"secret") or min(pattern.groups, 1)
        return pattern
