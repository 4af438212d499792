"""Locks that outlive a fork: where a thread that is not in the child held one, the child gets a new one."""

from __future__ import annotations

import os
import weakref
from typing import Any, Protocol


class _Renewable(Protocol):
    _lock: Any

    def _renew(self) -> None: ...


def renew_in_child(thing: _Renewable) -> None:
    """After each fork, in the child: call ``thing._renew()`` if its lock is held by a thread of the parent.

    ``_renew`` puts a new lock in place, and in order what that thread may have left half done. Keeps no
    reference that would keep ``thing`` alive.
    """
    reference = weakref.ref(thing)

    def after_fork() -> None:
        alive = reference()
        if alive is None:
            return
        if alive._lock.acquire(blocking=False):
            alive._lock.release()
        else:
            alive._renew()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=after_fork)
