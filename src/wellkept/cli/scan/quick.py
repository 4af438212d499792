"""``scan staged`` without options, as every commit runs it: no parser, no report, where there is nothing to report.

Start-up is most of what it costs. Whatever is not the plain case (a finding, a problem) goes the long way.
"""

from __future__ import annotations

import sys

from . import codes


def main(*, quiet: bool = False) -> int:
    """The exit code of ``scan staged``. Raises what that raises."""
    import gc

    gc.disable()  # a tenth of a second of work, most of it imports
    from ...scanning.targets.git.staged import Staged

    target = Staged(in_hook=True)
    target.begin()
    from ...scanning.pipeline import Scanner

    scanner = Scanner()
    report = scanner.scan(target)
    if not report.findings and all(problem.kind == "empty" for problem in report.problems):
        if not quiet:
            sys.stdout.write(
                f"nothing found  {report.stats.files} staged files, {report.stats.seconds:.2f} s\n"
            )
        return codes.CLEAN
    gc.enable()
    from .guard import defaults
    from .perform import conclude, without_empty
    from .staged import MEND, mended

    arguments = defaults(quiet=quiet)
    return mended(conclude(without_empty(report, target), [target], arguments, rules=scanner.rules), MEND)
