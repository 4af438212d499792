"""From what the scanner found to what is reported: fingerprints, duplicates, allow-lists, the baseline, owners."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from ...scanning.allow import Allowed
    from ...scanning.finding import Finding
    from ...scanning.gitleaks import Allowance

ALLOW_FILE = ".wellkept-allow.toml"
"""Read where it lies in the working directory."""

_LEAST = {"low": 0.0, "medium": 0.5, "high": 0.85}


class Verdict(NamedTuple):
    """What is reported, and what is not and why."""

    findings: list[Finding]
    allowed: list[Allowed]
    known: list[Finding]
    """In the baseline."""
    unsure: int
    """How many are below ``--min-confidence``."""
    dropped: Sequence[Finding] = ()
    """Those: not reported, and masked on the lines of the others."""


def judge(findings: list[Finding], arguments: Namespace, *, root: str = ".") -> Verdict:
    """Raises ``ConfigError`` for an allow-list or a baseline that cannot be read."""
    baseline_path = arguments.baseline
    allow_paths = list(arguments.allow)
    if os.path.lexists(ALLOW_FILE):
        allow_paths.append(ALLOW_FILE)
    lists = _allow_lists(allow_paths)
    if baseline_path is not None:
        _must_exist(baseline_path)
    if not findings:
        return Verdict([], [], [], 0)
    from ...scanning.dedupe import dedupe
    from ...scanning.fingerprint import Fingerprinter

    least = _LEAST[arguments.min_confidence]
    dismissed: list[Finding] = []
    if allowances := getattr(arguments, "allowances", None):
        dismissed = [finding for finding in findings if any(_allows(one, finding) for one in allowances)]
        findings = [finding for finding in findings if finding not in dismissed]
    sure = [finding for finding in findings if finding.confidence >= least]
    joined = dedupe(Fingerprinter.from_environment().stamp(sure))
    remaining, allowed = _split(joined, lists)
    known: list[Finding] = []
    path = baseline_path or _default_baseline()
    if path is not None:
        from ...scanning.baseline import Baseline

        remaining, known = Baseline.load(path).new(remaining)
    from ...scanning.owners import Owners

    dropped = [finding for finding in findings if finding.confidence < least]
    return Verdict(Owners(root).name(remaining), allowed, known, len(dropped), [*dropped, *dismissed])


def _allows(allowance: Allowance, finding: Finding) -> bool:
    """What gitleaks calls the match is taken for the secret's line: more of it is not kept."""
    place, secret = finding.location, finding.secret.reveal_bytes()
    return allowance.allows(
        rule=finding.rule,
        secret=secret,
        match=finding.line,
        line=finding.line,
        path=place.path,
        commit=place.commit,
    )


def _split(findings: list[Finding], lists: list[object]) -> tuple[list[Finding], list[Allowed]]:
    import datetime

    from ...scanning.allow import AllowList

    today = datetime.datetime.now(datetime.UTC).date()
    allowed: list[Allowed] = []
    for entries in [AllowList(), *lists]:
        assert isinstance(entries, AllowList)
        findings, more = entries.split(findings, today)
        allowed += more
    return findings, allowed


def _allow_lists(paths: list[str]) -> list[object]:
    if not paths:
        return []
    from ...scanning.allow import AllowList

    return [AllowList.load(path) for path in paths]


def _default_baseline() -> str | None:
    name = ".wellkept-baseline"
    return name if os.path.lexists(name) else None


def _must_exist(path: str) -> None:
    if not os.path.lexists(path):
        from ...errors import ConfigError

        raise ConfigError(f"there is no baseline {path!r}; write one with: wellkept scan baseline")
