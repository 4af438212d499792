"""A token in memory and the arithmetic of its life: when to renew it, when to log in again."""

from __future__ import annotations

import os
from typing import Any

RENEW_AT = 2 / 3
"""The part of its TTL after which a token is renewed."""

UNKNOWN_FOR = 10.0
"""Seconds after which the TTL of a token that somebody else made is asked for; a short job never needs it."""

RETRY = 5.0
"""Seconds between tries to renew, at most."""


class Token:
    """One token. ``number`` tells it from those before and after it in the same session.

    ``expires`` and ``due`` are monotonic seconds: when it dies, and when something should be done about it
    (infinity: never). ``ttl`` is what it was granted at first, in seconds; 0 means not known or none.
    """

    __slots__ = ("due", "expires", "header", "known", "number", "renewable", "ttl", "value")

    def __init__(self, value: str, number: int) -> None:
        self.value = value
        self.header = header(value)
        self.number = number
        self.ttl = 0.0
        self.expires = self.due = float("inf")
        self.renewable = False
        self.known = False

    def granted(self, ttl: Any, renewable: Any, asked: float) -> None:
        """The server gave it ``ttl`` seconds in an answer to a request made at ``asked`` (monotonic)."""
        self.known = True
        self.renewable = renewable is True
        seconds = float(ttl) if isinstance(ttl, int | float) and ttl > 0 else 0.0
        if not self.ttl:
            self.ttl = seconds
        if not seconds:
            self.expires = self.due = float("inf")
            return
        self.expires = asked + seconds
        self.due = asked + seconds * (RENEW_AT - 0.1 * _chance())

    def capped(self, ttl: float) -> bool:
        """Whether a renewal that gave ``ttl`` seconds met the token's maximum: it will not live much longer."""
        return ttl < self.ttl - 1

    def retry(self, now: float) -> None:
        """A renewal failed: try again soon, in what is left."""
        left = self.expires - now
        self.due = now + (min(RETRY, max(left / 4, 0.05)) if left > 0 else RETRY)

    def __repr__(self) -> str:
        return f"<Token {self.number}>"


def header(value: str) -> bytes:
    """The header line that carries the token ``value``, which must be printable ASCII."""
    return f"X-Vault-Token: {value}\r\n".encode("ascii")


def acceptable(value: str) -> bool:
    """Whether a header can carry ``value``."""
    return value.isascii() and value.isprintable() and " " not in value


def _chance() -> float:
    """A number from 0 to 1 that differs between processes; ``random`` costs too much to import for this."""
    return os.urandom(1)[0] / 255
