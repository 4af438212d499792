"""What plugs into the engine: checks, the generic judge and the matcher of known secrets, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from .rule import Rule


class Candidate(NamedTuple):
    """What a pattern matched, before it is believed.

    ``secret`` is the group named ``secret`` (else group 1, else the whole match), ``match`` the whole match,
    ``line`` the line it stands on (at most 512 bytes around it), ``path`` the file's name; ``groups`` the named
    groups of the pattern, ``near`` the bytes within ``rule.context`` on both sides.
    """

    rule: Rule
    secret: bytes
    match: bytes
    line: bytes
    path: str
    groups: Mapping[str, bytes | None]
    near: bytes


Check = Callable[[Candidate], "bool | float | None"]
"""``scanning.checks.CHECKS[name]``: true when proven (a checksum holds: confidence at least 0.95), false when it
cannot be the thing, a float for that confidence, none for no opinion."""

Judge = Callable[["Rule", bytes, bytes, str], "float | None"]
"""``scanning.generic.judge(rule, candidate, line, path)`` for rules with ``generic = true``: the confidence, or
none when it is a placeholder, a hash, noise."""


class KnownHit(Protocol):
    """What a matcher knows about a secret it recognised: shown in ``Finding.details``, no value in it."""

    @property
    def details(self) -> Mapping[str, object]:
        """Path, version, stage, owner, age: plain JSON types."""


class KnownMatcher(Protocol):
    """Finds the store's own secrets by keyed fingerprints. Must survive a fork; is called on one window at a time."""

    overlap: int
    """How many bytes of a window must be seen again with the next, so that nothing is lost at the border."""

    def find(self, data: bytes) -> Iterator[tuple[int, int, KnownHit]]:
        """Start, end and what is known, for every occurrence in ``data``."""
