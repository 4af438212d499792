"""Exact spans of the few candidates: RE2 where it is installed (linear time), else the standard library."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .literals import OVERLAP

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


def compile_near(pattern: str) -> Any:
    """For short texts: the names of files, and what is near a match of a generic rule with a bounded pattern.

    Those are many, and each is new to RE2, which then builds its automaton again and again; the standard library
    is ten times faster on a few hundred bytes.
    """
    import re

    try:
        return re.compile(pattern.encode("utf-8"), re.MULTILINE)
    except re.error:  # RE2's syntax is not all known to the standard library
        return compile_pattern(pattern)


class Confirmer:
    """Compiles a rule's pattern when it is first needed, because most never are."""

    def __init__(self, compiled: Compiled) -> None:
        self._rules = compiled.rules
        self._near = [
            rule.generic and width < OVERLAP
            for rule, width in zip(compiled.rules, compiled.widths, strict=True)
        ]
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

    def spans_near(
        self, rule: int, data: bytes, begin: int, stop: int, ends: list[int], reach: int, width: int
    ) -> Iterator[Any]:
        """The same matches as ``spans``, given where the shortest part of each ends and how long they can be.

        No match starts more than ``reach`` before the first of those ends ``e``, so the leftmost match from there
        on is the one that a search from ``begin`` would give.
        """
        pattern = self._patterns[rule] or self._prepare(rule)
        search, position = pattern.search, begin
        for end in ends:
            if end <= position:
                continue
            match = search(data, max(position, end - reach), min(len(data), end + width + 8))
            if match is None or match.start() >= end:
                continue  # only the shortest part of one; a later one has its own end
            start, last = match.span()
            if start >= stop:
                return
            yield match
            position = last

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
        text = self._rules[rule].pattern
        pattern = compile_near(text) if self._near[rule] else compile_pattern(text)
        self._patterns[rule] = pattern
        names = pattern.groupindex  # RE2's are bytes for a pattern of bytes
        self._secret_group[rule] = names.get("secret") or names.get(b"secret") or min(pattern.groups, 1)
        return pattern
