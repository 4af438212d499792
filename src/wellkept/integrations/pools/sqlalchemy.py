"""SQLAlchemy's engines, sync and async: the ``do_connect`` event opens each connection with the credential of the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .auth_failure import is_auth_failure
from .login import with_login

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...loader.credential import Rotating


def bind(engine: Any, credential: Rotating) -> Callable[[], None]:
    """Let an ``Engine`` or ``AsyncEngine`` follow ``credential``; see ``pools.bind``.

    A change disposes of the engine's pool without closing what is checked out: connections in use finish their
    work on the old credential and are dropped when they come back (SQLAlchemy's ``dispose(close=False)``).
    """
    from sqlalchemy import event

    sync_engine = getattr(engine, "sync_engine", engine)

    def connect(dialect: Any, record: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        pair = credential.current()
        try:
            return dialect.connect(*args, **with_login(pair, kwargs))
        except Exception as error:
            if not is_auth_failure(error):
                raise
        return dialect.connect(*args, **with_login(credential.refresh(pair), kwargs))

    event.listen(sync_engine, "do_connect", connect)
    stop = credential.on_change(lambda _: sync_engine.dispose(close=False))

    def unbind() -> None:
        stop()
        event.remove(sync_engine, "do_connect", connect)

    return unbind
