"""The help of ``run``. Its options are parsed in ``run``, by hand; here the same table becomes text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Command
from .run import FLAGS, LISTS, SHORT, VALUED, main

if TYPE_CHECKING:
    from argparse import Namespace

    from .command import Parser


def configure(parser: Parser) -> None:
    short = {long: letter for letter, long in SHORT.items()}
    for name, text in FLAGS.items():
        parser.add_argument(*filter(None, (short.get(name), name)), action="store_true", help=text)
    for name, (metavar, text) in VALUED.items():
        parser.add_argument(*filter(None, (short.get(name), name)), metavar=metavar, help=text)
    for name, (metavar, text) in LISTS.items():
        parser.add_argument(name, metavar=metavar, nargs="+", help=text)


def execute(arguments: Namespace) -> int:
    """Never reached by the command line, which gives ``run`` its own way; here for whoever looks it up."""
    return main([])


COMMANDS = {
    "run": Command(
        usage="[OPTIONS] -- COMMAND [ARGUMENTS]",
        text="""\
Run a command with the secrets of an environment in its environment variables: the name as it is
where it can be a variable, else in upper case with _ (database/password: DATABASE_PASSWORD).
This process becomes the command. With --watch, --redact and --files it stays beside it, passes
on signals, and ends with its exit code.""",
        examples="""\
wellkept run -- python app.py
wellkept run --env prod --only DATABASE_URL API_KEY -- ./server
wellkept run --watch --redact -- uvicorn app:app
wellkept run --watch --signal HUP --files -- nginx -g 'daemon off;'""",
        configure=configure,
        execute=execute,
    )
}
