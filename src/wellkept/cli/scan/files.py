"""``scan [PATH...]``: files and folders; ``scan -`` and ``scan stdin``: what comes through a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..command import Command
from ..usage import Usage
from . import options
from .perform import perform

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from ..command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="*", help="files and folders, or - for standard input")
    parser.add_argument("--gitignore", action="store_true", help="leave out what git ignores")
    parser.add_argument(
        "--redact", action="store_true", help="copy standard input to standard output without its secrets"
    )
    options.everything(parser)


def execute(arguments: Namespace) -> int:
    if arguments.redact:
        from .redact import redact

        return redact(arguments)
    if arguments.paths == ["-"]:
        return stdin(arguments)
    if "-" in arguments.paths:
        raise Usage("- stands alone: standard input and files are scanned one at a time")
    from ...scanning.targets.paths import PathsTarget

    paths = arguments.paths or ["."]
    skip = _ignored(paths) if arguments.gitignore else None
    return perform([PathsTarget(paths, skip=skip)], arguments)


def configure_stdin(parser: Parser) -> None:
    parser.add_argument("--name", metavar="NAME", default="<stdin>", help="what findings call it")
    options.everything(parser)


def stdin(arguments: Namespace) -> int:
    from ...scanning.targets.stdin import StreamTarget

    target = StreamTarget(sys.stdin.buffer, getattr(arguments, "name", "<stdin>"))
    return perform([target], arguments, jobs=1)


def _ignored(paths: list[str]) -> Callable[[str, bool], bool]:
    from ...scanning.targets.git.ignored import Ignored

    return Ignored(paths)


COMMANDS = {
    "scan": Command(
        usage="[PATH ...] [OPTIONS]",
        text="""\
Look for secrets in files and folders: every file, hidden or not, archives and encodings opened. A
folder whose name is a word of ours is written ./git. Found secrets are masked in every output.

exit codes: 0 nothing found and everything looked at; 1 something was found; 6 nothing found, but
something could not be looked at, which is said on stderr; 2 wrong usage; 78 configuration""",
        examples="""\
wellkept scan
wellkept scan src config.tar.gz --format sarif --output report.sarif
wellkept scan --store .wellkept --min-confidence high .
docker logs app 2>&1 | wellkept scan -
docker logs -f app 2>&1 | wellkept scan --redact""",
        configure=configure,
        execute=execute,
    ),
    "scan stdin": Command(
        usage="[OPTIONS]",
        text="Look for secrets in what comes on standard input, whatever its length. Exit codes as for `scan`.",
        examples="kubectl logs deploy/web | wellkept scan stdin --name web.log",
        configure=configure_stdin,
        execute=stdin,
    ),
}
