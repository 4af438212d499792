"""Showing what came of a scan: the report where it was asked for, and on stderr whatever was not looked at."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from ..output import colourful, note

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from ...scanning.pipeline import Report
    from ...scanning.report.rows import Remark
    from ...scanning.rule import Rule
    from .judge import Verdict


def present(
    report: Report, verdict: Verdict, targets: Sequence[Any], arguments: Namespace, rules: Sequence[Rule] = ()
) -> None:
    """Raises ``OSError`` where the output file cannot be written."""
    from ...scanning.mask import MASK
    from ...scanning.report import render
    from ...scanning.report.rows import rows

    ended = time.time()
    shown = rows(
        verdict.findings,
        report.problems,
        _stats(report, targets),
        rules=rules,
        allowed=verdict.allowed,
        baselined=verdict.known,
        masked=verdict.dropped,
        started=ended - report.stats.seconds,
        ended=ended,
        reveal=arguments.show_secrets,
    )
    kind = arguments.format or "table"
    elsewhere = arguments.output not in (None, "-")
    options: dict[str, object] = {}
    if kind == "table" and not elsewhere:
        options = {"colour": colourful(), "width": _width()}
    text = render(kind, shown, **options)
    if elsewhere:
        _write(arguments.output, text)
    else:
        sys.stdout.write(text)
        sys.stdout.flush()
    if elsewhere or kind != "table" or not (sys.stdout.isatty() and sys.stderr.isatty()):
        say_problems(shown.problems)  # else the reader of the table has just seen them
    if (elsewhere or kind != "table") and not arguments.quiet:
        note(shown.summary)
    if verdict.findings:
        from . import last

        last.keep(shown._replace(rows=[row._replace(secret=MASK) for row in shown.rows]))
    if verdict.unsure and not arguments.quiet:
        note(f"{verdict.unsure} findings are below the asked confidence")


def say_problems(problems: Sequence[Remark]) -> None:
    """Each on stderr; their texts are harmless already."""
    for problem in problems:
        word = "not scanned" if problem.fatal else "note"
        note(f"{word}: {problem.subject}: {problem.message}")


def _stats(report: Report, targets: Sequence[Any]) -> dict[str, float]:
    stats = {key: value for key, value in report.stats._asdict().items() if isinstance(value, (int, float))}
    for target in targets:
        for name, number in getattr(target, "counts", {}).items():
            if name != "files":
                stats[name] = stats.get(name, 0) + number
    return stats


def _width() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 120


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
