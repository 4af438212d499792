"""Connection pools that follow a credential as it rotates: one line a pool.

``bind(pool, credential)`` makes a pool open every new connection with the credential of that moment, replace
its idle connections when the credential changes, retire the ones in use when they come back, and, should the
service refuse a password that has just been changed, read it again once and try once more.

It knows psycopg's pools (``ConnectionPool``, ``AsyncConnectionPool``), SQLAlchemy's engines (sync and async),
redis-py's clients and pools (sync and async), and Django's ``DATABASES`` (bind the alias's name). asyncpg takes
its connect function at creation only: use ``asyncpg.create_pool`` from beside this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from .auth_failure import is_auth_failure, retry_on_auth_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...loader.credential import Rotating

__all__ = ["bind", "is_auth_failure", "retry_on_auth_failure"]

_BY_MODULE = {
    "psycopg_pool": "psycopg",
    "sqlalchemy": "sqlalchemy",
    "redis": "redis",
}


def bind(pool: Any, credential: Rotating) -> Callable[[], None]:
    """Let ``pool`` follow ``credential`` from now on.

    ``pool`` is a pool or engine of one of the libraries above, or the alias of a Django database. ``credential``
    is ``secrets.credential(NAME)`` or ``secrets.lease(PATH)``. Returns a function that ends the following.
    An asynchronous psycopg pool must be bound while its event loop runs. Raises ``ConfigError`` for anything else.
    """
    from importlib import import_module

    if isinstance(pool, str):
        return _bound("django", import_module, pool, credential)
    for kind in type(pool).__mro__:
        room = _BY_MODULE.get(kind.__module__.partition(".")[0])
        if room:
            return _bound(room, import_module, pool, credential)
    raise ConfigError(
        f"cannot bind a {type(pool).__module__}.{type(pool).__qualname__}; known are pools of "
        "psycopg_pool, engines of SQLAlchemy, clients and pools of redis, aliases of Django databases"
    )


def _bound(
    room: str, import_module: Callable[[str], Any], pool: Any, credential: Rotating
) -> Callable[[], None]:
    module = import_module(f"{__name__}.{room}")
    result: Callable[[], None] = module.bind(pool, credential)
    return result
