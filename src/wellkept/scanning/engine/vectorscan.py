"""Proposes by Vectorscan: all patterns in one pass, each reported once a window, by its earliest end."""

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
        self._hits: list[tuple[int, int]] = []
        self._scan = self._database.scan
        self._serialised = compiled.frequent
        self._frequent: Any = None
        self._widths = (*compiled.widths, *([0] * 16))

    def hits(self, data: bytes) -> list[tuple[int, int]]:
        """Pairs of rule (detectors count on behind the rules) and the place from which a match may start."""
        found = self._hits
        found.clear()
        self._scan(data, match_event_handler=self._on_match)
        widths = self._widths
        pairs = [(rule, end - widths[rule]) for rule, end in found]
        return pairs + self._always if self._always else pairs

    def ends(self, data: bytes) -> dict[int, list[int]]:
        """Of each generic rule that matches, where all its matches end, in ascending order; empty where not known."""
        if self._frequent is None:
            if self._serialised is None:
                return {}
            hs: Any = import_module("hyperscan")
            self._frequent = hs.loadb(self._serialised, hs.HS_MODE_BLOCK)
            self._frequent.scratch = hs.Scratch(self._frequent)
        found: dict[int, list[int]] = {}

        def on_match(rule: int, start: int, end: int, flags: int, context: object) -> None:
            if rule in found:
                found[rule].append(end)
            else:
                found[rule] = [end]

        self._frequent.scan(data, match_event_handler=on_match)
        return found

    def _on_match(self, rule: int, start: int, end: int, flags: int, context: object) -> None:
        self._hits.append((rule, end))
