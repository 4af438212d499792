"""Which engines there are: from a kind to what makes one, imported when a mount of that kind is first used.

What makes one is a callable that takes an ``EngineContext`` and gives an ``Engine`` (a class will do). Third
parties add kinds by entry points in the groups ``wellkept.engines`` and ``wellkept.auth``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigError
from .ttl import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..barrier import Barrier
    from ..clock import Clock
    from .command import Engine
    from .mount import Mount, Table

SECRET_ENGINES = {
    "kv": "wellkept.engines.kv.mounted:make",
    "generic": "wellkept.engines.kv.mounted:make",
    "cubbyhole": "wellkept.engines.cubbyhole:make",
    "transit": "wellkept.engines.transit:make",
    "database": "wellkept.engines.database:make",
}
AUTH_METHODS = {
    "approle": "wellkept.auth.approle:make",
    "userpass": "wellkept.auth.userpass:make",
}
DATABASE_PLUGINS = (
    "mysql-aurora-database-plugin",
    "mysql-database-plugin",
    "mysql-legacy-database-plugin",
    "mysql-rds-database-plugin",
    "postgresql-database-plugin",
    "redis-database-plugin",
    "valkey-database-plugin",
)
"""What the database engine can manage, for listings."""
WORKING = frozenset({"database"})
"""Kinds that have work to do in the background (``work``), whether or not anybody has used them yet."""
_GROUPS: dict[Table, str] = {"secret": "wellkept.engines", "auth": "wellkept.auth"}


class EngineContext(NamedTuple):
    """What an engine is made with: its ``mount`` (path, options), the ``clock``, and ``derive(purpose)``, a key
    of 32 bytes that is the mount's own for the life of the store (for fingerprints, never to encrypt with).

    For engines with effects on other systems: ``storage``, the whole, to write down what is about to be done
    before it is (under the mount's ``prefix``), and ``bounds()``, how long what it gives out may live by now."""

    mount: Mount
    clock: Clock
    derive: Callable[[str], bytes]
    storage: Barrier | None = None
    bounds: Callable[[], Bounds] = Bounds


def kinds(table: Table) -> list[str]:
    """The kinds that can be mounted, by name; third parties' included."""
    from importlib.metadata import entry_points

    return sorted({*_built_in(table), *(point.name for point in entry_points(group=_GROUPS[table]))})


def maker(table: Table, kind: str) -> Callable[[EngineContext], Engine] | None:
    """What makes engines of ``kind``, or ``None``. Raises ``ConfigError`` when it is there and cannot be loaded."""
    place = _built_in(table).get(kind)
    if place is None:
        return _third_party(table, kind)
    module, _, name = place.partition(":")
    failure = ""
    try:
        found: Callable[[EngineContext], Engine] = getattr(importlib.import_module(module), name)
    except ImportError as error:
        failure = str(error)
    else:
        return found
    raise ConfigError(f"the engine {kind!r} cannot be loaded: {failure}")


def _built_in(table: Table) -> dict[str, str]:
    return SECRET_ENGINES if table == "secret" else AUTH_METHODS


def _third_party(table: Table, kind: str) -> Callable[[EngineContext], Engine] | None:
    from importlib.metadata import entry_points

    for point in entry_points(group=_GROUPS[table], name=kind):
        found: Callable[[EngineContext], Engine] = point.load()
        return found
    return None
