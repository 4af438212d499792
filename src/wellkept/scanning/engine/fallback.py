"""Proposes without Vectorscan: keywords by Aho-Corasick where that is installed, then one pattern after the other.

Slower by a factor of five to ten, with the same findings: whatever it proposes is confirmed in the same way.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..text.detectors import DETECTORS
from .confirm import compile_pattern

if TYPE_CHECKING:
    from .compile import Compiled


class FallbackEngine:
    """Keywords first: a rule whose keywords are all absent cannot match. Rules without keywords always may."""

    name = "fallback"

    def __init__(self, compiled: Compiled) -> None:
        words: dict[bytes, list[int]] = {}
        self._always: list[int] = []
        for index, rule in enumerate(compiled.rules):
            if rule.path:
                continue  # asked for by the file's name
            for word in rule.keywords:
                words.setdefault(word.encode("utf-8"), []).append(index)
            if not rule.keywords:
                self._always.append(index)
        self._words = words
        self._automaton = _automaton(words)
        self._detectors = [
            (len(compiled.rules) + at, compile_pattern(pattern)) for at, (_, pattern) in enumerate(DETECTORS)
        ]

    def hits(self, data: bytes) -> list[tuple[int, int]]:
        """As the other engine's: pairs of rule and the place from which a match may start."""
        found = set(self._always)
        lowered = data.lower()
        if self._automaton is not None:
            text = lowered.decode("latin-1")
            for _, rules in self._automaton.iter(text):
                found.update(rules)
        else:
            for word, rules in self._words.items():
                if word in lowered:
                    found.update(rules)
        pairs = [(rule, 0) for rule in sorted(found)]
        pairs += [(index, 0) for index, pattern in self._detectors if pattern.search(data) is not None]
        return pairs

    def ends(self, rule: int) -> list[int] | None:
        """Not known here."""
        return None


def _automaton(words: dict[bytes, list[int]]) -> Any:
    try:
        module: Any = import_module("ahocorasick")
    except ImportError:
        return None
    automaton = module.Automaton()
    for word, rules in words.items():
        automaton.add_word(word.decode("latin-1"), tuple(rules))
    if not words:
        return None
    automaton.make_automaton()
    return automaton
