"""Rate limits: so many requests in an interval, for all, for a mount, a path below it, or a role.

Counted in this process by address of the client, in a window that begins with the first request. The rules lie
in storage, so every process of a server enforces the same ones. The most specific rule that fits decides.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from .refusal import Refusal

if TYPE_CHECKING:
    from ..clock import Clock
    from ..storage.protocol import Storage
    from .mount import Mount
    from .request import Request
    from .view import View

RULES = "core/quota/rate-limit/"
CONFIG = "core/quota/config"
STAMP = "core/quota/stamp"
"""Written with every change, so that one read tells whether anything must be read again."""
EXEMPT = (
    "sys/generate-recovery-token/attempt",
    "sys/generate-recovery-token/update",
    "sys/generate-root/attempt",
    "sys/generate-root/update",
    "sys/health",
    "sys/seal-status",
    "sys/unseal",
)
_REMEMBERED = 100_000


class Rule(NamedTuple):
    """``rate`` requests in ``interval`` seconds; then nothing for ``block`` seconds, where that is set."""

    name: str
    rate: float
    path: str = ""
    role: str = ""
    interval: float = 1.0
    block: float = 0.0
    inheritable: bool = False


class _Window:
    __slots__ = ("blocked", "ends", "left")

    def __init__(self, ends: float, left: float) -> None:
        self.ends = ends
        self.left = left
        self.blocked = 0.0


class Quotas:
    """``check`` is asked before anything else is done with a request."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], _Window] = {}
        self._revision = -1
        self._loaded: tuple[int, tuple[Rule, ...], frozenset[str]] = (-1, (), frozenset(EXEMPT))

    def check(self, request: Request, mount: Mount | None) -> None:
        """Raises ``Refusal`` 429 when the caller has had its share."""
        _, rules, exempt = self._current()
        if not rules or request.counted or request.path in exempt:
            return
        request.counted = True
        rule = _fitting(rules, request.path, mount)
        if rule is not None and not self._take(rule, request.client.address):
            raise Refusal(429, f'request path "{request.path}": rate limit quota exceeded')

    def _take(self, rule: Rule, address: str) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            key = (rule.name, address)
            window = self._windows.get(key)
            if window is None or (now >= window.ends and now >= window.blocked):
                if len(self._windows) >= _REMEMBERED:
                    self._windows = {
                        known: each
                        for known, each in self._windows.items()
                        if max(each.ends, each.blocked) > now
                    }
                window = self._windows[key] = _Window(now + rule.interval, rule.rate)
            if now < window.blocked or window.left < 1:
                if rule.block and window.blocked <= now:
                    window.blocked = now + rule.block
                return False
            window.left -= 1
            return True

    def _current(self) -> tuple[int, tuple[Rule, ...], frozenset[str]]:
        revision = self._storage.revision()
        if self._revision == revision:
            return self._loaded
        entry = self._storage.get(STAMP)
        stamp = 0 if entry is None else entry.revision
        if self._loaded[0] != stamp:
            rules = tuple(load(self._storage, name) for name in self._storage.list(RULES))
            exempt = frozenset(config(self._storage)["rate_limit_exempt_paths"])
            self._loaded = (stamp, tuple(rule for rule in rules if rule is not None), exempt)
        self._revision = revision
        return self._loaded


def load(view: Storage | View, name: str) -> Rule | None:
    entry = view.get(RULES + name)
    return None if entry is None else Rule(**json.loads(entry.value))


def save(view: View, rule: Rule) -> None:
    view.put(RULES + rule.name, json.dumps(rule._asdict()).encode())
    view.put(STAMP, b"{}")


def remove(view: View, name: str) -> None:
    view.delete(RULES + name)
    view.put(STAMP, b"{}")


def save_config(view: View, settings: dict[str, Any]) -> None:
    view.put(CONFIG, json.dumps(settings).encode())
    view.put(STAMP, b"{}")


def config(view: Storage | View) -> dict[str, Any]:
    """The settings that are not a rule's."""
    entry = view.get(CONFIG)
    found: dict[str, Any] = {
        "enable_rate_limit_audit_logging": False,
        "enable_rate_limit_response_headers": False,
        "rate_limit_exempt_paths": list(EXEMPT),
    }
    if entry is not None:
        found.update(json.loads(entry.value))
    return found


def _fitting(rules: tuple[Rule, ...], path: str, mount: Mount | None) -> Rule | None:
    """The rule with the longest path that fits; one without a path fits everything."""
    best = None
    for rule in rules:
        if rule.role or not _covers(rule.path, path, mount):
            continue
        if best is None or len(rule.path) > len(best.path):
            best = rule
    return best


def _covers(pattern: str, path: str, mount: Mount | None) -> bool:
    if not pattern:
        return True
    if pattern.endswith("*"):
        return path.startswith(pattern[:-1])
    if mount is not None and pattern == mount.path:
        return True
    return path == pattern or path + "/" == pattern
