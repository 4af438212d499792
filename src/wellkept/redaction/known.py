"""The values that must not be printed: live ones, and those rotated out, which stay known.

The loader feeds ``DEFAULT`` through ``remember``: cheap, and without any import beyond the standard
library; building search indexes is left to the redactors, which ask ``since`` for what is new when they
are next used. The registry holds ``Secret`` objects, so that nothing that prints or pickles a registry
shows a value. It is bounded: above ``max_secrets`` values, or ``max_bytes`` of them, those least recently
remembered go first. A live value is remembered again at each refresh, so it is the long rotated out that
go. Safe to use from several threads, from a signal handler, and in both halves of a fork.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from ..secret import Secret
from .forks import renew_in_child
from .ordinary import PUBLIC as PUBLIC
from .ordinary import is_ordinary

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_LENGTH = 4
"""Values of fewer characters (bytes, where binary) are not searched for: they occur in every text."""

MAX_SECRETS = 10_000
MAX_BYTES = 8 * 1024 * 1024


Mark = tuple[int, int]
"""How far somebody has read a registry: values added in all, removals."""

UNREAD: Mark = (0, -1)


class Known:
    """A registry of values to recognise.

    ``serial`` changes whenever the content does: compare it to see whether ``since`` has news.
    ``evicted`` counts the values that were dropped because a bound was reached; ``spared`` are the names never
    searched for.
    """

    def __init__(self, *, max_secrets: int = MAX_SECRETS, max_bytes: int = MAX_BYTES) -> None:
        if max_secrets < 1 or max_bytes < 1:
            raise ValueError("max_secrets and max_bytes must be at least 1")
        self.max_secrets = max_secrets
        self.max_bytes = max_bytes
        self.serial = 0
        self.evicted = 0
        self.spared: frozenset[str] = frozenset()
        self._entries: dict[Secret, int] = {}  # in the order of being added -> when last remembered
        self._added = 0
        self._removals = 0
        self._bytes = 0
        self._tick = 0
        self._lock = RLock()
        renew_in_child(self)

    def remember(self, secret: Secret) -> None:
        """Recognise ``secret`` from now on, under its name. Never raises for the value's sake.

        Passed over: values that are too short, ordinary (see ``ordinary``), or spared by name. A value known
        under another name keeps that name.
        """
        ordinary = not secret.is_binary and is_ordinary(secret.name, secret.reveal())
        if ordinary or secret.name in self.spared:
            return
        size, secret = _measure(secret)
        if size < MIN_LENGTH:
            return
        with self._lock:
            self._tick += 1
            if secret in self._entries:
                self._entries[secret] = self._tick
                return
            self._entries[secret] = self._tick
            self._bytes += size
            self._added += 1
            self.serial += 1
            if len(self._entries) > self.max_secrets or self._bytes > self.max_bytes:
                self._evict()

    def remember_all(self, secrets: Iterable[Secret]) -> None:
        """``remember`` each of ``secrets``."""
        for secret in secrets:
            self.remember(secret)

    def spare(self, *names: str) -> None:
        """Never search for the values of these secrets, nor of these fields (``name#field``); forget them."""
        with self._lock:
            self.spared |= frozenset(names)
            for secret in [secret for secret in self._entries if secret.name in self.spared]:
                self.forget(secret)
            self._removals += 1
            self.serial += 1

    def forget(self, secret: Secret) -> None:
        """Stop recognising this value. No error when it was not known."""
        size, secret = _measure(secret)
        with self._lock:
            if self._entries.pop(secret, None) is not None:
                self._bytes -= size
                self._removals += 1
                self.serial += 1

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0
            self._removals += 1
            self.serial += 1

    def since(self, mark: Mark) -> tuple[list[Secret], bool, Mark, int]:
        """News for a reader who has read up to ``mark``: ``(secrets, everything, new mark, serial)``.

        ``secrets`` are those added since, oldest first; or, when ``everything`` is true, all there are,
        because some were removed.
        """
        with self._lock:
            now = (self._added, self._removals)
            if mark[1] != self._removals:
                return list(self._entries), True, now, self.serial
            news = []
            fresh = reversed(self._entries)
            for _ in range(self._added - mark[0]):
                news.append(next(fresh))
            return news[::-1], False, now, self.serial

    def _evict(self) -> None:
        """Drop the least recently remembered, a sixteenth at a time, so that it happens seldom; never the newest."""
        oldest = sorted(self._entries, key=self._entries.__getitem__)[:-1]
        for count, secret in enumerate(oldest, 1):
            del self._entries[secret]
            self._bytes -= _measure(secret)[0]
            self.evicted += 1
            within = len(self._entries) <= self.max_secrets and self._bytes <= self.max_bytes
            if within and count >= len(oldest) // 16:
                break
        self._removals += 1

    def _renew(self) -> None:
        """In the child of a fork, where a vanished thread held the lock: a new one, and figures that add up."""
        self._lock = RLock()
        self._bytes = sum(_measure(secret)[0] for secret in self._entries)
        self._removals += 1
        self.serial += 1

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, secret: object) -> bool:
        return secret in self._entries

    def __repr__(self) -> str:
        return f"<Known {len(self._entries)} values>"


def _measure(secret: Secret) -> tuple[int, Secret]:
    """The length that counts (0 where the value is not to be searched for), and the secret in a hashable form."""
    if secret.is_binary:
        return len(secret.reveal_bytes()), secret
    text = secret.reveal()
    if len(text) < MIN_LENGTH:
        return 0, secret
    if text.isascii():
        return len(text), secret
    try:
        return len(secret.reveal_bytes()), secret
    except UnicodeEncodeError:
        pass  # lone surrogates: no text that can be hashed or compared, so kept as bytes, below
    data = text.encode("utf-8", "surrogatepass")
    return len(data), Secret(data, name=secret.name, version=secret.version, source=secret.source)


DEFAULT = Known()
"""The process's own registry: what the loader feeds and what a ``Redactor`` reads unless told otherwise."""


def remember(secret: Secret) -> None:
    """Recognise ``secret`` from now on in everything that is redacted in this process."""
    DEFAULT.remember(secret)


def forget(secret: Secret) -> None:
    """Stop recognising this value in this process."""
    DEFAULT.forget(secret)
