"""Putting the record of a served store together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..audit_chain import Chain
from .broker import Broker
from .chain import Keys
from .record import ServedAudit

if TYPE_CHECKING:
    from ...barrier import Barrier
    from ...clock import Clock


def open_audit(barrier: Barrier, directory: str, clock: Clock, *, listen: bool = True) -> ServedAudit:
    """The audit of the store in ``directory``, opened by ``barrier``. Close it by ``audit.close()`` before the storage.

    Where the storage commits in groups, each group first sees to it that the records of what it is about to do
    are on disk. ``listen``: note the chains' ends every second, on a thread.
    """
    key = barrier.derive("audit")
    broker = Broker(barrier, Keys(key), directory, clock, listen=listen)
    group = getattr(barrier.storage, "group", None)
    if group is not None:
        group.before = broker.sync
    return ServedAudit(broker, Chain(key), barrier, clock)
