"""Was that failure a refused credential? And if so: read it again once, try once more."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...loader.credential import Rotating

F = TypeVar("F", bound="Callable[..., Any]")

_CLASSES = frozenset(
    {"InvalidPassword", "InvalidAuthorizationSpecification", "InvalidPasswordError", "AuthenticationError",
     "AuthenticationWrongNumberOfArgsError", "InvalidAuthorizationSpecificationError", "ProbableAuthenticationError"}
)  # fmt: skip
# libpq reports a failed start-up without a code; the server's own words are all there is.
_WORDS = (
    "password authentication failed",
    "authentication failed",
    "no pg_hba.conf entry",
    "Access denied for user",
    "WRONGPASS",
    "NOAUTH",
)
_DEPTH = 8
_ER_ACCESS_DENIED = 1045


def is_auth_failure(error: BaseException) -> bool:
    """Whether ``error``, or what it was raised from or wraps, says that a service refused the credential.

    Knows SQLSTATE class 28 (psycopg, asyncpg, and what SQLAlchemy and Django wrap), MySQL's error 1045,
    redis-py's ``AuthenticationError`` and HTTP status 401 (httpx, requests, urllib).
    """
    seen: BaseException | None = error
    for _ in range(_DEPTH):
        if seen is None:
            return False
        if _says_so(seen):
            return True
        wrapped = getattr(seen, "orig", None)
        seen = wrapped if isinstance(wrapped, BaseException) else seen.__cause__ or seen.__context__
    return False


def _says_so(error: BaseException) -> bool:
    if any(kind.__name__ in _CLASSES for kind in type(error).__mro__):
        return True
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str) and state.startswith("28"):
        return True
    response = getattr(error, "response", None)
    if 401 in (getattr(error, "code", None), getattr(response, "status_code", None)):
        return True
    if error.args and error.args[0] == _ER_ACCESS_DENIED:
        return True
    text = str(error)
    return type(error).__name__ in ("OperationalError", "ResponseError", "ConnectionError") and any(
        words in text for words in _WORDS
    )


def retry_on_auth_failure(
    credential: Rotating, *, when: Callable[[BaseException], bool] = is_auth_failure
) -> Callable[[F], F]:
    """A decorator for functions that log in with ``credential``, plain or ``async``.

    When the function raises and ``when`` says that the credential was refused, the credential is read again
    (one flight, however many threads and tasks fail at once) and the function is called once more; a second
    failure is the caller's. The function should ask ``credential.current()`` itself.
    """

    def decorate(function: F) -> F:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def attempt_async(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await function(*args, **kwargs)
                except Exception as error:
                    if not when(error):
                        raise
                import asyncio

                await asyncio.to_thread(credential.refresh)
                return await function(*args, **kwargs)

            return cast("F", attempt_async)

        @functools.wraps(function)
        def attempt(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except Exception as error:
                if not when(error):
                    raise
            credential.refresh()
            return function(*args, **kwargs)

        return cast("F", attempt)

    return decorate
