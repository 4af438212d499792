"""``scan git``: a repository's history, or its working tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..command import Command
from ..usage import Usage
from . import options
from .perform import perform

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument(
        "repository", metavar="REPO", nargs="?", default=".", help="its directory (default: here)"
    )
    parser.add_argument("--range", metavar="A..B", help="only the commits of B that A has not")
    parser.add_argument("--dangling", action="store_true", help="also what no branch, tag or stash reaches")
    parser.add_argument(
        "--incremental",
        action="store_true",
        help="only what is new since the last clean scan with this option",
    )
    parser.add_argument(
        "--worktree", action="store_true", help="the files that git would commit, not the history"
    )
    options.everything(parser)


def execute(arguments: Namespace) -> int:
    from ...scanning.targets.git.history import GitHistory

    if arguments.worktree:
        from ...scanning.targets.git.worktree import WorkTree

        return perform([WorkTree(arguments.repository)], arguments, root=arguments.repository)
    jobs = arguments.jobs or os.cpu_count() or 1
    if arguments.range:
        tips, known = _range(arguments)
        target = GitHistory(arguments.repository, tips=tips, known=known, jobs=jobs)
    elif arguments.incremental:
        return _incremental(arguments, jobs)
    else:
        target = GitHistory(arguments.repository, dangling=arguments.dangling, jobs=jobs)
    return perform([target], arguments, root=arguments.repository)


def _range(arguments: Namespace) -> tuple[list[str], list[str]]:
    from ...scanning.targets.git.repository import Repository

    old, dots, new = arguments.range.partition("..")
    if not dots or arguments.dangling or arguments.incremental:
        raise Usage("--range is written A..B, and stands without --dangling and --incremental")
    found = Repository(arguments.repository, arguments.repository)
    ends = []
    for end in (new or "HEAD", old):
        name = (
            found.ask("rev-parse", "--verify", "--quiet", "--end-of-options", end + "^{commit}")
            if end
            else ""
        )
        if end and not name:
            from ...errors import InvalidRequest

            raise InvalidRequest("--range names a commit that is not in this repository")
        ends.append([name] if name else [])
    return ends[0], ends[1]


def _incremental(arguments: Namespace, jobs: int) -> int:
    from ...scanning.targets.git import position
    from ...scanning.targets.git.history import GitHistory
    from ..output import note
    from . import codes

    if arguments.dangling:
        raise Usage("--incremental stands without --dangling")
    place = position.place(arguments.repository, _asked(arguments))
    known = position.load(place, arguments.repository) if place else []
    target = GitHistory(arguments.repository, known=known, jobs=jobs, may_be_empty=bool(known))
    code = perform([target], arguments, root=arguments.repository, may_be_empty=bool(known))
    if known and not arguments.quiet:
        note("only what is new since the last clean scan was looked at; without --incremental everything is")
    if place and code == codes.CLEAN and not arguments.exit_zero:
        position.save(place, arguments.repository)
    return code


def _asked(arguments: Namespace) -> dict[str, Any]:
    """What a position depends on: a scan that looks for more starts over."""
    names = ("config", "known", "store", "max_size", "depth", "no_archives", "min_confidence", "accept")
    return {name: getattr(arguments, name) for name in names}


COMMANDS = {
    "scan git": Command(
        usage="[REPO] [OPTIONS]",
        text="""\
Look for secrets in the whole history of a repository: every version of every file that any branch,
tag or stash reaches, and commit messages. Each finding names the commit that added it, its author
and date, and whether HEAD still holds it. Nothing that the repository configures is ever run.
A repository without commits, and a shallow or partial clone, end with 6. Exit codes as for `scan`.""",
        examples="""\
wellkept scan git
wellkept scan git ../shop --format json --output history.json
wellkept scan git --range origin/main..HEAD
wellkept scan git --incremental --baseline .wellkept-baseline
wellkept scan git --accept shallow""",
        configure=configure,
        execute=execute,
    ),
}
