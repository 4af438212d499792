"""What a forked child must make anew: locks that nobody holds, threads that exist, nothing under way."""

from __future__ import annotations

import os
import weakref
from typing import Any

_alive: weakref.WeakSet[Any] = weakref.WeakSet()
_registered = False


def renew_in_children(secrets: Any) -> None:
    """Call ``secrets._after_fork()`` in each child of a fork, as long as ``secrets`` is alive."""
    global _registered
    _alive.add(secrets)
    if not _registered and hasattr(os, "register_at_fork"):
        _registered = True
        os.register_at_fork(after_in_child=_renew_all)


def _renew_all() -> None:
    for secrets in list(_alive):
        try:
            secrets._after_fork()
        except Exception:  # noqa: S112
            # One clumsy source must not leave the others with the parent's locks. Not logged: the logging locks
            # may be held by a thread that is not here any more. What it broke, its next read will say.
            continue
