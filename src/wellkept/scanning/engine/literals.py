"""How well a pattern is anchored, the longest literal that every match must contain; how long a match may be.

The engine is fast because it looks for literals first. A pattern without one (``[0-9a-f]{32}-[0-9a-f]{8}``) is run
on every byte, and a handful of those costs more than a thousand others.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

OVERLAP = 16 << 10
"""Bytes that neighbouring windows share: a match up to this long is found wherever it stands. The PEM form of an
RSA key of 16,384 bits has 12,700 bytes."""


def anchor(pattern: str) -> int:
    """Length in characters of the longest mandatory literal; of alternatives the weakest counts. 0 when unknown."""
    parser: Any = import_module("re._parser")
    try:
        return _longest(parser.parse(pattern))[1]
    except Exception:  # RE2's syntax is not all known to the standard library
        return 0


def _longest(sequence: Any) -> tuple[int | None, int]:
    """Whole length where the sequence is one literal (else none), and the longest literal in it."""
    run, best, pure = 0, 0, True
    for operation, argument in sequence:
        whole, inner = _node(str(operation), argument)
        if whole is not None:
            run += whole
        else:
            pure, run = False, 0
        best = max(best, run, inner)
    return (run if pure else None), best


def _node(operation: str, argument: Any) -> tuple[int | None, int]:
    if operation == "LITERAL":
        return 1, 1
    if operation == "AT":
        return 0, 0
    if operation == "SUBPATTERN":
        return _longest(argument[-1])
    if operation == "BRANCH":
        parts = [_longest(branch) for branch in argument[1]]
        sizes = {part[0] for part in parts}
        return (sizes.pop() if len(sizes) == 1 else None), min(part[1] for part in parts)
    if operation in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, inner = argument
        whole, best = _longest(inner)
        if whole is not None and least == most:
            return whole * least, whole * least
        return None, best if least else 0
    return None, 0


NARROW = 40
"""A class of at most so many bytes is narrow: hexadecimal, digits, lower case; a long run of it is rare in text."""
RUN = 15


def run_gate(pattern: str) -> str:
    """A run of one narrow class that every match must contain, as a pattern; empty when there is none.

    The engine finds ``[0-9a-f]{32}`` at several times the speed of the pattern around it.
    """
    parser: Any = import_module("re._parser")
    try:
        return _run(parser.parse(pattern)) if not pattern.startswith("(?i") else ""
    except Exception:
        return ""


def _run(sequence: Any) -> str:
    best = (0, "")
    for operation, argument in sequence:
        name = str(operation)
        if name == "SUBPATTERN" and not argument[1]:
            inner = _run(argument[-1])
            if inner:
                return inner
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] >= RUN and len(argument[2]) == 1:
            text, size = _class(argument[2][0])
            if text and size <= NARROW:
                best = max(best, (argument[0], f"{text}{{{argument[0]}}}"))
    return best[1]


def _class(node: Any) -> tuple[str, int]:
    operation, argument = node
    if str(operation) != "IN":
        return "", 0
    text, size = "", 0
    for kind, value in argument:
        if str(kind) == "RANGE":
            text += rf"\x{value[0]:02x}-\x{value[1]:02x}"
            size += value[1] - value[0] + 1
        elif str(kind) == "LITERAL" and value < 256:
            text += rf"\x{value:02x}"
            size += 1
        else:
            return "", 0
    return f"[{text}]", size


_TAIL = re.compile(r"\{(\d+),\d*\}\)[^()|]*\Z")


_GAP = "(?s:.){0,"
_NAMES = re.compile(r"(\(\?i:\(\?:\\b\|_\))\(\?:([^()]*)\)(.*)", re.DOTALL)
MANY = 20


def heads(pattern: str, names: int) -> list[str]:
    """Of a pattern that begins with one of many names: what stands before the gap that follows, name by name.

    Such a pattern as a whole is one huge automaton, a hundred times slower than all its heads. Empty for any other
    pattern. Every match of the pattern begins with one of a head.
    """
    place = pattern.rfind(_GAP)
    if names <= MANY or place < 0:
        return []
    head = pattern[:place]
    parser: Any = import_module("re._parser")
    try:
        parts = parser.parse(pattern), parser.parse(head)
    except Exception:
        return []
    if repr(list(parts[0]))[: len(repr(list(parts[1]))) - 1] != repr(list(parts[1]))[:-1]:
        return []
    found = _NAMES.fullmatch(head)
    return [f"{found[1]}{name}{found[3]}" for name in found[2].split("|")] if found else [head]


def shortened(pattern: str) -> str:
    """A pattern without what may or may not follow the shortest secret: it ends with ``{8})`` instead of ``{8,200})"``.

    Every match of the whole begins with one of this. The engine then reports one place for a match, not each of
    the two hundred at which it could end. The pattern itself when it has another form.
    """
    tail = _TAIL.search(pattern)
    if tail is None or not int(tail[1]):
        return pattern
    short = f"{pattern[: tail.start()]}{{{tail[1]}}})"
    parser: Any = import_module("re._parser")
    try:
        parsed = [list(parser.parse(text)) for text in (pattern, short)]
    except Exception:
        return pattern
    whole, part = (re.sub(r"(MAX_REPEAT), \((\d+), \w+,", r"\1, (\2,", repr(sequence)) for sequence in parsed)
    return short if len(parsed[1]) > 1 and whole.startswith(part[:-1]) else pattern
