"""``scan baseline``: what is there today is known, and only what comes is reported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..command import Command
from ..output import note, say, say_json
from . import codes, options
from .perform import prepared, unaccepted

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser

DEFAULT = ".wellkept-baseline"


def configure(parser: Parser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="*", help="files and folders (default: here)")
    parser.add_argument(
        "--git", metavar="REPO", nargs="?", const=".", help="the history of a repository instead"
    )
    parser.add_argument(
        "--file", metavar="PATH", default=DEFAULT, help=f"the baseline (default: {DEFAULT}, a folder)"
    )
    parser.add_argument("--drop", action="store_true", help="also drop entries that nothing was found for")
    parser.add_argument("--accept", metavar="KIND", action="append", default=[], help="as for scan")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options.looking(parser)


def execute(arguments: Namespace) -> int:
    """Raises ``ConfigError`` for a baseline that cannot be read or written."""
    from ...scanning.baseline import Baseline
    from ...scanning.dedupe import dedupe
    from ...scanning.fingerprint import Fingerprinter
    from ...scanning.report.rows import rows
    from .present import say_problems

    scanner = prepared(arguments)
    report = scanner.scan(_target(arguments))
    found = dedupe(Fingerprinter.from_environment().stamp(report.findings))
    say_problems(rows(found, report.problems).problems)
    unseen = unaccepted(report.problems, arguments.accept)
    baseline = Baseline.load(arguments.file)
    # What was not looked at may still be there: its entries stay.
    added, removed = baseline.write(found, drop=arguments.drop and not unseen)
    shown = os.path.basename(os.path.normpath(arguments.file))
    if arguments.json:
        say_json({"baseline": arguments.file, "added": added, "removed": removed, "entries": len(baseline)})
    else:
        say(f"{shown}: {added} added, {removed} removed, {len(baseline)} in all")
    if unseen:
        note(
            "not everything could be looked at, so nothing was dropped"
            if arguments.drop
            else "not everything could be looked at"
        )
    return codes.INCOMPLETE if unseen else codes.CLEAN


def _target(arguments: Namespace) -> Any:
    if arguments.git:
        from ...scanning.targets.git.history import GitHistory

        return GitHistory(arguments.git, jobs=arguments.jobs or os.cpu_count() or 1)
    from ...scanning.targets.paths import PathsTarget

    return PathsTarget(arguments.paths or ["."])


COMMANDS = {
    "scan baseline": Command(
        usage="[PATH ...] [--git [REPO]] [--file PATH] [--drop] [OPTIONS]",
        text="""\
Write down what is found today, as digests of rule and value, so that later scans report only what is
new. The baseline is a folder with one small file a finding: it merges without conflicts. `scan`
reads .wellkept-baseline where it lies here, or the one that --baseline names.""",
        examples="wellkept scan baseline\nwellkept scan baseline --git . --drop\nwellkept scan --baseline .wellkept-baseline",
        configure=configure,
        execute=execute,
    )
}
