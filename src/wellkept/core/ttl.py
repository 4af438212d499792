"""How long what is given out may live: one rule for tokens and leases, first grant and renewal alike.

The rule, and the words of its warnings, are OpenBao's ``CalculateTTL``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .form.duration import show

if TYPE_CHECKING:
    from .mount import Mount

DEFAULT = 2_764_800
"""The system's own default and maximum, in seconds: 32 days."""


class Bounds(NamedTuple):
    """A mount's effective default and maximum, in seconds."""

    default: float = DEFAULT
    most: float = DEFAULT


def bounds(mount: Mount | None, system: Bounds = Bounds()) -> Bounds:  # noqa: B008 - immutable
    """What a mount's tuning makes of the system's."""
    if mount is None:
        return system
    most = mount.config.max_lease_ttl or system.most
    return Bounds(min(mount.config.default_lease_ttl or system.default, most), most)


class Granted(NamedTuple):
    """Seconds from now, the moment beyond which nothing may last (``None``: there is none), and what the caller
    should be told."""

    ttl: float
    ends: float | None = None
    warnings: tuple[str, ...] = ()


def calculate(
    limits: Bounds,
    now: float,
    *,
    increment: float = 0,
    ttl: float = 0,
    max_ttl: float = 0,
    explicit_max_ttl: float = 0,
    period: float = 0,
    started: float | None = None,
) -> Granted | None:
    """The time to live, or ``None`` when its end is past already.

    ``increment`` is what the client asks for, ``ttl`` what the engine gives; ``started`` is when the thing was
    made. A period is not bound by the maximum, except by ``explicit_max_ttl``.
    """
    exact, moment = now if started is None else started, now
    now, begin = float(int(now)), float(int(exact))
    most = limits.most
    for other in (max_ttl, explicit_max_ttl):
        if 0 < other < most:
            most = other
    warnings = []
    end: float | None = begin + most
    if period > 0:
        if period > most:
            warnings.append(
                f'period of "{human(period)}" exceeded the effective max_ttl of "{human(most)}"; '
                "period value is capped accordingly"
            )
            period = most
        wanted = period
        end = begin + explicit_max_ttl if explicit_max_ttl > 0 else None
    else:
        wanted = increment if increment > 0 else ttl if ttl > 0 else limits.default
    last = None if end is None else exact + (end - begin)
    if last is not None and moment >= last:
        return None
    if end is not None:
        left = end - now
        if left < 0:
            return None
        if wanted > left:
            warnings.append(
                f'TTL of "{human(wanted)}" exceeded the effective max_ttl of "{human(left)}"; '
                "TTL value is capped accordingly"
            )
            wanted = left
    return Granted(wanted, last, tuple(warnings))


def until(granted: Granted, now: float) -> float:
    """The moment at which it ends: a fraction of a second is not given away twice."""
    return now + granted.ttl if granted.ends is None else min(now + granted.ttl, granted.ends)


def human(seconds: float) -> str:
    """Go's notation without the zeros at its end: ``768h``."""
    text = show(seconds)
    if text.endswith("m0s"):
        text = text[:-2]
    if text.endswith("h0m"):
        text = text[:-2]
    return text
