"""asyncpg's pool: created here, because asyncpg takes its connect function at creation only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .auth_failure import is_auth_failure
from .login import with_login

if TYPE_CHECKING:
    from ...loader.credential import Rotating


def create_pool(credential: Rotating, *args: Any, **kwargs: Any) -> Any:
    """``asyncpg.create_pool`` with a pool that follows ``credential``; the other arguments are asyncpg's.

    Await the result, or use it as an asynchronous context manager, as asyncpg's. Must be called while the event
    loop runs. A change of the credential expires all connections: idle ones are replaced at their next use, those
    in use when they come back. Following ends with the pool.
    """
    import asyncpg

    async def connect(*connect_args: Any, **connect_kwargs: Any) -> Any:
        pair = await asyncio.to_thread(credential.current)
        try:
            return await asyncpg.connect(*connect_args, **with_login(pair, connect_kwargs))
        except Exception as error:
            if not is_auth_failure(error):
                raise
        pair = await asyncio.to_thread(credential.refresh, pair)
        return await asyncpg.connect(*connect_args, **with_login(pair, connect_kwargs))

    pool = asyncpg.create_pool(*args, connect=connect, **kwargs)
    _expire_on_change(pool, credential)
    return pool


def _expire_on_change(pool: Any, credential: Rotating) -> None:
    loop = asyncio.get_running_loop()

    def expire(_: Any) -> None:
        if loop.is_closed() or pool.is_closing():
            stop()
        else:
            asyncio.run_coroutine_threadsafe(pool.expire_connections(), loop)

    stop = credential.on_change(expire)
