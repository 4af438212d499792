"""The engine: which rules match where. One multi-pattern pass proposes, a regular expression confirms.

``compile`` prepares rules, ``cache`` keeps the result on disk, ``vectorscan`` and ``fallback`` propose
(rule, earliest end) pairs, ``confirm`` finds the exact spans, ``matcher`` believes or dismisses them.
"""

from __future__ import annotations

from typing import Protocol


class Engine(Protocol):
    """What proposes."""

    name: str

    def hits(self, data: bytes) -> list[tuple[int, int]]:
        """Pairs of a rule's index (detectors count on behind the rules) and the place from which a match may start."""

    def ends(self, rule: int) -> list[int] | None:
        """Of a rule that is reported at every match, by the last ``hits``: where all their beginnings end, ascending; none
        where that is not known."""
