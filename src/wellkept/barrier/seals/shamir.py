"""The Shamir seal: a key that nobody holds, wrapped around the root key, and shared out among several people.

``wrap`` makes a new key and its shares, which are handed out once (``shares``) and never stored. ``unwrap``
wants as many of them as the threshold says. A single share is the key itself, as in Vault.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ...errors import InvalidRequest, Sealed
from .. import shamir
from .wrapping import damaged, unwrap_key, wrap_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CONTEXT = b"wellkept seal shamir 1\0"
_SIZE = 32


class ShamirSeal:
    """To close a store: ``count`` shares of which ``threshold`` open it. To open one: ``given``, the shares at hand."""

    kind = "shamir"

    def __init__(
        self, count: int = 0, threshold: int = 0, *, given: Sequence[bytes] = (), key: bytes = b""
    ) -> None:
        self.count = count
        self.threshold = threshold
        self._given = tuple(given)
        self._key = key
        self.shares: list[bytes] = []
        """Made by ``deal``: to be given away and forgotten."""

    def deal(self) -> bytes:
        """Make the key and its shares; returns the key, for who must keep it until the shares were proven."""
        check(self.count, self.threshold)
        self._key = os.urandom(_SIZE)
        self.shares = [self._key] if self.count == 1 else shamir.split(self._key, self.count, self.threshold)
        return self._key

    def wrap(self, root: bytes) -> dict[str, Any]:
        check(self.count, self.threshold)
        wrapped = wrap_key(self._key or self.deal(), root, _context(self.count, self.threshold))
        return {"shares": self.count, "threshold": self.threshold, **wrapped}

    def unwrap(self, blob: Mapping[str, Any]) -> bytes:
        count, threshold = parameters(blob)
        if len(self._given) < threshold:
            raise Sealed(f"{threshold} key shares are needed; {len(self._given)} were given")
        key = self._given[0] if count == 1 else _combine(self._given[:threshold])
        root = unwrap_key(key, blob, _context(count, threshold)) if key and len(key) == _SIZE else None
        if root is None:
            raise Sealed("these key shares do not open this store (one of them is wrong)")
        return root

    def __repr__(self) -> str:
        return f"<ShamirSeal {self.threshold} of {self.count}>"


def parameters(blob: Mapping[str, Any]) -> tuple[int, int]:
    """How many shares a stored seal has, and how many open it. Raises ``IntegrityError``."""
    count, threshold = blob.get("shares"), blob.get("threshold")
    if type(count) is not int or type(threshold) is not int or not 1 <= threshold <= count <= shamir.MOST:
        raise damaged()
    return count, threshold


def check(count: int, threshold: int) -> None:
    """Raises ``InvalidRequest`` in OpenBao's words for numbers that make no seal."""
    reason = None
    if count < 1:
        reason = "shares must be at least one"
    elif threshold < 1:
        reason = "threshold must be at least one"
    elif count > 1 and threshold == 1:
        reason = "threshold must be greater than one for multiple shares"
    elif count > shamir.MOST:
        reason = "shares must be less than 256"
    elif threshold > shamir.MOST:
        reason = "threshold must be less than 256"
    elif threshold > count:
        reason = "threshold cannot be larger than shares"
    if reason is not None:
        raise InvalidRequest(reason)


def _combine(shares: Sequence[bytes]) -> bytes | None:
    try:
        return shamir.combine(shares)
    except InvalidRequest:
        return None


def _context(count: int, threshold: int) -> bytes:
    return _CONTEXT + bytes((count, threshold))
