"""Django's databases: the settings that all threads share are changed in place, old connections are retired.

Django keeps one connection a thread, opened from ``connections.settings[alias]`` and kept for ``CONN_MAX_AGE``
seconds. A change of the credential updates that dictionary, and every connection opened before it is closed by
its own thread at the start or the end of its next request, when Django itself looks for connections to close.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...loader.credential import Rotating


def bind(alias: str, credential: Rotating) -> Callable[[], None]:
    """Let the Django database ``alias`` follow ``credential``; see ``pools.bind``."""
    from django.core import signals
    from django.db import connections

    settings = connections.settings[alias]
    local = threading.local()
    generation = 0

    def apply(_: Any = None) -> None:
        nonlocal generation
        pair = credential.current()
        settings["PASSWORD"] = pair.password.reveal()
        if pair.username is not None:
            settings["USER"] = pair.username
        generation += 1

    def retire(**_: Any) -> None:
        if getattr(local, "generation", None) == generation:
            return
        local.generation = generation
        connection = connections[alias]
        if connection.connection is not None and not connection.in_atomic_block:
            connection.close()

    apply()
    stop = credential.on_change(apply)
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(retire, weak=False, dispatch_uid=("wellkept", alias))

    def unbind() -> None:
        stop()
        for signal in (signals.request_started, signals.request_finished):
            signal.disconnect(dispatch_uid=("wellkept", alias))

    return unbind
