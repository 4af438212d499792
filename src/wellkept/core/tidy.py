"""Dropping what nothing points at any more, and what points at nothing. None of it should be there; a crash
cannot leave it behind, since what belongs together is written together. It is looked for all the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .leases.store import OWNERS
from .retry import transact
from .tokens.store import ACCESSORS, PARENTS, children
from .view import WritingView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..storage.protocol import Transaction
    from .service import Service
    from .view import View

BATCH = 200


def tidy_tokens(service: Service) -> int:
    """Accessors and parents' notes whose token is gone; how many were dropped."""
    storage, tokens = service.storage, service.tokens

    def stale_accessor(view: View, name: str) -> bool:
        entry = view.get(ACCESSORS + name)
        return entry is not None and tokens.get(view, json.loads(entry.value)["key"]) is None

    dropped = _sweep(service, ACCESSORS, list(children(storage, ACCESSORS)), stale_accessor)
    for parent in list(children(storage, PARENTS)):
        folder = PARENTS + parent
        dropped += _sweep(
            service,
            folder,
            list(children(storage, folder)),
            lambda view, name: tokens.get(view, name) is None,
        )
    return dropped


def tidy_leases(service: Service) -> int:
    """Leases whose token is gone are ended, and notes of leases that are gone dropped; how many there were."""
    storage, leases = service.storage, service.leases
    ended = service.expiration.run_once()
    for owner in list(children(storage, OWNERS)):
        folder = OWNERS + owner

        def stale(view: View, name: str, folder: str = folder) -> bool:
            entry = view.get(folder + name)
            return entry is not None and leases.get(view, json.loads(entry.value)["lease"]) is None

        ended += _sweep(service, folder, list(children(storage, folder)), stale)
    return ended


def _sweep(service: Service, folder: str, names: Iterable[str], stale: Callable[[View, str], bool]) -> int:
    waiting = list(names)
    dropped = 0
    while waiting:
        some, waiting = waiting[:BATCH], waiting[BATCH:]

        def drop(transaction: Transaction, some: list[str] = some) -> int:
            view = WritingView(transaction, "")
            gone = [name for name in some if stale(view, name)]
            for name in gone:
                view.delete(folder + name)
            return len(gone)

        dropped += transact(service.storage, drop)
    return dropped
