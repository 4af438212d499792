"""Celery: one ``Secrets`` for the application, in its prefork workers too.

``Secrets`` may be opened before Celery forks its workers: each child gets fresh locks and threads of its own. What is
left to do is to open them once, to share the refreshing between the children, and to close them at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..loader.secrets import Secrets


def install(app: Any, source: Any = None, **options: Any) -> Secrets:
    """Open the secrets for the Celery application ``app``; tasks find them as ``self.app.secrets``.

    ``source`` and ``options`` are those of ``wellkept.open``. Unless told otherwise, the worker's children refresh
    together (``share=True``): one of them asks the source.
    """
    from celery.signals import worker_process_shutdown, worker_shutdown

    import wellkept

    secrets = wellkept.open(source, **{"share": True, **options})
    app.secrets = secrets

    def close(**_: Any) -> None:
        secrets.close()

    for signal in (worker_process_shutdown, worker_shutdown):
        signal.connect(close, weak=False, dispatch_uid=f"wellkept-{id(app)}")
    return secrets
