"""Believes or dismisses candidates: path, entropy, allow, keywords, near, check, judge; cheap questions first."""

from __future__ import annotations

from importlib import import_module
from math import log2
from typing import TYPE_CHECKING, Any, NamedTuple

from ..finding import LINE_BYTES
from ..hooks import Candidate
from .confirm import Confirmer, compile_near

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..hooks import KnownMatcher
    from ..rule import Rule
    from . import Engine
    from .compile import Compiled

MARGIN = 4096
"""Bytes before a window's own that are looked at for context: lines, keywords, word borders."""


class Raw(NamedTuple):
    """A finding before it has a place: offsets are within the window. ``rule`` is -1 for a known secret."""

    rule: int
    start: int
    end: int
    confidence: float
    line: bytes
    details: dict[str, Any]


class Matcher:
    """All that is asked of one window of bytes."""

    def __init__(self, compiled: Compiled, engine: Engine, known: KnownMatcher | None = None) -> None:
        self.rules = compiled.rules
        self.engine = engine
        self.known = known
        self._confirm = Confirmer(compiled)
        self._count = len(compiled.rules)
        self._widths, self._reaches = compiled.widths, compiled.reaches
        self._by_path = [(index, rule.path) for index, rule in enumerate(compiled.rules) if rule.path]
        self._paths = "|".join(f"(?:{path})" for _, path in self._by_path)
        self._any_path: Any = None
        self._last_path: tuple[str, list[tuple[int, int]]] = "\0", []
        self._keywords: dict[str, tuple[bytes, ...]] = {}
        self._checks: Any = None
        self._judge: Any = None
        self._generic: Any = None
        self._last_ignored = "\0", False

    def scan(
        self, data: bytes, begin: int, stop: int, carry: dict[int, int], path: str, text: bool
    ) -> tuple[list[Raw], list[int]]:
        """Findings whose match starts in ``begin..stop``, and the detectors that saw something.

        ``carry`` says for each rule where the last match ended, so that none is cut in two by a border.
        ``text`` false dismisses secrets with control characters: a match across the fields of a binary file.
        """
        found: list[Raw] = []
        detected: list[int] = []
        hits = self.engine.hits(data)
        if self._paths:
            hits += self._for_path(path)
        for rule, start in hits:
            if rule >= self._count:
                detected.append(rule - self._count)
                continue
            first = max(start, begin, carry.get(rule, 0))
            if first >= stop or (self.rules[rule].generic and self._ignored(path)):
                continue
            ends = self.engine.ends(rule) if self._reaches[rule] else None
            if ends is None:
                spans = self._confirm.spans(rule, data, first, stop)
            else:
                spans = self._confirm.spans_near(
                    rule, data, first, stop, ends, self._reaches[rule], self._widths[rule]
                )
            self._confirm_rule(rule, spans, data, carry, path, text, found)
        if self.known is not None:
            self._scan_known(data, begin, stop, found)
        return found, detected

    def _ignored(self, path: str) -> bool:
        """Whether generic rules find nothing in a file of this name: translations, lock files, pictures."""
        if path != self._last_ignored[0]:
            if self._generic is None:
                self._generic = import_module("wellkept.scanning.generic")
            self._last_ignored = path, self._generic.places.is_ignored(path)
        return self._last_ignored[1]

    def _for_path(self, path: str) -> list[tuple[int, int]]:
        """The rules that look at files with this name only; the engine does not have them."""
        if path != self._last_path[0]:
            self._last_path = path, self._match_path(path)
        return self._last_path[1]

    def _match_path(self, path: str) -> list[tuple[int, int]]:
        name = path.encode("utf-8", "surrogateescape")
        if self._any_path is None:
            self._any_path = compile_near(self._paths)
        if self._any_path.search(name) is None:
            return []
        other = self._confirm.other
        return [(index, 0) for index, pattern in self._by_path if other(pattern).search(name) is not None]

    def _confirm_rule(
        self,
        index: int,
        matches: Iterator[Any],
        data: bytes,
        carry: dict[int, int],
        path: str,
        text: bool,
        found: list[Raw],
    ) -> None:
        rule = self.rules[index]
        for match in matches:
            carry[index] = match.end()
            group = self._confirm.group(index)
            start, end = match.span(group)
            if start < 0 or start == end:  # an alternative without the group
                start, end = match.span()
            secret = data[start:end]
            if (rule.generic and self._generic.is_hopeless(secret)) or (not text and not _printable(secret)):
                continue
            line = line_around(data, start, end)
            verdict = self._believe(rule, match, secret, line, path, data)
            if verdict is not None:
                found.append(Raw(index, start, end, verdict[0], line, verdict[1]))

    def _believe(
        self, rule: Rule, match: Any, secret: bytes, line: bytes, path: str, data: bytes
    ) -> tuple[float, dict[str, Any]] | None:
        if rule.entropy and entropy(secret) < rule.entropy:
            return None
        for pattern in rule.allow:
            if self._confirm.other(pattern).search(secret) is not None:
                return None
        first, last = match.span()
        near = data[max(0, first - rule.context) : last + rule.context]
        if (
            rule.keywords
            and not self._has_keyword(rule, data[first:last])
            and not self._has_keyword(rule, near)
        ):
            return None
        if rule.near and self._confirm.other(rule.near).search(near) is None:
            return None
        confidence, details = rule.confidence, {}
        if rule.check:
            outcome = self._check(rule, match, secret, line, path, near)
            if outcome is False:
                return None
            if outcome is True:
                confidence, details = max(confidence, 0.95), {"check": rule.check}
            elif outcome is not None:
                confidence = min(max(float(outcome), 0.0), 1.0)
        if rule.generic:
            judged = self._judged(rule, secret, line, path)
            if judged is None:
                return None
            confidence = judged
        return confidence, details

    def _has_keyword(self, rule: Rule, text: bytes) -> bool:
        words = self._keywords.get(rule.id)
        if words is None:
            words = self._keywords[rule.id] = tuple(word.encode() for word in rule.keywords)
        lowered = text.lower()
        return any(word in lowered for word in words)

    def _check(
        self, rule: Rule, match: Any, secret: bytes, line: bytes, path: str, near: bytes
    ) -> bool | float | None:
        if self._checks is None:
            self._checks = import_module("wellkept.scanning.checks").CHECKS
        candidate = Candidate(rule, secret, match.group(), line, path, _named(match), near)
        outcome: bool | float | None = self._checks[rule.check](candidate)
        return outcome

    def _judged(self, rule: Rule, secret: bytes, line: bytes, path: str) -> float | None:
        if self._judge is None:
            from functools import lru_cache

            # The versions of a file in a history repeat the same lines, and judging one is dear.
            self._judge = lru_cache(1 << 14)(self._generic.judge)
        outcome: float | None = self._judge(rule, secret, line, path)
        return outcome

    def _scan_known(self, data: bytes, begin: int, stop: int, found: list[Raw]) -> None:
        assert self.known is not None
        for start, end, known in self.known.find(data):
            if begin <= start < stop:
                found.append(
                    Raw(-1, start, end, 1.0, line_around(data, start, end), {"known": dict(known.details)})
                )


