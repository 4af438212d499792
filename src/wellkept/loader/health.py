"""How the secrets of a process are: for a health endpoint, a metric, an alarm. Names only, never values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .cache import Cache


class SecretHealth(NamedTuple):
    """One secret.

    ``age`` is in seconds since it was last read successfully, ``None`` when no value is held; ``stale`` says
    that the value held is older than the ``ttl``; ``failures`` counts the failed reads since the last good one
    and ``last_error`` names the kind of the last (``"Throttled"``), ``None`` after a good one. ``reads`` and ``errors``
    are how often the source gave a value, and failed to, since the process began to ask.
    """

    age: float | None
    stale: bool
    version: str | None
    failures: int
    last_error: str | None
    reads: int = 0
    errors: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing needs attention: no stale value that cannot be replaced, nothing refused."""
        return self.last_error is None or (self.age is not None and not self.stale)


class Health(NamedTuple):
    """All secrets that were asked for, by name. ``hanging`` counts reads that were given up and have not ended."""

    ok: bool
    secrets: Mapping[str, SecretHealth]
    hanging: int


def health_of(cache: Cache) -> Health:
    """The state of ``cache`` now."""
    found: dict[str, SecretHealth] = {}
    hanging = 0
    with cache.lock:
        now = cache.clock.monotonic()
        for (name, version), cell in cache.cells.items():
            hanging += len(cell.hung)
            if version is not None or (cell.secret is None and cell.error is None):
                continue
            held = cell.secret is not None
            found[name] = SecretHealth(
                age=now - cell.read_at if held else None,
                stale=held and now >= cell.fresh_until,
                version=None if cell.secret is None else cell.secret.version,
                failures=cell.failures,
                last_error=cell.error,
                reads=cell.reads,
                errors=cell.errors,
            )
    return Health(all(each.ok for each in found.values()), found, hanging)
