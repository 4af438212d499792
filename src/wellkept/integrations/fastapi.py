"""FastAPI (and Starlette): secrets open for as long as the application runs, and come as dependencies.

::

    app = FastAPI(lifespan=wellkept_lifespan(AppSettings))

    @app.get("/pay")
    async def pay(key: Annotated[Secret, Depends(secret("PAYMENT_KEY"))]): ...
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.requests import HTTPConnection  # noqa: TC002 - FastAPI resolves annotations at run time

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from ..loader.secrets import Secrets
    from ..secret import Secret
    from ..settings.model import Settings


def wellkept_lifespan(
    settings: type[Settings] | None = None,
    *,
    source: Any = None,
    then: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None,
    **options: Any,
) -> Callable[[Any], AbstractAsyncContextManager[Any]]:
    """A lifespan that opens the secrets at start-up and closes them at the end.

    They stand at ``app.state.secrets``; with ``settings``, an instance loaded from them at ``app.state.settings``,
    and a start-up that fails with every problem at once. ``source`` and ``options`` are those of ``wellkept.open``
    (which, without a source, goes by ``wellkept.toml``); ``then`` is the application's own lifespan, entered when
    the secrets are there.
    """

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        import wellkept

        async with AsyncExitStack() as stack:
            secrets = await stack.enter_async_context(wellkept.open(source, **options))
            app.state.secrets = secrets
            if settings is not None:
                app.state.settings = await settings.aload(secrets)
            yield await stack.enter_async_context(then(app)) if then is not None else None

    return lifespan


def get_secrets(connection: HTTPConnection) -> Secrets:
    """A dependency: the application's ``Secrets``."""
    secrets: Secrets | None = getattr(connection.app.state, "secrets", None)
    if secrets is None:
        raise ConfigError("no secrets are open: give the application lifespan=wellkept_lifespan(...)")
    return secrets


def get_settings(connection: HTTPConnection) -> Any:
    """A dependency: the settings that were loaded at start-up."""
    settings = getattr(connection.app.state, "settings", None)
    if settings is None:
        raise ConfigError(
            "no settings were loaded: give the application lifespan=wellkept_lifespan(AppSettings)"
        )
    return settings


def secret(name: str) -> Callable[[HTTPConnection], Awaitable[Secret]]:
    """A dependency: the secret ``name`` as it is at this request, from the cache while it is fresh."""

    async def dependency(connection: HTTPConnection) -> Secret:
        return await get_secrets(connection).aget(name)

    return dependency
