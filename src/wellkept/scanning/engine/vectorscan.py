"""Proposes by Vectorscan: all patterns in one pass, each reported once a window, by its earliest end; generic ones by all."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compile import Compiled


def available() -> bool:
    """Whether the engine's package is installed and works on this processor."""
    try:
        import_module("hyperscan")
    except ImportError:
        return False
    return True


def version() -> str:
    """Of the package; a database of another version is compiled anew."""
    return str(import_module("hyperscan").__version__)


class VectorscanEngine:
    """A compiled database with its scratch space. Survives a fork; one scan at a time."""

    name = "vectorscan"

    def __init__(self, compiled: Compiled) -> None:
        hs: Any = import_module("hyperscan")
        self._database = hs.loadb(compiled.database, hs.HS_MODE_BLOCK)
        self._database.scratch = hs.Scratch(self._database)
        self._always = [(index, 0) for index in compiled.slow]
        self._scan = self._database.scan
        self._widths = (*compiled.widths, *([0] * 16))
        self._found: list[tuple[int, int]] = []
        self._frequent = frozenset(index for index, reach in enumerate(compiled.reaches) if reach)
        self._ends: dict[int, list[int]] = {}

    def hits(self, data: bytes) -> list[tuple[int, int]]:
        """Pairs of rule (detectors count on behind the rules) and the place from which a match may start."""
        found = self._found
        found.clear()
        self._scan(data, match_event_handler=self._on_match)
        if not found:
            return self._always.copy()
        widths, frequent = self._widths, self._frequent
        ends: dict[int, list[int]] = {}
        pairs = self._always.copy()
        for rule, end in found:
            if rule not in frequent:
                pairs.append((rule, end - widths[rule]))
            elif rule in ends:
                ends[rule].append(end)
            else:
                ends[rule] = [end]
                pairs.append((rule, 0))
        self._ends = ends
        return pairs

    def ends(self, rule: int) -> list[int] | None:
        """Of a generic rule that the last ``hits`` named: where all its shortest matches end, in ascending order."""
        return self._ends.get(rule)

    def _on_match(self, rule: int, start: int, end: int, flags: int, context: object) -> None:
        self._found.append((rule, end))
