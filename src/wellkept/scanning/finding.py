"""``Finding``: a possible leak. Its secret and line are shown by nothing but an explicit read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .location import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..secret import Secret
    from .location import Location

SEVERITIES = ("critical", "high", "medium", "low")
LINE_BYTES = 512
"""At most so many bytes around a match are kept as ``Finding.line``."""


class Finding(NamedTuple):
    """What was found, where, and how sure.

    ``rule`` is the rule's id (``known`` for one of the store's own secrets), ``confidence`` goes from 0 to 1.
    ``secret`` holds the found bytes; ``line`` is the line around it, at most 512 bytes, with the secret in the
    clear: every output masks it first. ``also`` are further places of the same secret, ``fingerprint`` is the
    stable keyed digest (empty until stamped). ``details`` says what else is known, in plain JSON types: of a
    known secret its path, version, stage, owner and age; of a check its outcome; of a verification its result.
    """

    rule: str
    name: str
    provider: str
    severity: str
    confidence: float
    secret: Secret
    location: Location
    line: bytes = b""
    also: tuple[Location, ...] = ()
    fingerprint: str = ""
    details: Mapping[str, Any] = NOTHING

    @property
    def level(self) -> str:
        """``high`` from a confidence of 0.85, ``medium`` from 0.5, else ``low``."""
        return "high" if self.confidence >= 0.85 else "medium" if self.confidence >= 0.5 else "low"

    def __repr__(self) -> str:
        where = self.location
        return f"<Finding {self.rule} at {where.display!r}:{where.line} confidence={self.confidence:.2f}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Finding cannot be pickled: it would put the secret on disk in the clear")

    def sort_key(self) -> tuple[Any, ...]:
        """Orders findings for reports: the same whatever the number of processes."""
        return (*self.location.sort_key(), self.rule, self.location.end_line, self.location.end_column)
