"""``Verifier``: asks, once for each credential, slowly, within bounds; and says nothing of it anywhere else."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ...clock import SYSTEM
from ...errors import ConfigError, WellkeptError
from ...sources._http import HttpClient
from . import aws
from .provider import providers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...clock import Clock
    from ..finding import Finding
    from ..rule import Rule
    from .provider import Ask

Near = dict[tuple[str, str, "str | None"], list[tuple[int, bytes]]]
_CLOSE = 10

ENDPOINTS = "WELLKEPT_VERIFY_ENDPOINTS"

INTERVAL = 0.5
"""Least seconds between two requests to the same server."""

MAX_REQUESTS = 500
"""Requests of one run."""

TIMEOUT = 10.0
"""Seconds that one answer may take."""


class Verification(NamedTuple):
    """``state``: ``live``, ``dead`` or ``unknown``; ``reason`` why it is unknown; ``account`` what the provider calls
    it; ``status`` of the answer; ``checked``: seconds since the epoch."""

    state: str
    reason: str = ""
    account: str = ""
    status: int | None = None
    checked: float = 0.0

    def details(self) -> dict[str, Any]:
        """As it stands in a finding's details."""
        known = {"state": self.state, "reason": self.reason, "account": self.account, "status": self.status}
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.checked))
        return {**{key: value for key, value in known.items() if value not in ("", None)}, "checked": stamp}


class Verifier:
    """``endpoints`` replaces providers' addresses by name: a GitLab of one's own, or a double in a test."""

    def __init__(
        self,
        *,
        endpoints: Mapping[str, str] | None = None,
        clock: Clock = SYSTEM,
        interval: float = INTERVAL,
        max_requests: int = MAX_REQUESTS,
        timeout: float = TIMEOUT,
    ) -> None:
        self._endpoints = dict(endpoints or {})
        self._clock = clock
        self._interval = interval
        self._left = max_requests
        self._timeout = timeout
        self._next: dict[str, float] = {}
        self._known: dict[tuple[str, bytes, bytes], Verification] = {}
        self._clients: dict[str, HttpClient] = {}

    def verify(self, findings: Sequence[Finding], rules: Mapping[str, Rule]) -> list[Finding]:
        """The findings, with ``verify`` in the details of those whose rule names a verifier.

        What belongs to a credential is looked for on its line, and among the findings of the same provider close
        by. Never raises for a server's sake: what could not be asked is ``unknown``, with the reason.
        """
        near = _neighbours(findings, rules)
        return [self._marked(finding, rules.get(finding.rule), near) for finding in findings]

    def check(self, name: str, secret: bytes, line: bytes = b"") -> Verification:
        """Whether ``secret`` works with the provider ``name``. ``line``: where its companions may stand."""
        key = (name, secret, line if _needs_line(name) else b"")
        if key not in self._known:
            self._known[key] = self._ask(name, secret, line)
        return self._known[key]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _marked(self, finding: Finding, rule: Rule | None, near: Near) -> Finding:
        if rule is None or not rule.verify:
            return finding
        secret, place = finding.secret.reveal_bytes(), finding.location
        others = [
            value
            for line, value in near.get((rule.verify, place.display, place.commit), ())
            if abs(line - place.line) <= _CLOSE and value != secret
        ]
        outcome = self.check(rule.verify, secret, b"\n".join([finding.line, *others]))
        return finding._replace(details={**finding.details, "verify": outcome.details()})

    def _ask(self, name: str, secret: bytes, line: bytes) -> Verification:
        now = self._clock.time()
        provider = providers().get(name)
        if provider is None and name != aws.NAME:
            return Verification("unknown", f"there is no way to ask {name}", checked=now)
        text, beside = _text(secret), line.decode("utf-8", "replace")
        if text is None:
            return Verification("unknown", "it is no plain text", checked=now)
        base = self._endpoints.get(name)
        ask = aws.ask(text, beside, base, now) if provider is None else provider.ask(text, beside, base)
        if ask is None:
            return Verification("unknown", "what belongs to it does not stand on the same line", checked=now)
        if self._left <= 0:
            return Verification("unknown", "the bound on requests is reached", checked=now)
        self._left -= 1
        answer = self._send(ask)
        if isinstance(answer, str):
            return Verification("unknown", answer, checked=now)
        status, body = answer
        state, account = aws.read(status, body) if provider is None else provider.read(status, body)
        reason = "" if state != "unknown" else "throttled" if status == 429 else f"answered {status}"
        return Verification(state, reason, account, status, now)

    def _send(self, ask: Ask) -> tuple[int, bytes] | str:
        """Status and body, or why there is none; the text names the server and nothing of the request."""
        failure = ""
        try:
            client = self._clients.get(ask.base)
            if client is None:
                client = self._clients[ask.base] = HttpClient(ask.base)
            self._wait(client.authority)
            headers = {"User-Agent": "wellkept", "Accept": "application/json", **ask.headers}
            answer = client.request(
                ask.method, ask.path, headers=headers, body=ask.body, timeout=self._timeout
            )
        except WellkeptError as error:
            failure = str(error)
        else:
            return answer.status, answer.body
        return failure

    def _wait(self, authority: str) -> None:
        now = self._clock.monotonic()
        start = max(now, self._next.get(authority, now))
        if start > now:
            self._clock.sleep(start - now)
        self._next[authority] = start + self._interval


def endpoints(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Addresses that replace providers' own, from ``$WELLKEPT_VERIFY_ENDPOINTS``: ``gitlab=https://git.example.com``,
    several separated by commas or spaces. Raises ``ConfigError``."""
    found: dict[str, str] = {}
    for part in environ.get(ENDPOINTS, "").replace(",", " ").split():
        name, mark, url = part.partition("=")
        if not mark or name not in names():
            raise ConfigError(f"${ENDPOINTS} holds NAME=URL, with NAME one of: {', '.join(names())}")
        found[name] = url
    return found


def shown(name: str, endpoints: Mapping[str, str] | None = None) -> str:
    """The request that ``--verify`` would send for the verifier ``name``, with the secret masked; "" for none."""
    base = (endpoints or {}).get(name)
    if name == aws.NAME:
        return aws.shown(base)
    provider = providers().get(name)
    return f"{provider.shown(base)}\n\ndocumented at {provider.docs}" if provider else ""


def names() -> list[str]:
    """Every verifier, sorted."""
    return sorted([*providers(), aws.NAME])


def _neighbours(findings: Iterable[Finding], rules: Mapping[str, Rule]) -> Near:
    near: Near = {}
    for finding in findings:
        rule, place = rules.get(finding.rule), finding.location
        if rule is not None and rule.verify:
            key = (rule.verify, place.display, place.commit)
            near.setdefault(key, []).append((place.line, finding.secret.reveal_bytes()))
    return near


def _needs_line(name: str) -> bool:
    provider = providers().get(name)
    return bool(provider.companions) if provider else True


def _text(secret: bytes) -> str | None:
    """A credential that can go into a request as it is."""
    try:
        text = secret.decode("ascii")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() and 0 < len(text) <= 8192 else None
