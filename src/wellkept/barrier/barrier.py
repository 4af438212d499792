"""``Barrier``: a storage whose values are plaintext above and encrypted below.

It satisfies the storage protocol itself, so what stands on it need not know that it is there. The names under
``barrier/`` are its own and are not seen through it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from ..clock import SYSTEM
from ..errors import Conflict, IntegrityError, InvalidRequest, Sealed, StoreError
from ..storage.protocol import Entry, transact
from . import keys, sealconfig
from .envelope import OVERHEAD, disclose, term_of
from .keyring import ROTATE_AFTER, KeyRing
from .names import KEYRING, RESERVED, SEAL
from .sealconfig import read_seal_config
from .snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..clock import Clock
    from ..storage.protocol import Changes, Names, Storage, Transaction
    from ..storage.transaction import Change
    from .seals import Seal
    from .transaction import BarrierTransaction

T = TypeVar("T")


class Barrier:
    """Made by ``initialize`` or ``unseal``. ``storage`` is what lies beneath."""

    rotate_after = ROTATE_AFTER

    def __init__(self, storage: Storage, ring: KeyRing, clock: Clock) -> None:
        self.storage = storage
        self.ring = ring
        self.roots: tuple[bytes, ...] = (ring.root,)  # two while this process is in the middle of a rekey
        self.clock = clock
        self.revision = storage.revision  # asked many times a request

    @classmethod
    def initialize(
        cls, storage: Storage, seal: Seal, *, store_id: str | None = None, clock: Clock = SYSTEM
    ) -> Barrier:
        """Give a storage its keys and close them with ``seal``. Raises ``Conflict`` when it has them already.

        ``store_id``: lower-case letters, digits and ``-``, for a caller who must name the key file by it
        beforehand; a random one otherwise.
        """
        root, store_id = os.urandom(32), store_id or os.urandom(16).hex()
        if not sealconfig.is_word(store_id):
            raise InvalidRequest(
                f"the store's identifier {store_id!r} must be lower-case letters, digits and '-'"
            )
        wrapped = seal.wrap(root)
        ring = KeyRing.fresh(root, store_id, clock.time())

        def install(transaction: Transaction) -> None:
            if transaction.get(SEAL) is not None or transaction.get(KEYRING) is not None:
                raise Conflict("this store is initialised already; nothing was changed")
            transaction.put(KEYRING, ring.seal())
            transaction.put(SEAL, sealconfig.build(store_id, seal.kind, wrapped, clock.time()))

        transact(storage, install)
        return cls(storage, keys.load_ring(storage, (root,), store_id), clock)

    @classmethod
    def unseal(cls, storage: Storage, seal: Seal, *, clock: Clock = SYSTEM) -> Barrier:
        """Open a store with the seal that closes it.

        Raises ``Sealed`` when the seal is of another kind or has the wrong key, ``IntegrityError`` when what
        is stored is damaged.
        """
        config = read_seal_config(storage)
        if config["kind"] != seal.kind:
            raise Sealed(
                f"this store is closed by a seal of kind {config['kind']!r}, not {seal.kind!r}; open it with that"
            )
        root = seal.unwrap(config["wrapped"])
        entry = storage.get(KEYRING)
        ring = entry and KeyRing.unseal(root, config["store_id"], entry.value, entry.revision)
        if ring is not None:
            return cls(storage, ring, clock)
        if read_seal_config(storage) != config:
            return cls.unseal(storage, seal, clock=clock)  # rekeyed between the two reads
        raise IntegrityError("the key ring is missing, damaged or altered; restore the store from a backup")

    def over(self, copy: Storage) -> Barrier:
        """The same keys over a copy of this storage: to verify a backup, or a store that was moved, without
        asking for the seal again. Raises ``IntegrityError`` or ``Sealed`` when its key ring does not open.
        """
        return type(self)(copy, keys.load_ring(copy, self.roots, self.store_id), self.clock)

    @property
    def store_id(self) -> str:
        """The store's identifier; not secret."""
        return self.ring.store_id

    def get(self, key: str) -> Entry | None:
        """The decrypted entry at ``key``, or ``None``. Raises ``IntegrityError`` naming it when it does not open."""
        self.check_key(key)
        entry = self.storage.get(key)
        return None if entry is None else self.decrypt(key, entry)

    def revision_of(self, key: str) -> int | None:
        """The revision of the entry at ``key``, or ``None``: whether what one remembers of it is still so."""
        self.check_key(key)
        entry = self.storage.get(key)
        return None if entry is None else entry.revision

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        return self.list_through(self.storage.list, prefix, after, limit)

    def scan(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, Entry]]:
        for key, entry in self.storage.scan(prefix, after=after):
            if not key.startswith(RESERVED):
                yield key, self.decrypt(key, entry)

    def snapshot(self, action: Callable[[Snapshot], T]) -> T:
        """Run ``action``, whose reads all see one moment."""
        return self.storage.snapshot(lambda below: action(Snapshot(self, below)))

    def transaction(self) -> BarrierTransaction:
        from .transaction import BarrierTransaction  # readers do without

        return BarrierTransaction(self, self.storage.transaction(), self.ring)

    def apply_all(self, changes: Sequence[Change]) -> Sequence[int | BaseException]:
        """Commit together what several transactions' ``change`` gave, over a storage that can; for each the revision
        after it, or why it was left out."""
        below: Any = self.storage
        outcomes: Sequence[int | BaseException] = below.apply_all(changes)
        reached = 0
        for outcome in outcomes:
            if isinstance(outcome, int):
                reached = max(reached, outcome)
        if any(isinstance(outcome, Conflict) for outcome in outcomes):
            self.refresh()
        if reached:
            self.rotate_when_due(reached)
        return outcomes

    def changes(self, since: int, stamp: bytes = b"") -> Changes | None:
        found = self.storage.changes(since, stamp)
        return found and found._replace(keys=[key for key in found.keys if not key.startswith(RESERVED)])

    def stamp(self) -> bytes:
        return self.storage.stamp()

    def get_mark(self, name: str) -> bytes | None:
        """As the storage's: marks are not encrypted, so they hold only what may be seen, and carry their own proof."""
        return self.storage.get_mark(name)

    def set_mark(self, name: str, value: bytes, *, durable: bool = True) -> None:
        self.storage.set_mark(name, value, durable=durable)

    def close(self) -> None:
        self.storage.close()

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """A key of ``length`` bytes for ``purpose``, the same for the whole life of this store."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), length, None, b"wellkept derive 1\0" + purpose.encode()).derive(self.ring.seed)

    def rotate(self) -> int:
        """Take a new data key for all writes from now on, here and in every other process; returns its term."""
        return keys.rotate(self)

    def rewrite(self, progress: Callable[[int], None] | None = None) -> int:
        """Encrypt anew what lies under older terms, then forget those terms; returns how many entries it took.

        Works while others read and write; may be interrupted at any point and run again. ``progress`` is
        called with the number of entries rewritten so far.
        """
        from .rewrite import rewrite

        return rewrite(self, progress)

    def rekey(self, new_seal: Seal) -> None:
        """Close the store with ``new_seal`` and a fresh root key, at once or not at all; the old seal opens it no more."""
        keys.rekey(self, new_seal)

    def key_status(self) -> dict[str, Any]:
        """``term`` in force, when it was ``created`` (seconds since the epoch), at most how many ``encryptions``
        were made under it, and the ``terms`` that can still be read."""
        self.refresh()
        active = self.ring.active
        return {
            "term": active.number,
            "created": active.created,
            "encryptions": max(0, self.storage.revision() - active.since),
            "terms": [term.number for term in self.ring.terms],
        }

    # What the parts of this room use.

    def check_key(self, key: str) -> None:
        """Raises ``InvalidRequest`` for a name that is the barrier's own."""
        if key.startswith(RESERVED):
            raise InvalidRequest(f"{key!r} belongs to the barrier")

    def decrypt(self, key: str, entry: Entry) -> Entry:
        sealed, revision = entry
        ring = self.ring
        if sealed[:5] == ring.head and len(sealed) >= OVERHEAD:  # nearly all are under the term in force
            return Entry(disclose(ring.cipher, key, sealed), revision)
        term = term_of(key, sealed)
        cipher = ring.cipher_of(term)
        if cipher is None:
            self.refresh()  # written by another process after a rotation that this one has not seen
            cipher = self.ring.cipher_of(term)
        if cipher is None:
            raise IntegrityError(
                f"the entry {key!r} names a key that this store does not have: damaged or altered"
            )
        return Entry(disclose(cipher, key, entry.value), entry.revision)

    def list_through(
        self, listing: Callable[..., Names], prefix: str, after: str, limit: int | None
    ) -> Names:
        if prefix.startswith(RESERVED):
            raise InvalidRequest(f"{prefix!r} belongs to the barrier")
        if prefix:
            return listing(prefix, after=after, limit=limit)
        found = listing("", after=after, limit=None if limit is None else limit + 1)
        return [child for child in found if child != RESERVED][:limit]

    def refresh(self) -> None:
        """Take over the key ring as stored. Raises ``Sealed`` when the store was rekeyed since it was opened."""
        self.ring = keys.load_ring(self.storage, self.roots, self.store_id)

    def rotate_when_due(self, revision: int) -> None:
        """Rotate when the active term has been used often enough; a failure to do so is made up for later."""
        if revision - self.ring.active.since >= self.rotate_after:
            try:
                keys.rotate(self, unless_used_less_than=self.rotate_after)
            except (StoreError, Conflict):
                pass  # what was just committed stays committed, and the limit leaves room to try again

    def __repr__(self) -> str:
        return f"<Barrier of {self.store_id}>"
