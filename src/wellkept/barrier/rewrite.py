"""Encrypting anew what lies under older terms: in small transactions, so that others can work meanwhile.

There is nothing to remember between runs: an entry says itself under which term it lies, so a run that was
interrupted is continued by the next one. Older terms are forgotten only after a whole pass found nothing under
them; and nothing can come to lie under them later, since every write checks that its key ring is the one in
force.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..storage.protocol import transact
from .envelope import enclose, term_of
from .keys import current_ring
from .names import KEYRING, RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..storage.protocol import Transaction
    from .barrier import Barrier

_BATCH = 64


def rewrite(barrier: Barrier, progress: Callable[[int], None] | None) -> int:
    barrier.refresh()
    active = barrier.ring.active.number
    done = 0
    while len(barrier.ring.terms) > 1:
        found = 0
        batch: list[str] = []
        for key, entry in barrier.storage.scan(""):
            if key.startswith(RESERVED) or term_of(key, entry.value) >= active:
                continue
            batch.append(key)
            if len(batch) == _BATCH:
                found += _rewrite_batch(barrier, batch)
                batch = []
                if progress is not None:
                    progress(done + found)
        if batch:
            found += _rewrite_batch(barrier, batch)
            if progress is not None:
                progress(done + found)
        done += found
        if not found:
            break
    _forget(barrier, active)
    return done


def _rewrite_batch(barrier: Barrier, keys: Sequence[str]) -> int:
    def change(transaction: Transaction) -> int:
        count = 0
        ring = current_ring(barrier, transaction)
        for key in keys:
            entry = transaction.get(key)
            if entry is None or term_of(key, entry.value) >= ring.active.number:
                continue  # deleted or written anew since the scan
            plain = barrier.decrypt(key, entry).value
            transaction.put(key, enclose(ring.cipher, ring.active.number, key, plain))
            count += 1
        return count

    return transact(barrier.storage, change, attempts=1000)


def _forget(barrier: Barrier, active: int) -> None:
    def change(transaction: Transaction) -> None:
        ring = current_ring(barrier, transaction)
        if ring.active.number == active and len(ring.terms) > 1:
            transaction.put(KEYRING, ring.only_active().seal())

    transact(barrier.storage, change)
    barrier.refresh()
