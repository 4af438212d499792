"""AWS Lambda: secrets that survive between invocations, through freeze and thaw, without a thread.

Between two invocations the process is frozen: a background refresh would stop in the middle, and its connections
die. So nothing runs in the background here; what is due is read at the next invocation, before the handler is called,
and an hour in the freezer counts as an hour.
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..loader.secrets import Secrets

F = TypeVar("F", bound="Callable[..., Any]")


class BootClock(Clock):
    """Counts the time that the machine was suspended too, where the system has such a clock (Linux)."""

    def __init__(self) -> None:
        super().__init__()
        boot = getattr(time, "CLOCK_BOOTTIME", None)
        if boot is not None:
            self.monotonic = lambda: time.clock_gettime(boot)


def with_secrets(*names: str, source: Any = None, **options: Any) -> Callable[[F], F]:
    """A decorator for a handler: reads ``names`` in one batch when they are due, then calls it with ``secrets=``.

    ``source`` and ``options`` are those of ``wellkept.open``. The secrets are opened at the first invocation and kept
    for the life of the execution environment. Raises what ``Secrets.get_many`` raises, before the handler runs.
    """

    def decorate(handler: F) -> F:
        opened: list[Secrets] = []

        @functools.wraps(handler)
        def wrapped(event: Any, context: Any) -> Any:
            if not opened:
                import wellkept

                opened.append(wellkept.open(source, **{"refresh": False, "clock": BootClock(), **options}))
            secrets = opened[0]
            if names:
                secrets.get_many(names)
            return handler(event, context, secrets=secrets)

        return cast("F", wrapped)

    return decorate
