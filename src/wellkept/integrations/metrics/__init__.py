"""Numbers about the secrets of a process, for Prometheus and OpenTelemetry: one file each; what both show is here.

Never a value. Names can be hashed where even they say too much.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...loader.secrets import Secrets
    from ...secret import Secret

Names = Literal["plain", "hashed"]


class Metric(NamedTuple):
    """``kind`` is ``counter`` (only grows) or ``gauge``; ``unit`` in UCUM's form, empty for counts."""

    name: str
    kind: Literal["counter", "gauge"]
    unit: str
    text: str


GETS = Metric("wellkept_gets", "counter", "", "calls of get and aget")
HITS = Metric("wellkept_hits", "counter", "", "calls that the cache answered")
READS = Metric("wellkept_reads", "counter", "", "values that the source gave")
FAILURES = Metric("wellkept_failures", "counter", "", "reads that failed")
AGE = Metric("wellkept_age_seconds", "gauge", "s", "seconds since the value was read")
STALE = Metric("wellkept_stale", "gauge", "", "1 while the value is older than its ttl")
OK = Metric("wellkept_ok", "gauge", "", "1 while nothing about the secret needs attention")

METRICS = (GETS, HITS, READS, FAILURES, AGE, STALE, OK)


class Meter:
    """Counts what ``secrets`` is asked, and tells all numbers on request.

    Counting replaces ``get`` and ``aget`` of this one object, so that applications without metrics pay nothing for
    it. ``names="hashed"`` shows the first 12 hexadecimal digits of a name's BLAKE2 digest instead of the name; that
    keeps names out of dashboards, not from somebody who can guess them.
    """

    def __init__(self, secrets: Secrets, *, names: Names = "plain") -> None:
        self._secrets = secrets
        self._names = names
        self._counts: dict[str, tuple[Any, Any]] = {}
        self._instrument()

    def label(self, name: str) -> str:
        """``name`` as it is shown."""
        if self._names == "plain":
            return name
        from hashlib import blake2b

        return blake2b(name.encode(), digest_size=6).hexdigest()

    def read(self) -> Iterator[tuple[Metric, str, float]]:
        """Every number now, as ``(metric, label, value)``. ``label`` is the secret's name or its hash."""
        for name, asked in list(self._counts.items()):
            gets, misses = (_value(counter) for counter in asked)
            label = self.label(name)
            yield GETS, label, gets
            yield HITS, label, gets - misses
        for name, health in self._secrets.health().secrets.items():
            label = self.label(name)
            yield READS, label, health.reads
            yield FAILURES, label, health.errors
            yield STALE, label, health.stale
            yield OK, label, health.ok
            if health.age is not None:
                yield AGE, label, health.age

    def _instrument(self) -> None:
        secrets, get, aget = self._secrets, self._secrets.get, self._secrets.aget
        live, monotonic = secrets._live, secrets._monotonic

        def note(name: str) -> None:
            # ``next`` of a counter is one step for the interpreter, so no count is lost between threads.
            gets, misses = self._counts.setdefault(name, (count(), count()))
            next(gets)
            held = live.get(name)
            if held is None or monotonic() >= held.expires:
                next(misses)

        def counted_get(name: str) -> Secret:
            note(name)
            return get(name)

        async def counted_aget(name: str) -> Secret:
            note(name)
            return await aget(name)

        secrets.get = counted_get  # type: ignore[method-assign]
        secrets.aget = counted_aget  # type: ignore[method-assign]


def _value(counter: Any) -> int:
    """How often ``next`` was called: a counter's ``repr`` is ``count(N)``, and reading it does not count."""
    return int(repr(counter)[6:-1])