def entropy(secret: bytes) -> float:
    """Shannon's, in bits per byte."""
    size = len(secret)
    if not size:
        return 0.0
    counts = [secret.count(byte) for byte in set(secret)]
    return -sum(count / size * log2(count / size) for count in counts)


def line_around(data: bytes, start: int, end: int) -> bytes:
    """The line (or lines) of a match, at most ``LINE_BYTES`` of it; a NUL ends a line as well."""
    room = max(0, LINE_BYTES - (end - start)) // 2
    left, right = max(0, start - room), min(len(data), end + room)
    left = max(left, data.rfind(b"\n", left, start) + 1)
    stop = data.find(b"\n", end, right)
    right = right if stop < 0 else stop
    left = max(left, data.rfind(b"\0", left, start) + 1, data.rfind(b"\r", left, start) + 1)
    for mark in (b"\0", b"\r"):
        stop = data.find(mark, end, right)
        right = right if stop < 0 else stop
    return data[left : min(right, left + LINE_BYTES)]


def _named(match: Any) -> dict[str, bytes | None]:
    """The named groups; RE2 names those of a pattern of bytes in bytes."""
    return {
        name.decode() if isinstance(name, bytes) else name: value for name, value in match.groupdict().items()
    }


_CONTROL = bytes(code for code in range(256) if code < 32 and code not in b"\t\r\n") + bytes(range(127, 256))


def _printable(secret: bytes) -> bool:
    return len(secret.translate(None, _CONTROL)) == len(secret)
