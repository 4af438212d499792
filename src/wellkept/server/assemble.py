"""Putting an open store together for serving: cache, barrier, audit, service. The one place that knows them all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.audit_chain import Chain
from ..core.audit_file import AuditFile
from ..core.audit_served.opening import open_audit
from ..core.place import AUDIT
from ..core.service import Service
from ..core.ttl import Bounds

if TYPE_CHECKING:
    from ..barrier import Barrier
    from ..clock import Clock
    from ..core.command import Engine
    from ..core.mount import Mount
    from .node import Node, Serving
    from .settings import Settings


def assemble(
    settings: Settings, barrier: Barrier, clock: Clock, *, node: Node | None = None, first: bool = False
) -> Serving:
    """What serves the store behind ``barrier``. ``first``: it was made just now, so its own log begins too.
    ``node``: gives ``sys/`` the paths that operators seal, rekey and rotate by."""
    from ..storage.cached import CachedStorage
    from .node import Serving

    cached = CachedStorage(barrier.storage, max_bytes=settings.cache_size)  # type: ignore[arg-type]
    barrier = barrier.over(cached)
    directory = settings.storage.path
    if first:  # so that the store can be opened by its own command line, which records for itself
        AuditFile(os.path.join(directory, AUDIT), Chain(barrier.derive("audit")), barrier).initialise()
    audit = open_audit(barrier, directory, clock)
    service = _Service(
        barrier,
        audit,
        clock,
        bounds=Bounds(settings.default_lease_ttl, settings.max_lease_ttl),
        settings=settings.shown(),
        scrub=getattr(barrier.storage, "scrub", None),
    )
    service.node = node
    service.initialise(secret=settings.kv_at_secret)

    def close() -> None:
        service.close()
        audit.close()

    return Serving(barrier, service, close)


class _Service(Service):
    """A service whose ``sys/`` knows what the processes around it can do."""

    node: Node | None = None

    def _engine(self, mount: Mount) -> Engine:
        engine = super()._engine(mount)
        if mount.kind == "system" and mount.table == "secret" and self.node is not None:
            from .flows.engine import OperatorEngine

            made: Any = OperatorEngine(engine, self.node)
            return made  # type: ignore[no-any-return]
        return engine
