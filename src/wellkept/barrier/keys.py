"""Changing keys: a new data key (rotate), a new root key and seal (rekey); and reading the key ring again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import IntegrityError, Sealed
from ..storage.protocol import transact
from . import sealconfig
from .keyring import KeyRing
from .names import KEYRING, SEAL

if TYPE_CHECKING:
    from ..storage.protocol import Entry, Storage, Transaction
    from .barrier import Barrier
    from .seals import Seal


def load_ring(storage: Storage, roots: tuple[bytes, ...], store_id: str) -> KeyRing:
    """The key ring as stored, opened with one of ``roots``. Raises ``Sealed``, ``IntegrityError``."""
    return _open_ring(storage.get(KEYRING), roots, store_id)


def current_ring(barrier: Barrier, transaction: Transaction) -> KeyRing:
    """The key ring as this transaction, of the storage below, sees it."""
    return _open_ring(transaction.get(KEYRING), barrier.roots, barrier.store_id)


def rotate(barrier: Barrier, unless_used_less_than: int = 0) -> int:
    """Put a new term in force, unless the active one has fewer encryptions than that; returns the active term."""

    def change(transaction: Transaction) -> int:
        ring, revision = current_ring(barrier, transaction), barrier.storage.revision()
        if revision - ring.active.since < unless_used_less_than:
            return ring.active.number  # another process was quicker
        ring = ring.rotated(barrier.clock.time(), revision)
        transaction.put(KEYRING, ring.seal())
        return ring.active.number

    term = transact(barrier.storage, change)
    barrier.refresh()
    return term


def rekey(barrier: Barrier, new_seal: Seal) -> None:
    """Encrypt the key ring under a fresh root key, wrapped by ``new_seal``: both in one commit."""
    root = os.urandom(32)
    wrapped = new_seal.wrap(root)

    def change(transaction: Transaction) -> None:
        ring = current_ring(barrier, transaction)
        entry = transaction.get(SEAL)
        created = sealconfig.parse(entry.value).get("created", 0.0) if entry else barrier.clock.time()
        transaction.put(KEYRING, ring.under(root).seal())
        transaction.put(SEAL, sealconfig.build(ring.store_id, new_seal.kind, wrapped, created))

    # Until the commit is known to have happened or not, either root key may be the one in force.
    barrier.roots = (*barrier.roots, root)
    transact(barrier.storage, change)
    barrier.roots = (root,)
    barrier.refresh()


def _open_ring(entry: Entry | None, roots: tuple[bytes, ...], store_id: str) -> KeyRing:
    if entry is None:
        raise IntegrityError("the key ring is missing; restore the store from a backup")
    for root in roots:
        ring = KeyRing.unseal(root, store_id, entry.value, entry.revision)
        if ring is not None:
            return ring
    raise Sealed(
        "the key ring does not open: the root key was changed by another process (rekey), so open the store anew "
        "with the new key; if that does not help, the key ring is damaged, and a backup is the way out"
    )
