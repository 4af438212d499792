"""The key ring: the data keys by term, the seed of derived keys, and when to take a new term.

It is stored as one entry, encrypted under the root key. Each term remembers the store's revision at which it
became active: revisions grow by one with each entry written, so the difference bounds how many encryptions
were made under it.
"""

from __future__ import annotations

import json
import os
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import IntegrityError
from .envelope import attempt, head_of

if TYPE_CHECKING:
    from collections.abc import Sequence

ROTATE_AFTER = 1 << 28
"""Encryptions under one term after which a new one is taken: a sixteenth of the bound for random nonces."""

_AAD = b"wellkept keyring 1\0"


class Term:
    """One data key. ``created``: seconds since the epoch; ``since``: the revision at which it became active."""

    __slots__ = ("created", "key", "number", "since")

    def __init__(self, number: int, key: bytes, created: float, since: int) -> None:
        self.number = number
        self.key = key
        self.created = created
        self.since = since

    def __repr__(self) -> str:
        return f"<Term {self.number}>"


class KeyRing:
    """The keys of one store at one moment; never changed, only replaced.

    ``root`` is the key it is encrypted under; ``revision`` that of its entry in storage, 0 before it was stored.
    """

    __slots__ = ("_ciphers", "active", "cipher", "head", "revision", "root", "seed", "store_id", "terms")

    def __init__(
        self, root: bytes, store_id: str, seed: bytes, terms: Sequence[Term], revision: int = 0
    ) -> None:
        self.root = root
        self.store_id = store_id
        self.seed = seed
        self.terms = tuple(terms)
        self.revision = revision
        self.active = self.terms[-1]
        self._ciphers = {term.number: AESGCM(term.key) for term in self.terms}
        self.cipher = self._ciphers[self.active.number]
        self.head = head_of(self.active.number)

    @classmethod
    def fresh(cls, root: bytes, store_id: str, now: float) -> KeyRing:
        """A new ring with its first term."""
        return cls(root, store_id, os.urandom(32), [Term(1, os.urandom(32), now, 0)])

    def rotated(self, now: float, since: int) -> KeyRing:
        """This ring with a new active term."""
        term = Term(self.active.number + 1, os.urandom(32), now, since)
        return KeyRing(self.root, self.store_id, self.seed, [*self.terms, term])

    def only_active(self) -> KeyRing:
        """This ring without the terms that are not active."""
        return KeyRing(self.root, self.store_id, self.seed, [self.active])

    def under(self, root: bytes) -> KeyRing:
        """This ring under another root key."""
        return KeyRing(root, self.store_id, self.seed, self.terms)

    def cipher_of(self, term: int) -> AESGCM | None:
        return self._ciphers.get(term)

    def seal(self) -> bytes:
        """The ring as it is stored: encrypted under the root key."""
        plain = json.dumps(
            {
                "format": 1,
                "store_id": self.store_id,
                "seed": b2a_base64(self.seed, newline=False).decode(),
                "terms": [
                    {
                        "term": t.number,
                        "key": b2a_base64(t.key, newline=False).decode(),
                        "created": t.created,
                        "since": t.since,
                    }
                    for t in self.terms
                ],
            }
        )
        nonce = os.urandom(12)
        return nonce + AESGCM(self.root).encrypt(nonce, plain.encode(), _AAD + self.store_id.encode())

    @classmethod
    def unseal(cls, root: bytes, store_id: str, sealed: bytes, revision: int) -> KeyRing | None:
        """The ring from storage; ``None`` when ``root`` is not its key. Raises ``IntegrityError`` when unreadable."""
        plain = (
            attempt(lambda: AESGCM(root).decrypt(sealed[:12], sealed[12:], _AAD + store_id.encode()))
            if len(sealed) > 28
            else None
        )
        if plain is None:
            return None
        ring = _parse(root, plain, revision)
        if ring is None:
            raise IntegrityError(
                "the key ring is in a form that this version does not know; upgrade wellkept"
            )
        return ring

    def __repr__(self) -> str:
        return f"<KeyRing of {self.store_id}: terms {[term.number for term in self.terms]}>"


def _parse(root: bytes, plain: bytes, revision: int) -> KeyRing | None:
    try:
        data: dict[str, Any] = json.loads(plain)
        if data["format"] != 1:
            return None
        terms = [Term(t["term"], a2b_base64(t["key"]), t["created"], t["since"]) for t in data["terms"]]
        return KeyRing(root, data["store_id"], a2b_base64(data["seed"]), terms, revision)
    except (ValueError, KeyError, TypeError, IndexError):
        return None
