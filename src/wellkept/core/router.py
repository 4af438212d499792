"""From a path to the mount that answers for it, kept as long as the stored tables stay as they are.

Mounts never lie inside one another, so the first prefix that is one is the one. Engines are made when they
are first asked for, and kept as long as their mount's kind and options stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import mount_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..barrier import Barrier
    from .command import Engine
    from .mount import Mount, Table


class _State(NamedTuple):
    revision: int
    revisions: tuple[int | None, ...]
    by_path: Mapping[str, Mount]


class Router:
    """``make`` gives a mount its engine. Safe between threads: a state is replaced as a whole."""

    def __init__(self, storage: Barrier, make: Callable[[Mount], Engine]) -> None:
        self._storage = storage
        self._make = make
        self._state = _State(-1, (), {})

    def find(self, path: str) -> tuple[Mount, str] | None:
        """The mount for ``path``, and the rest of the path below it."""
        table = self._current().by_path
        end = path.find("/")
        while end >= 0:
            mount = table.get(path[: end + 1])
            if mount is not None:
                return None if mount.tainted else (mount, path[end + 1 :])
            end = path.find("/", end + 1)
        mount = table.get(path + "/")
        return None if mount is None or mount.tainted else (mount, "")

    def engine(self, mount: Mount) -> Engine:
        """The mount's engine. Raises ``ConfigError`` when it cannot be loaded."""
        if mount.engine is None:
            mount.engine = self._make(mount)
        return mount.engine

    def mounts(self, table: Table) -> list[Mount]:
        """The mounts of a table, by path."""
        return [
            mount for mount in self._current().by_path.values() if mount.table == table and not mount.tainted
        ]

    def by_accessor(self, accessor: str) -> Mount | None:
        return next((mount for mount in self._current().by_path.values() if mount.accessor == accessor), None)

    def tainted(self) -> list[Mount]:
        """Those whose removal has begun."""
        return [mount for mount in self._current().by_path.values() if mount.tainted]

    def close(self) -> None:
        """Give back what the engines hold."""
        for mount in self._state.by_path.values():
            if mount.engine is not None:
                _close(mount.engine)

    def _current(self) -> _State:
        revision = self._storage.revision()
        state = self._state
        return state if state.revision == revision else self._refresh(state, revision)

    def _refresh(self, known: _State, revision: int) -> _State:
        keys = [mount_table.PREFIX + table for table in ("secret", "auth")]
        if tuple(map(self._storage.revision_of, keys)) == known.revisions:
            self._state = state = known._replace(revision=revision)
            return state
        entries = [self._storage.get(key) for key in keys]
        revisions = tuple(None if entry is None else entry.revision for entry in entries)
        mounts = [*mount_table.decode(entries[0], "secret"), *mount_table.decode(entries[1], "auth")]
        before = {mount.uuid: mount for mount in known.by_path.values()}
        for mount in mounts:
            old = before.pop(mount.uuid, None)
            if old is not None and (old.kind, old.options, old.path) == (
                mount.kind,
                mount.options,
                mount.path,
            ):
                mount.engine = old.engine
        for gone in before.values():
            if gone.engine is not None:
                _close(gone.engine)
        self._state = state = _State(revision, revisions, {mount.path: mount for mount in mounts})
        return state


def _close(engine: Engine) -> None:
    close = getattr(engine, "close", None)
    if close is not None:
        close()
