"""A scan from its target to its exit code: what every ``scan`` command does once it knows what to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import codes

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from ...scanning.gitleaks import Allowance
    from ...scanning.pipeline import Report, Scanner, Stats
    from ...scanning.problem import Problem
    from ...scanning.rule import Rule
    from ...scanning.targets import Target
    from .judge import Verdict


def perform(
    targets: Sequence[Target],
    arguments: Namespace,
    *,
    jobs: int | None = None,
    may_be_empty: bool = False,
    root: str = ".",
) -> int:
    """Scan, judge, report; the exit code. Raises ``ConfigError``."""
    if arguments.explain and not arguments.verify:
        from ..usage import Usage

        raise Usage("--explain goes with --verify: it shows the requests that would be made")
    scanner = prepared(arguments, jobs)
    report = _joined([_scan(scanner, target, arguments, may_be_empty) for target in targets])
    return conclude(report, targets, arguments, rules=scanner.rules, root=root)


def prepared(arguments: Namespace, jobs: int | None = None) -> Scanner:
    """The scanner that the options ask for. Raises ``ConfigError``."""
    from ...scanning.pipeline import Scanner
    from . import known

    rules, arguments.allowances = _gitleaks(arguments.config)
    return Scanner(
        rules,
        config=() if rules is not None else arguments.config,
        jobs=arguments.jobs if arguments.jobs is not None else (0 if jobs is None else jobs),
        max_file_size=arguments.max_size,
        depth=arguments.depth,
        engine=arguments.engine,
        known=known.matcher(arguments),
        archives=not arguments.no_archives,
    )


def _gitleaks(paths: Sequence[str]) -> tuple[list[Rule] | None, list[Allowance]]:
    """The rules and allowances where one of the files is gitleaks'; else none: the scanner reads them itself."""
    if not paths:
        return None, []
    from ...scanning import gitleaks
    from ...scanning.rule import load, load_builtin
    from ..output import note

    if not any(gitleaks.is_its(path) for path in paths):
        return None, []
    rules: list[Rule] = load_builtin()
    allowances: list[Allowance] = []
    for path in paths:
        if not gitleaks.is_its(path):
            rules = load(path, rules)
            continue
        found = gitleaks.load(path)
        rules = found.over(rules)
        allowances += found.allowances
        for left in found.left_out:
            note(f"{path}: {left}")
    return rules, allowances


def _scan(scanner: Scanner, target: Target, arguments: Namespace, may_be_empty: bool) -> Report:
    from .progress import Progress

    progress = Progress(target.name, quiet=arguments.quiet)

    def draw(stats: Stats) -> None:
        progress(stats.files, stats.bytes)

    try:
        report = scanner.scan(target, draw)
    finally:
        progress.done()
    return without_empty(report, target) if may_be_empty else report


def without_empty(report: Report, target: Target) -> Report:
    """The report of a target that may well have nothing to look at: a commit that only removes files, say."""
    problems = [problem for problem in report.problems if problem[:2] != ("empty", target.name)]
    return report._replace(problems=problems)


def _joined(reports: Sequence[Report]) -> Report:
    first = reports[0]
    if len(reports) == 1:
        return first
    stats = first.stats._replace(
        files=sum(report.stats.files for report in reports),
        bytes=sum(report.stats.bytes for report in reports),
        units=sum(report.stats.units for report in reports),
        seconds=sum(report.stats.seconds for report in reports),
    )
    return first._replace(
        findings=[finding for report in reports for finding in report.findings],
        problems=list(dict.fromkeys(problem for report in reports for problem in report.problems)),
        stats=stats,
    )


def conclude(
    report: Report,
    targets: Sequence[Any],
    arguments: Namespace,
    *,
    rules: Sequence[Rule] = (),
    root: str = ".",
) -> int:
    """Judge and report; the exit code."""
    from .judge import judge

    verdict = judge(report.findings, arguments, root=root)
    if arguments.verify and verdict.findings:
        from .verifying import verified

        verdict = verdict._replace(findings=verified(verdict.findings, rules, explain=arguments.explain))
    from .present import present

    present(report, verdict, targets, arguments, rules)
    return exit_code(report, verdict, arguments)


def exit_code(report: Report, verdict: Verdict, arguments: Namespace) -> int:
    """1 for findings, 6 for something unscanned, else 0."""
    if verdict.findings and not arguments.exit_zero:
        return codes.FOUND
    return codes.INCOMPLETE if unaccepted(report.problems, arguments.accept) else codes.CLEAN


def unaccepted(problems: Sequence[Problem], accepted: Sequence[str]) -> list[Problem]:
    """The problems that left something unscanned, and that nobody said are fine."""
    return [problem for problem in problems if problem.fatal and problem.kind not in accepted]
