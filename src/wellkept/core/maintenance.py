"""What a served store does once an hour, by whichever of its processes comes first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..errors import WellkeptError
from .retry import transact
from .view import WritingView

if TYPE_CHECKING:
    from ..storage.protocol import Transaction
    from .mount import Mount
    from .service import Service

PLACE = "core/maintenance"
PAUSE = 3600.0


def maintain(service: Service) -> bool:
    """Let every engine, and lockout, drop what is over; whether it was this process's turn."""
    if not _claim(service):
        return False
    mounts = [*service.router.mounts("secret"), *service.router.mounts("auth")]
    for mount in mounts:
        try:
            _tidy(service, mount)
        except WellkeptError:
            continue  # the next hour brings another turn, and the other mounts theirs now
    methods = service.router.mounts("auth")
    now = service.clock.time()
    transact(
        service.storage,
        lambda transaction: service.lockout.tidy(transaction, methods, now),
    )
    return True


def _claim(service: Service) -> bool:
    def claim(transaction: Transaction) -> bool:
        entry, now = transaction.get(PLACE), service.clock.time()
        if entry is not None and now < json.loads(entry.value)["time"] + PAUSE:
            return False
        transaction.put(PLACE, json.dumps({"time": now}).encode())
        return True

    return transact(service.storage, claim)


def _tidy(service: Service, mount: Mount) -> None:
    tidy = getattr(service.router.engine(mount), "tidy", None)
    if tidy is None or mount.prefix == "":
        return

    def run(transaction: Transaction) -> None:
        tidy(WritingView(transaction, mount.prefix), service.clock.time())

    transact(service.storage, run)
