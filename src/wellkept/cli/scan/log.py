"""``scan log``: log files, once or for as long as they grow."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from ..command import Command
from ..output import note
from . import codes, options
from .perform import exit_code, perform, prepared

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from ...scanning.finding import Finding
    from ...scanning.pipeline import Scanner
    from ...scanning.targets.log import Lines
    from ..command import Parser

EVERY = 0.5
"""Seconds between two looks at a growing log."""


def configure(parser: Parser) -> None:
    parser.add_argument("paths", metavar="FILE", nargs="+", help="logs, also rotated and compressed ones")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on with what is added, through rotation, until Ctrl-C"
    )
    options.everything(parser)


def execute(arguments: Namespace) -> int:
    if arguments.follow:
        return _follow(arguments)
    from ...scanning.targets.paths import PathsTarget

    return perform([PathsTarget(arguments.paths)], arguments)


def _follow(arguments: Namespace) -> int:
    from ...scanning.problem import Problem
    from ...scanning.targets.log import Follower, follow

    scanner = prepared(arguments, jobs=1)
    followers = [Follower(path) for path in arguments.paths]
    code = codes.CLEAN
    try:
        for follower, found in follow(followers, _pause()):
            if isinstance(found, Problem):
                note(f"not scanned: {found.subject!r}: {found.message}")
                code = code or codes.INCOMPLETE
            else:
                code = max(code, _look(scanner, follower.path, found, arguments), key=_weight)
    except KeyboardInterrupt:
        return code
    finally:
        for follower in followers:
            follower.close()
    return code


def _look(scanner: Scanner, path: str, lines: Lines, arguments: Namespace) -> int:
    from ...scanning.location import Location
    from ...scanning.targets import Item
    from ...scanning.targets.single import Single

    target = Single(Item(Location(path=path), data=lines.data, unpack=False))
    report = scanner.scan(target)
    report = report._replace(findings=list(_new(report.findings, lines)))
    if not report.findings and not report.problems:
        return codes.CLEAN
    from .judge import judge
    from .present import present

    verdict = judge(report.findings, arguments)
    if verdict.findings or report.problems:
        present(report, verdict, [target], arguments, scanner.rules)
        sys.stdout.flush()
    return exit_code(report, verdict, arguments)


def _new(findings: list[Finding], lines: Lines) -> Iterator[Finding]:
    """Those that do not lie whole in what was seen before, numbered as in the log."""
    for finding in findings:
        where = finding.location
        end = where.offset + len(finding.secret.reveal_bytes())
        if where.decoded or end > lines.seen:
            yield finding._replace(
                location=where._replace(
                    line=where.line + lines.line - 1,
                    end_line=where.end_line + lines.line - 1,
                    offset=where.offset + lines.offset,
                )
            )


def _pause() -> _Pause:
    return _Pause()


class _Pause:
    """Waits between looks, except before the first; never says that it is over."""

    def __init__(self) -> None:
        self._first = True

    def __call__(self) -> bool:
        if not self._first:
            time.sleep(EVERY)
        self._first = False
        return True


def _weight(code: int) -> int:
    return (codes.CLEAN, codes.INCOMPLETE, codes.FOUND).index(code)


COMMANDS = {
    "scan log": Command(
        usage="FILE ... [--follow] [OPTIONS]",
        text="""\
Look for secrets in log files. With --follow it goes on with whatever is added, through rotation and
truncation, and reports as it finds; Ctrl-C ends it. Exit codes as for `scan`.""",
        examples="wellkept scan log /var/log/app/*.log*\nwellkept scan log --follow --format github app.log",
        configure=configure,
        execute=execute,
    )
}
