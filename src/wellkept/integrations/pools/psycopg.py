"""psycopg's pools: new connections use the credential of the moment, a change drains the pool.

The pool's connection class is replaced by a subclass of it whose ``connect`` puts the user and the password in.
That is the one place through which a pool opens connections, also when it re-connects by itself, so a refused
password can be read again right there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .auth_failure import is_auth_failure
from .login import with_login

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...loader.credential import Rotating


def bind(pool: Any, credential: Rotating) -> Callable[[], None]:
    """Let a ``ConnectionPool`` or ``AsyncConnectionPool`` follow ``credential``; see ``pools.bind``."""
    from psycopg_pool import AsyncConnectionPool

    original = pool.connection_class
    if isinstance(pool, AsyncConnectionPool):
        pool.connection_class = _following_async(original, credential)
        stop = credential.on_change(_drain_on_loop(pool))
    else:
        pool.connection_class = _following(original, credential)
        stop = credential.on_change(lambda _: None if pool.closed else pool.drain())

    def unbind() -> None:
        stop()
        pool.connection_class = original

    return unbind


def _drain_on_loop(pool: Any) -> Callable[[Any], None]:
    import asyncio

    loop = asyncio.get_running_loop()

    def drain(_: Any) -> None:
        if not pool.closed and not loop.is_closed():
            asyncio.run_coroutine_threadsafe(pool.drain(), loop)

    return drain


def _following(connection_class: Any, credential: Rotating) -> Any:
    class FollowingConnection(connection_class):  # type: ignore[misc]
        @classmethod
        def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
            pair = credential.current()
            try:
                return super().connect(conninfo, **with_login(pair, kwargs))
            except Exception as error:
                if not is_auth_failure(error):
                    raise
            return super().connect(conninfo, **with_login(credential.refresh(pair), kwargs))

    return FollowingConnection


def _following_async(connection_class: Any, credential: Rotating) -> Any:
    import asyncio

    class FollowingAsyncConnection(connection_class):  # type: ignore[misc]
        @classmethod
        async def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
            pair = await asyncio.to_thread(credential.current)
            try:
                return await super().connect(conninfo, **with_login(pair, kwargs))
            except Exception as error:
                if not is_auth_failure(error):
                    raise
            pair = await asyncio.to_thread(credential.refresh, pair)
            return await super().connect(conninfo, **with_login(pair, kwargs))

    return FollowingAsyncConnection
