"""A mount's part of storage: what an engine sees, and all that it can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..storage.protocol import Entry, Reader, Transaction


class View:
    """Keys under ``prefix``, as if there were no others: for reading."""

    __slots__ = ("_prefix", "_source")

    def __init__(self, source: Reader, prefix: str) -> None:
        self._source = source
        self._prefix = prefix

    def get(self, key: str) -> Entry | None:
        return self._source.get(self._prefix + key)

    def revision_of(self, key: str) -> int | None:
        """The revision of what stands at ``key``, or ``None``: whether what one remembers of it is still so."""
        key = self._prefix + key
        ask: Callable[[str], int | None] | None = getattr(self._source, "revision_of", None)
        if ask is not None:
            return ask(key)  # without decrypting it
        entry = self._source.get(key)
        return None if entry is None else entry.revision

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[str]:
        return self._source.list(self._prefix + prefix, after=after, limit=limit)

    def below(self, prefix: str) -> View:
        """The part of this view under ``prefix``."""
        return View(self._source, self._prefix + prefix)

    def whole(self) -> View:
        """All of storage, for the core, which keeps its own records in the transaction of an engine."""
        return View(self._source, "")

    def put(self, key: str, value: bytes) -> None:
        raise TypeError("this view only reads: the request was not announced as a mutation")

    def delete(self, key: str) -> None:
        raise TypeError("this view only reads: the request was not announced as a mutation")


class WritingView(View):
    """The same over a transaction, and writing."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction, prefix: str) -> None:
        super().__init__(transaction, prefix)
        self._transaction = transaction

    def put(self, key: str, value: bytes) -> None:
        self._transaction.put(self._prefix + key, value)

    def delete(self, key: str) -> None:
        self._transaction.delete(self._prefix + key)

    def below(self, prefix: str) -> WritingView:
        return WritingView(self._transaction, self._prefix + prefix)

    def whole(self) -> WritingView:
        return WritingView(self._transaction, "")
