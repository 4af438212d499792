"""What reports show: findings and problems as plain text, masked and escaped once, here, for all formats."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._version import __version__
from ..fingerprint import SHORT, known_details
from ..mask import MASK, Masker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..allow import Allowed
    from ..finding import Finding
    from ..location import Location
    from ..problem import Problem
    from ..rule import Rule


class Place(NamedTuple):
    """A location whose texts may be shown. ``file`` is the outermost path, ``path`` the whole way in."""

    path: str
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    decoded: tuple[str, ...]
    commit: str
    author: str
    date: str
    in_head: bool | None
    layer: str
    ref: str

    def __str__(self) -> str:
        commit = f"{self.commit[:12]}:" if self.commit else ""
        return f"{commit}{self.path}:{self.line}:{self.column}"


class Row(NamedTuple):
    """A finding. ``secret`` is the mask, or the value where the user asked for it; ``line`` is masked."""

    id: str
    rule: str
    name: str
    provider: str
    severity: str
    level: str
    confidence: float
    secret: str
    length: int
    line: str
    place: Place
    also: tuple[Place, ...]
    grants: str
    revoke: str
    details: Mapping[str, Any]

    @property
    def short(self) -> str:
        return self.id[:SHORT]

    @property
    def owner(self) -> str:
        return str(self.details.get("owner", ""))

    @property
    def message(self) -> str:
        """What it is, in one sentence."""
        if self.rule == "known":
            stage, version = self.details.get("stage", ""), self.details.get("version", "")
            piece = "a fragment of " if self.details.get("fragment") else ""
            return f"{piece}the store's secret {self.details.get('path', '')}, version {version} ({stage})"
        return self.name

    @property
    def verified(self) -> str:
        """``live``, ``dead``, ``unknown``, or "" when nobody asked."""
        result = self.details.get("verify")
        return str(result.get("state", "") if isinstance(result, dict) else result or "")


class Remark(NamedTuple):
    """A problem whose texts may be shown."""

    kind: str
    subject: str
    message: str
    fatal: bool


class Rows(NamedTuple):
    """A whole report. ``stats`` are numbers (``files``, ``bytes``, ``commits``, ``seconds``); ``started`` and
    ``ended`` seconds since the epoch; ``allowed`` and ``baselined`` how many findings were left out, and why."""

    rows: Sequence[Row]
    problems: Sequence[Remark]
    stats: Mapping[str, float]
    started: float
    ended: float
    allowed: Sequence[tuple[Row, str, str]] = ()
    baselined: Sequence[Row] = ()
    version: str = __version__

    @property
    def complete(self) -> bool:
        """Whether everything was looked at."""
        return not any(problem.fatal for problem in self.problems)

    @property
    def summary(self) -> str:
        """One line: how many findings of which severity, and whether that is all."""
        counts = {
            name: sum(row.severity == name for row in self.rows)
            for name in ("critical", "high", "medium", "low")
        }
        parts = [f"{count} {name}" for name, count in counts.items() if count]
        total = len(self.rows)
        found = f"{total} finding{'s' if total != 1 else ''}" if total else "nothing found"
        text = f"{found} ({', '.join(parts)})" if parts else found
        left = [
            f"{len(self.allowed)} allowed" if self.allowed else "",
            f"{len(self.baselined)} in the baseline" if self.baselined else "",
        ]
        text += "".join(f", {part}" for part in left if part)
        return text if self.complete else f"{text}; not everything could be looked at"


def rows(
    findings: Sequence[Finding],
    problems: Iterable[Problem] = (),
    stats: Mapping[str, float] | None = None,
    *,
    rules: Iterable[Rule] = (),
    allowed: Sequence[Allowed] = (),
    baselined: Sequence[Finding] = (),
    started: float = 0.0,
    ended: float | None = None,
    masked: Sequence[Finding] = (),
    reveal: bool = False,
) -> Rows:
    """Findings and problems as they may be shown. ``rules`` give what a secret grants and how to revoke it.

    ``masked``: findings that are not shown, but whose secrets are masked on the others' lines all the same.
    ``reveal``: the secrets in the clear, because the user asked for them; lines stay masked all the same.
    """
    hidden = [*findings, *(entry.finding for entry in allowed), *baselined, *masked]
    masker = Masker(hidden)
    known = {rule.id: rule for rule in rules}

    def row(finding: Finding) -> Row:
        return _row(finding, masker, known.get(finding.rule), reveal)

    return Rows(
        [row(finding) for finding in findings],
        [_remark(problem, masker) for problem in problems],
        {key: value for key, value in (stats or {}).items() if isinstance(value, (int, float))},
        started,
        time.time() if ended is None else ended,
        [(row(entry.finding), masker.text(entry.reason), entry.until) for entry in allowed],
        [row(finding) for finding in baselined],
    )


def _row(finding: Finding, masker: Masker, rule: Rule | None, reveal: bool) -> Row:
    value = finding.secret.reveal_bytes()
    return Row(
        id=finding.fingerprint,
        rule=masker.text(finding.rule),
        name=masker.text(finding.name),
        provider=masker.text(finding.provider),
        severity=finding.severity,
        level=finding.level,
        confidence=round(finding.confidence, 3),
        secret=value.decode("utf-8", "backslashreplace") if reveal else MASK,
        length=len(value),
        line=masker.line(finding),
        place=_place(finding.location, masker),
        also=tuple(_place(place, masker) for place in finding.also),
        grants=rule.grants if rule else "",
        revoke=rule.revoke if rule else "",
        details=_clean(dict(known_details(finding.details)), masker),
    )


def _place(place: Location, masker: Masker) -> Place:
    author = f"{place.author or ''} <{place.email}>".strip() if place.email else place.author or ""
    return Place(
        path=masker.text(place.display),
        file=masker.text(place.path),
        line=max(1, place.line),
        column=max(1, place.column),
        end_line=max(1, place.line, place.end_line),
        end_column=max(1, place.end_column),
        decoded=tuple(masker.text(name) for name in place.decoded),
        commit=masker.text(place.commit or ""),
        author=masker.text(author),
        date=masker.text(place.date or ""),
        in_head=place.in_head,
        layer=masker.text(place.layer or ""),
        ref=masker.text(place.ref or ""),
    )


def _remark(problem: Problem, masker: Masker) -> Remark:
    return Remark(problem.kind, masker.text(problem.subject), masker.text(problem.message), problem.fatal)


def _clean(value: Any, masker: Masker) -> Any:
    """JSON types with every text masked and escaped; anything else by its name only."""
    if isinstance(value, str):
        return masker.text(value)
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    if isinstance(value, dict):
        return {masker.text(str(key)): _clean(item, masker) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item, masker) for item in value]
    return f"<{type(value).__name__}>"
