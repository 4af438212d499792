"""redis-py: a credential provider for new connections; idle ones are dropped when the credential changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...loader.credential import Rotating


def bind(client: Any, credential: Rotating) -> Callable[[], None]:
    """Let a redis client or connection pool, sync or async, follow ``credential``; see ``pools.bind``.

    An asynchronous one must be bound while its event loop runs. Connections in use keep their login, as Redis
    itself does, until they are next opened.
    """
    from redis.credentials import CredentialProvider

    class Following(CredentialProvider):
        def get_credentials(self) -> tuple[str] | tuple[str, str]:
            pair = credential.current()
            password = pair.password.reveal()
            return (password,) if pair.username is None else (pair.username, password)

        async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
            import asyncio

            return await asyncio.to_thread(self.get_credentials)

    pool = getattr(client, "connection_pool", client)
    pool.connection_kwargs.update(credential_provider=Following(), username=None, password=None)
    return credential.on_change(_disconnecter(pool))


def _disconnecter(pool: Any) -> Callable[[Any], None]:
    import asyncio
    import inspect

    if not inspect.iscoroutinefunction(pool.disconnect):
        return lambda _: pool.disconnect(inuse_connections=False)
    loop = asyncio.get_running_loop()

    def disconnect(_: Any) -> None:
        if not loop.is_closed():
            asyncio.run_coroutine_threadsafe(pool.disconnect(inuse_connections=False), loop)

    return disconnect
