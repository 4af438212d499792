"""A storage transaction seen through the barrier: plaintext above, ciphertext below.

What it encrypts, it encrypts under the key ring as it was when the transaction began, and it makes the
storage check at commit that this ring is still the one in force. So nobody writes under a term that another
process has retired; the transaction loses with ``Conflict`` and finds the new ring when it is run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Conflict
from ..storage.keys import check_value, encode_key
from ..storage.protocol import Entry
from .envelope import enclose
from .names import KEYRING

if TYPE_CHECKING:
    from types import TracebackType

    from ..storage.protocol import Transaction
    from ..storage.transaction import Change
    from .barrier import Barrier
    from .keyring import KeyRing


class BarrierTransaction:
    """See ``storage.protocol.Transaction``."""

    __slots__ = ("_barrier", "_ended", "_inner", "_ring", "_written")

    def __init__(self, barrier: Barrier, inner: Transaction, ring: KeyRing) -> None:
        self._barrier = barrier
        self._inner = inner
        self._ring = ring
        self._written: dict[str, bytes | None] = {}
        self._ended = False

    def get(self, key: str) -> Entry | None:
        self._barrier.check_key(key)
        if key in self._written:
            value = self._written[key]
            return None if value is None else Entry(value, 0)
        entry = self._inner.get(key)
        return None if entry is None else self._barrier.decrypt(key, entry)

    def expect(self, key: str, revision: int | None) -> None:
        self._barrier.check_key(key)
        self._inner.expect(key, revision)

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        return self._barrier.list_through(self._inner.list, prefix, after, limit)

    def put(self, key: str, value: bytes) -> None:
        self._barrier.check_key(key)
        encode_key(key)
        check_value(key, value)
        self._inner.put(key, enclose(self._ring.cipher, self._ring.active.number, key, value))
        self._written[key] = value

    def delete(self, key: str) -> None:
        self._barrier.check_key(key)
        self._inner.delete(key)
        self._written[key] = None

    def commit(self) -> int:
        self._ended = True
        if self._written:
            self._inner.expect(KEYRING, self._ring.revision)
        try:
            revision = self._inner.commit()
        except Conflict:
            self._barrier.refresh()
            raise
        self._barrier.rotate_when_due(revision)
        return revision

    def change(self) -> Change:
        """End it without committing: what the storage below is to apply (see ``Barrier.apply_all``)."""
        self._ended = True
        if self._written:
            self._inner.expect(KEYRING, self._ring.revision)
        change: Change = self._inner.change()  # type: ignore[attr-defined]
        return change

    def rollback(self) -> None:
        self._ended = True
        self._inner.rollback()

    def __enter__(self) -> BarrierTransaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self._ended:
            self.commit()
        else:
            self.rollback()
