"""Prepares rules: checks them, learns what must be known beside their text, builds the engine's database."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from ..problem import Problem
from ..text.detectors import DETECTORS
from .literals import OVERLAP, anchor, heads, run_gate, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..rule import Rule


class Compiled(NamedTuple):
    """Rules made ready. ``widths`` are the longest match of each, at most ``OVERLAP``; ``database`` is the engine's
    serialised form (none for the fallback); ``slow`` are the rules that the engine cannot take. Rules with a path are
    left to the files that have it. ``reaches`` is, of rules of which the engine reports every match, how far before the
    reported place a match can begin; 0 of all others, which are reported once. Those are the generic rules, because
    confirming them from the first place on would read most of each file again, and rules with a hundred names."""

    rules: tuple[Rule, ...]
    widths: tuple[int, ...]
    database: bytes | None
    slow: tuple[int, ...]
    problems: tuple[Problem, ...]
    reaches: tuple[int, ...]


def compile_rules(rules: Sequence[Rule], *, vectorscan: bool) -> Compiled:
    """Checks every rule and compiles all of them; one that cannot be used is left out and named as a problem."""
    from .confirm import compile_pattern

    good: list[Rule] = []
    problems: list[Problem] = []
    for rule in rules:
        fault = _fault(rule, compile_pattern)
        if fault:
            problems.append(Problem("rule", rule.id, fault))
        else:
            good.append(rule)
    widths = tuple(max_width(rule.pattern) for rule in good)
    reaches = tuple(
        max((max_width(text) for text in _begins(rule, width)), default=0)
        for rule, width in zip(good, widths, strict=True)
    )
    database, slow = None, tuple(range(len(good)))
    if vectorscan:
        database, slow = _build(good, widths)
    return Compiled(tuple(good), widths, database, slow, tuple(problems), reaches)


def _fault(rule: Rule, compile_pattern: Any) -> str:
    for key, patterns in (
        ("pattern", (rule.pattern,)),
        ("near", (rule.near,)),
        ("path", (rule.path,)),
        ("allow", rule.allow),
    ):
        for pattern in patterns:
            if not pattern:
                continue
            try:
                compiled = compile_pattern(pattern)
            except Exception as error:  # each engine has its own class for it
                return f"{key!r} is not a regular expression that can be used here: {error}"
            if key == "pattern" and compiled.search(b"") is not None:
                return "'pattern' matches the empty text, so it would match everywhere"
    if rule.check and rule.check not in checks():
        return f"there is no check named {rule.check!r}"
    return ""


def checks() -> Any:
    """``scanning.checks.CHECKS``."""
    return import_module("wellkept.scanning.checks").CHECKS


def max_width(pattern: str) -> int:
    """The longest match in bytes, ``OVERLAP`` where it is unbounded, longer or unknown."""
    parser: Any = import_module("re._parser")
    try:
        width = parser.parse(pattern.encode("utf-8")).getwidth()[1]
    except Exception:  # RE2's syntax is not all known to the standard library
        return OVERLAP
    return min(int(width), OVERLAP)


def _build(rules: Sequence[Rule], widths: Sequence[int]) -> tuple[bytes, tuple[int, ...]]:
    """The serialised database, and the rules that the engine does not take even as approximations."""
    hs: Any = import_module("hyperscan")
    base = hs.HS_FLAG_MULTILINE | hs.HS_FLAG_SINGLEMATCH
    entries = [
        entry
        for index, rule in enumerate(rules)
        if not rule.path
        for entry in _entries(hs, index, rule, widths[index])
    ]
    detectors = [(len(rules) + at, p.encode(), base) for at, (_, p) in enumerate(DETECTORS)]
    slow: list[int] = []
    database = _compile(hs, entries + detectors)
    if database is None:
        entries, slow = _sift(hs, entries)
        database = _compile(hs, entries + detectors)
    if database is None:  # each alone fits, all together do not
        slow, database = list(range(len(rules))), _compile(hs, detectors)
    return bytes(hs.dumpb(database)), tuple(sorted(set(slow)))


def _begins(rule: Rule, width: int) -> list[str]:
    """With what a match begins, for rules of which the engine reports every match; empty for all others."""
    if rule.path or width >= OVERLAP:
        return []
    return [shortened(rule.pattern)] if rule.generic else heads(rule.pattern, len(rule.keywords))


def _entries(hs: Any, index: int, rule: Rule, width: int) -> list[tuple[int, bytes, int]]:
    """What the engine looks for in a rule's place: its pattern, or a cheap part of one that has no literal."""
    begins = _begins(rule, width)
    if begins:
        return [(index, text.encode("utf-8"), hs.HS_FLAG_MULTILINE) for text in begins]
    pattern = (run_gate(rule.pattern) if anchor(rule.pattern) < 2 else "") or rule.pattern
    return [(index, pattern.encode("utf-8"), hs.HS_FLAG_MULTILINE | hs.HS_FLAG_SINGLEMATCH)]


def _sift(hs: Any, entries: list[tuple[int, bytes, int]]) -> tuple[list[tuple[int, bytes, int]], list[int]]:
    kept, slow = [], []
    for index, pattern, flags in entries:
        for attempt in (flags, flags | hs.HS_FLAG_PREFILTER):
            if _compile(hs, [(index, pattern, attempt)]) is not None:
                kept.append((index, pattern, attempt))
                break
        else:
            slow.append(index)
    return kept, slow


def _compile(hs: Any, entries: list[tuple[int, bytes, int]]) -> Any:
    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=[pattern for _, pattern, _ in entries],
            ids=[index for index, _, _ in entries],
            flags=[flags for _, _, flags in entries],
        )
    except hs.error:
        return None
    return database
