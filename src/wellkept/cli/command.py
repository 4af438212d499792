"""``Command``: what a command's file offers, and the parser made from it.

``argparse`` does the parsing; what it prints is ours, so that it is the same under every Python: the usage
line is written by hand, and an argument too many is refused without being repeated, because it may well be a
secret that somebody typed where no secret belongs.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH = 100
"""Columns of help, or fewer on a narrower terminal."""


class Command(NamedTuple):
    """One command.

    ``usage`` is what follows its name, ``text`` says what it does, ``examples`` are lines to copy.
    ``configure`` adds arguments to the parser; ``execute`` does the work and returns the exit code.
    """

    usage: str
    text: str
    examples: str
    configure: Callable[[Parser], None]
    execute: Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """A parser that raises ``Usage`` and leaves exiting to ``main``."""

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments of ``words``. Raises ``Usage``."""
        namespace, extra = self.parse_known_args(list(words))
        if extra:
            options = [word.partition("=")[0] for word in extra if word.startswith("--")]
            self.error(f"unknown option {options[0]}" if options else "too many arguments")
        return namespace

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            raise argparse.ArgumentError(action, f"choose from {', '.join(map(str, action.choices))}")

    def error(self, message: str) -> NoReturn:
        raise Usage(f"{message}; see `{self.prog} --help`")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """``-o, --option VALUE`` in every version of Python, and a width that a test can rely on."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, max_help_position=30, width=_width())

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        names = ", ".join(action.option_strings)
        if action.nargs == 0:
            return names
        return f"{names} {self._format_args(action, (action.dest or '').upper())}"


def build(name: str, command: Command) -> Parser:
    """The parser of the command called ``name``."""
    parser = Parser(
        prog=f"wellkept {name}",
        usage=f"wellkept {name} {command.usage}".rstrip(),
        description=command.text,
        epilog=f"examples:\n{_indent(command.examples)}",
        formatter_class=Formatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.__dict__["color"] = False  # Python 3.14 would colour it in its own way
    command.configure(parser)
    general = parser.add_argument_group("general")
    general.add_argument("-h", "--help", action="help", help="show this help")
    return parser


def at_store(parser: Parser, *, env: bool = True, json: bool = True, server: bool = False) -> None:
    """The options of every command that works on a store; ``server``: on one behind a server as well."""
    parser.add_argument(
        "--store", metavar="PATH", help="the store's directory (default: see `wellkept help store`)"
    )
    if server:
        parser.add_argument(
            "--server", metavar="URL", help="work on this server's KV engine instead of a local store"
        )
    if env:
        parser.add_argument("-e", "--env", metavar="ENV", help="the environment that short names belong to")
    if json:
        parser.add_argument("--json", action="store_true", help="print JSON")


def natural(text: str) -> int:
    """An argument that counts something: 1 or more."""
    if text.isascii() and text.isdigit() and int(text[:12]) > 0:
        return int(text[:12])
    raise argparse.ArgumentTypeError("expected a number, 1 or more")


def number(text: str) -> int:
    """An argument that is a number: 0 or more."""
    if text.isascii() and text.isdigit():
        return int(text[:12])
    raise argparse.ArgumentTypeError("expected a number")


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines())


def _width() -> int:
    try:
        columns = int(os.environ.get("COLUMNS", "")) or WIDTH
    except ValueError:
        try:
            columns = os.get_terminal_size().columns
        except OSError:
            columns = WIDTH
    return max(60, min(columns, WIDTH))
