"""What an application would meet if it started now: every secret of its settings read once, by itself, and judged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import Denied, NotFound, SecretError
from ..loader.secrets import Secrets
from ..settings.plan import plan_of
from ..settings.validate import validated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..secret import Secret
    from ..settings.model import Settings
    from ..sources.base import Source

DENIED, MISSING, DEFAULT, INVALID, UNREADABLE, OK = (
    "denied",
    "missing",
    "default",
    "invalid",
    "unreadable",
    "ok",
)


class Finding(NamedTuple):
    """One setting. ``took`` and ``age`` are in seconds; ``age`` counts from when the version was made, where the
    source tells. ``lease``: the seconds that the secret is leased for, ``None`` for stored ones. ``cached``: how long the loader would keep it. ``reason`` says what is wrong, without values."""

    field: str
    name: str
    state: str
    permitted: bool | None
    version: str | None
    age: float | None
    lease: float | None
    cached: float
    source: str
    took: float
    reason: str | None

    @property
    def ok(self) -> bool:
        return self.state in (OK, DEFAULT)


class Examination(NamedTuple):
    """All findings, and as whom the source was read."""

    identity: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)


def examine(model: type[Settings], source: Source | str | Sequence[str], **options: Any) -> Examination:
    """Read what ``model`` needs from ``source`` and validate it. ``options`` are those of ``Secrets``.

    Each secret is read on its own, so that each has its own time and its own answer; nothing is listed. Raises
    what concerns the source as a whole (``Sealed``, ``ConfigError``).
    """
    plan = plan_of(model)
    found: dict[str, Secret | SecretError] = {}
    took: dict[str, float] = {}
    secrets = Secrets(source, **{"refresh": False, **options})
    for name in plan.names:
        start = time.perf_counter()
        found |= secrets.get_each([name])
        took[name] = time.perf_counter() - start
    where = secrets.source.url
    _, problems = validated(model, found, where)
    reasons = {problem.field: problem.reason for problem in problems}
    now = time.time()
    findings = []
    for leaf in plan.leaves:
        answer = found[leaf.name]
        field = ".".join(leaf.path)
        reason = reasons.get(field)
        read = None if isinstance(answer, SecretError) else answer
        created = None if read is None else read.created
        findings.append(
            Finding(
                field=field,
                name=leaf.name,
                state=_state(answer, reason),
                permitted=_permitted(answer),
                version=None if read is None else read.version,
                age=None if created is None else max(0.0, now - created),
                lease=getattr(read, "lease", None),
                cached=0.0 if read is None else float(options.get("ttl", 300.0)),
                source=answer.source or where,
                took=took[leaf.name],
                reason=reason,
            )
        )
    ask = getattr(secrets.source, "whoami", None)
    return Examination("unknown" if ask is None else ask(), tuple(findings))


def _state(answer: Secret | SecretError, reason: str | None) -> str:
    if isinstance(answer, NotFound):
        return DEFAULT if reason is None else MISSING
    if isinstance(answer, Denied):
        return DENIED
    if isinstance(answer, SecretError):
        return UNREADABLE
    return OK if reason is None else INVALID


def _permitted(answer: Secret | SecretError) -> bool | None:
    """Whether the source let this identity read; ``None`` where it could not say."""
    if isinstance(answer, Denied):
        return False
    return None if isinstance(answer, SecretError) and not isinstance(answer, NotFound) else True
