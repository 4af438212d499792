"""Lockout: who failed to log in too often waits, whether or not there is such a user.

An auth method says who tries to log in by one canonical name (``alias``), the same for every spelling that it
would accept, and raises ``InvalidCredentials`` when the secret was wrong. Failures are counted in the store, so
every process sees them. A locked name is refused before its secret is looked at.

Defaults as Vault's: five failures lock for 15 minutes; a failure is forgotten after 15 minutes without another.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..storage.protocol import Reader, Transaction
    from .mount import Mount

PREFIX = "core/lockout/"
THRESHOLD = 5
DURATION = 15 * 60
COUNTER_RESET = 15 * 60


class InvalidCredentials(Refusal):
    """A login whose secret was wrong, or whose user does not exist: counted, and never told apart."""


class Rules(NamedTuple):
    """How a mount locks out; durations in seconds."""

    threshold: int = THRESHOLD
    duration: float = DURATION
    counter_reset: float = COUNTER_RESET
    disabled: bool = False

    @classmethod
    def of(cls, mount: Mount) -> Rules:
        """As ``mount`` is tuned (``user_lockout_config``)."""
        given = mount.config.user_lockout
        return cls(
            int(given.get("lockout_threshold") or THRESHOLD),
            float(given.get("lockout_duration") or DURATION),
            float(given.get("lockout_counter_reset") or COUNTER_RESET),
            bool(given.get("lockout_disable", False)),
        )


class Lockout:
    """``key``: 32 bytes, so that storage does not see names."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def locked(self, source: Reader, mount: Mount, alias: str, now: float) -> bool:
        """Whether ``alias`` must wait."""
        rules = Rules.of(mount)
        if rules.disabled:
            return False
        record = self._load(source, self._place(mount.accessor, alias))
        return record is not None and _is_locked(record, rules, now)

    def failed(self, transaction: Transaction, mount: Mount, alias: str, now: float) -> None:
        """Count a failure."""
        rules = Rules.of(mount)
        if rules.disabled:
            return
        place = self._place(mount.accessor, alias)
        record = self._load(transaction, place)
        if record is None or now - record["last"] > max(rules.counter_reset, 0) or _over(record, rules, now):
            record = {"alias": alias, "count": 0, "last": now}
        record["count"] += 1
        record["last"] = now
        transaction.put(place, json.dumps(record, separators=(",", ":")).encode())

    def succeeded(self, transaction: Transaction, mount: Mount, alias: str) -> None:
        """Forget the failures."""
        place = self._place(mount.accessor, alias)
        if transaction.get(place) is not None:
            transaction.delete(place)

    def unlock(self, transaction: Transaction, accessor: str, alias: str) -> None:
        """Let ``alias`` try again at once; nothing happens when it was not locked."""
        transaction.delete(self._place(accessor, alias))

    def all_locked(self, source: Reader, mounts: list[Mount], now: float) -> Iterator[tuple[Mount, str]]:
        """Every mount and name that is locked now."""
        for mount in mounts:
            rules = Rules.of(mount)
            folder = f"{PREFIX}{mount.accessor}/"
            for name in source.list(folder):
                record = self._load(source, folder + name)
                if record is not None and not rules.disabled and _is_locked(record, rules, now):
                    yield mount, record["alias"]

    def tidy(self, transaction: Transaction, mounts: list[Mount], now: float) -> None:
        """Drop what no longer counts."""
        for mount in mounts:
            rules = Rules.of(mount)
            folder = f"{PREFIX}{mount.accessor}/"
            for name in transaction.list(folder, limit=1000):
                record = self._load(transaction, folder + name)
                if record is None or now - record["last"] > max(rules.counter_reset, rules.duration):
                    transaction.delete(folder + name)

    def _place(self, accessor: str, alias: str) -> str:
        digest = hashlib.blake2b(alias.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key)
        return f"{PREFIX}{accessor}/{digest.hexdigest()}"

    @staticmethod
    def _load(source: Reader, place: str) -> dict[str, Any] | None:
        entry = source.get(place)
        return None if entry is None else json.loads(entry.value)


def _is_locked(record: dict[str, Any], rules: Rules, now: float) -> bool:
    return bool(record["count"] >= rules.threshold and now < record["last"] + rules.duration)


def _over(record: dict[str, Any], rules: Rules, now: float) -> bool:
    """Whether it was locked, and that has ended: then counting begins anew."""
    return bool(record["count"] >= rules.threshold and now >= record["last"] + rules.duration)
