"""The life of a lease, as a table.

A lease begins ``idle``: nothing was asked for yet (so it also begins in the child of a fork, because the
parent's credentials are the parent's to renew and to revoke). Once credentials are issued it is ``held``: they
are good, and renewed at two thirds of their time, again and again. At some renewal the server grants less than
at first, because a maximum is near, or refuses to renew at all: then the lease is ``fading``. Its credentials
are still good, new ones are wanted now, and the time that is left is there for connections to move over. New
credentials make it ``held`` again. When the time is up without new ones (the server was away too long), or
when the server says that it knows the lease no more, it is ``lost``: there is nothing to hand out, and whoever
asks gets an error until new credentials come. ``closed`` is the end: what was held has been revoked.

Failures to reach the server change no state: time does. Each transition is written down before anybody acts
on it, in ``Lease._enter``; what is not in the table cannot happen.
"""

from __future__ import annotations

from typing import Literal

State = Literal["idle", "held", "fading", "lost", "closed"]
Happening = Literal["issued", "renewed", "capped", "gone", "expired", "forked", "closed"]

TRANSITIONS: dict[tuple[State, Happening], State] = {
    ("idle", "issued"): "held",
    ("idle", "forked"): "idle",
    ("idle", "closed"): "closed",
    ("held", "issued"): "held",
    ("held", "renewed"): "held",
    ("held", "capped"): "fading",
    ("held", "gone"): "lost",
    ("held", "expired"): "lost",
    ("held", "forked"): "idle",
    ("held", "closed"): "closed",
    ("fading", "issued"): "held",
    ("fading", "gone"): "lost",
    ("fading", "expired"): "lost",
    ("fading", "forked"): "idle",
    ("fading", "closed"): "closed",
    ("lost", "issued"): "held",
    ("lost", "forked"): "idle",
    ("lost", "closed"): "closed",
    ("closed", "forked"): "closed",
    ("closed", "closed"): "closed",
}


def following(state: State, happening: Happening) -> State:
    """The state after ``happening`` in ``state``. A transition that is not in the table is a bug: ``KeyError``."""
    return TRANSITIONS[state, happening]
