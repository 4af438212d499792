"""Where tokens lie, and finding them: by text, by accessor, by parent.

::

    core/token/id/KEY                the record
    core/token/accessor/HASH         the key that an accessor stands for
    core/token/parent/KEY/CHILD      empty; which tokens a token made

All functions take the view of the whole storage that they are to act in; ``authenticate`` alone reads for
itself, and keeps what it read for as long as the entry stays as it is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..compact import printer
from .batch import BatchTokens
from .text import BATCH, Hasher
from .token import SPENT, Token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...barrier import Barrier
    from ...storage.protocol import Reader
    from ..view import View

IDS = "core/token/id/"
ACCESSORS = "core/token/accessor/"
PARENTS = "core/token/parent/"
PAGE = 1000
_dump = printer()
_REMEMBERED = 10_000


class TokenStore:
    """``key`` (32 bytes) hashes, ``batch_key`` (32 bytes) encrypts batch tokens."""

    def __init__(self, storage: Barrier, key: bytes, batch_key: bytes) -> None:
        self._storage = storage
        self.hash = Hasher(key)
        self.batch = BatchTokens(batch_key)
        self._known: dict[str, tuple[int, int, Token]] = {}

    def authenticate(self, text: str, now: float) -> Token | None:
        """The token that ``text`` is, if it is one and in force. An expired one is none, revoked yet or not."""
        if text.startswith(BATCH):
            token = self.batch.read(text)
            if token is not None and not self._orphaned(token):
                return token if alive(token, now) else None
            return None
        token = self._remembered(self.hash(text))
        return token if token is not None and alive(token, now) else None

    def _orphaned(self, token: Token) -> bool:
        """Whether a batch token's parent is gone."""
        return bool(token.parent) and self._remembered(token.parent) is None

    def _remembered(self, key: str) -> Token | None:
        revision = self._storage.revision()
        known = self._known.get(key)
        if known is not None and known[0] == revision:
            return known[2]
        if known is not None and known[1] == self._storage.revision_of(IDS + key):
            self._known[key] = (revision, known[1], known[2])
            return known[2]
        entry = self._storage.get(IDS + key)
        if entry is None:
            self._known.pop(key, None)
            return None
        same = known is not None and known[1] == entry.revision
        token = known[2] if same and known is not None else Token.decode(entry.value)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = (revision, entry.revision, token)
        return token

    def lookup(self, view: Reader | View, text: str, now: float) -> Token | None:
        """As ``authenticate``, in ``view``: what it says is checked again when a transaction commits."""
        if text.startswith(BATCH):
            token = self.batch.read(text)
            if token is not None and token.parent and self.get(view, token.parent) is None:
                return None
        else:
            token = self.get(view, self.hash(text))
        return token if token is not None and alive(token, now) else None

    def get(self, view: Reader | View, key: str) -> Token | None:
        """The record at ``key``, in force or not."""
        entry = view.get(IDS + key)
        return None if entry is None else Token.decode(entry.value)

    def by_accessor(self, view: Reader | View, accessor: str, now: float) -> Token | None:
        entry = view.get(ACCESSORS + self.hash(accessor))
        token = None if entry is None else self.get(view, json.loads(entry.value)["key"])
        return token if token is not None and alive(token, now) else None

    def accessors(self, view: Reader | View, now: float) -> list[str]:
        """Those of all tokens in force."""
        found = []
        for name in children(view, ACCESSORS):
            entry = view.get(ACCESSORS + name)
            if entry is not None:
                record = json.loads(entry.value)
                token = self.get(view, record["key"])
                if token is not None and alive(token, now):
                    found.append(record["accessor"])
        return sorted(found)

    def put(self, view: View, token: Token) -> None:
        """Write the record alone."""
        view.put(IDS + token.key, token.encode())

    def add(self, view: View, token: Token) -> None:
        """Write a new token, findable in every way."""
        self.put(view, token)
        record = {"key": token.key, "accessor": token.accessor}
        view.put(ACCESSORS + self.hash(token.accessor), _dump(record).encode())
        if token.parent:
            view.put(f"{PARENTS}{token.parent}/{token.key}", b"{}")

    def remove(self, view: View, token: Token) -> None:
        """Take it away, with what points at it; its children and leases are the caller's business."""
        view.delete(IDS + token.key)
        view.delete(ACCESSORS + self.hash(token.accessor))
        if token.parent:
            view.delete(f"{PARENTS}{token.parent}/{token.key}")

    def children(self, view: Reader | View, key: str) -> list[str]:
        """The keys of the tokens that this one made."""
        return list(children(view, f"{PARENTS}{key}/"))


def alive(token: Token, now: float) -> bool:
    """Whether it may be used: neither over, nor spent, nor being revoked."""
    return (not token.expires or now < token.expires) and token.num_uses != SPENT and not token.revoking


def children(view: Reader | View, prefix: str) -> Iterator[str]:
    """All children of a folder, page by page."""
    after = ""
    while True:
        page = view.list(prefix, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1]
