"""Hooks for a fork and for the process's end, registered once, when the first pool is made."""

from __future__ import annotations

import atexit
import os
from _weakref import ref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sqlite_pool import Pool

_pools: list[ref[Pool]] = []
_held: list[Pool] = []
_registered = False


def register(pool: Pool) -> None:
    """Have ``pool`` told of forks, and of the end, for as long as it lives."""
    global _registered
    if not _registered:
        _registered = True
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
        atexit.register(_at_exit)
    _pools[:] = [known for known in _pools if known() is not None]
    _pools.append(ref(pool))


def _before() -> None:
    for known in list(
        _pools
    ):  # always in the same order, so that two threads that fork do not block each other
        pool = known()
        if pool is not None:
            pool.before_fork()
            _held.append(pool)


def _in_parent() -> None:
    held = _held[:]
    _held.clear()
    for pool in held:
        pool.after_fork_in_parent()


def _in_child() -> None:
    _held.clear()
    for known in list(_pools):
        pool = known()
        if pool is not None:
            pool.after_fork_in_child()


def _at_exit() -> None:
    """Close while the interpreter is whole; what is used after that opens again."""
    for known in list(_pools):
        pool = known()
        if pool is not None:
            pool.close_idle()
