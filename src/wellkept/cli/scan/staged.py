"""``scan staged``, ``scan pre-push`` and ``scan pre-receive``: the guards, as git's hooks call them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..command import Command
from ..output import note
from . import codes, options
from .perform import perform

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser

MEND = """\
how to mend it
  take it out:     edit the file, then git add it again; put the value where secrets belong: wellkept set NAME
  a false alarm:   end its line with the comment  wellkept:allow REASON  or add it to the baseline: wellkept scan baseline
  what it grants:  wellkept scan explain RULE
  knowing better:  git commit --no-verify"""

MEND_PUSH = """\
how to mend it
  it left nowhere yet: rewrite the commits that hold it (git rebase -i, or git reset --soft and commit again)
  it was public:       revoke it first; wellkept scan explain RULE says how
  a false alarm:       end its line with the comment  wellkept:allow REASON  or add it to the baseline"""


def configure_staged(parser: Parser) -> None:
    parser.add_argument(
        "repository", metavar="REPO", nargs="?", default=".", help="its directory (default: here)"
    )
    options.everything(parser)


def staged(arguments: Namespace) -> int:
    from ...scanning.targets.git.staged import Staged

    target = Staged(arguments.repository, in_hook=arguments.repository == ".")
    code = perform([target], arguments, jobs=1, may_be_empty=True, root=arguments.repository)
    return mended(code, MEND)


def configure_push(parser: Parser) -> None:
    parser.add_argument("remote", metavar="REMOTE", nargs="?", default="", help="as git names it to the hook")
    parser.add_argument("url", metavar="URL", nargs="?", default="", help="as well; not used")
    options.everything(parser)


def pre_push(arguments: Namespace) -> int:
    from ...scanning.targets.git.ranges import pre_push as target

    found = target(".", sys.stdin, arguments.remote)
    return mended(perform([found], arguments, jobs=1, may_be_empty=True), MEND_PUSH)


def pre_receive(arguments: Namespace) -> int:
    from ...scanning.targets.git.ranges import pre_receive as target

    return mended(perform([target(".", sys.stdin)], arguments, jobs=1, may_be_empty=True), MEND_PUSH)


def mended(code: int, how: str) -> int:
    """``code``; after findings ``how`` is said on stderr."""
    if code == codes.FOUND:
        for line in how.splitlines():
            note(line)
    return code


COMMANDS = {
    "scan staged": Command(
        usage="[REPO] [OPTIONS]",
        text="""\
Look for secrets in what is about to be committed: the staged content of added and changed files,
without what their last commit holds already. Made for a pre-commit hook. Exit codes as for `scan`.""",
        examples="wellkept scan staged\nwellkept scan staged --min-confidence medium",
        configure=configure_staged,
        execute=staged,
    ),
    "scan pre-push": Command(
        usage="[REMOTE [URL]] [OPTIONS] < REFS",
        text="""\
Look for secrets in the commits that are about to be pushed. Run by git as its pre-push hook, which
names them on standard input. Exit codes as for `scan`.""",
        examples='wellkept scan install-hook --pre-push\nexec wellkept scan pre-push "$@"',
        configure=configure_push,
        execute=pre_push,
    ),
    "scan pre-receive": Command(
        usage="[OPTIONS] < REFS",
        text="""\
Look for secrets in the commits that a server is about to accept. Run by git as the pre-receive hook
of a bare repository, which names them on standard input. Exit codes as for `scan`.""",
        examples="wellkept scan install-hook --pre-receive\nexec wellkept scan pre-receive",
        configure=options.everything,
        execute=pre_receive,
    ),
}
