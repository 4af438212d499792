"""``scan install-hook``: git's hooks, which are a line of shell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...errors import ConfigError
from .. import hook
from ..command import Command
from ..output import say, say_json

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument(
        "repository", metavar="REPO", nargs="?", default=".", help="its directory (default: here)"
    )
    parser.add_argument("--pre-commit", action="store_true", help="look at what is committed (the default)")
    parser.add_argument("--pre-push", action="store_true", help="look at what is pushed")
    parser.add_argument("--pre-receive", action="store_true", help="on a server: look at what is received")
    parser.add_argument("--json", action="store_true", help="print JSON")


def install(arguments: Namespace) -> int:
    directory = hook.repository(arguments.repository) or hook.bare(arguments.repository)
    if directory is None:
        raise ConfigError("not inside a git repository; run `git init` first")
    wanted = [name for name in hook.HOOKS if getattr(arguments, name.replace("-", "_"))] or ["pre-commit"]
    paths = [os.path.normpath(hook.install(directory, name)) for name in wanted]
    if arguments.json:
        say_json({"hooks": paths})
    else:
        for path in paths:
            say(f"installed {path}")
    return 0


COMMANDS = {
    "scan install-hook": Command(
        usage="[REPO] [--pre-commit] [--pre-push] [--pre-receive]",
        text="Install git hooks that refuse secrets. Another hook that is there is left alone.",
        examples="wellkept scan install-hook\nwellkept scan install-hook --pre-commit --pre-push\nwellkept scan install-hook /srv/git/shop.git --pre-receive",
        configure=configure,
        execute=install,
    )
}
