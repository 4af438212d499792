"""From the first words of the command line to the command that they name."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from .table import COMMANDS, GROUPS, TITLES
from .usage import Usage

if TYPE_CHECKING:
    from .command import Command

HEAD = """\
usage: wellkept COMMAND [ARGUMENTS]

Secrets, well kept: an encrypted, audited, versioned store, and the ways out of it.
"""

FOOT = """\
  wellkept COMMAND --help      arguments and examples of a command
  wellkept help TOPIC          names, store, exit-codes, environment
"""


def dispatch(words: list[str]) -> int:
    """Run the command that ``words`` begin with; its exit code. Raises ``Usage``."""
    if not words or words[0] in ("help", "-h", "--help"):
        return _help(words[1:])
    if words[0] in ("-V", "--version"):
        words = ["version", *words[1:]]
    name, rest = find(words)
    if name in GROUPED and name not in COMMANDS:
        if not rest or rest[0] in ("-h", "--help"):
            sys.stdout.write(overview(name))
            return 0 if rest else Usage.exit_code
        raise Usage(f"`wellkept {name}` is followed by {_listed(name)}; see `wellkept {name} --help`")
    return execute(name, rest)


def execute(name: str, words: list[str]) -> int:
    """Parse ``words`` for the command ``name`` and run it."""
    from .command import build

    command = load(name)
    try:
        arguments = build(name, command).parse(words)
    except SystemExit:
        return 0  # --help has printed itself; every error is a Usage
    return command.execute(arguments)


def load(name: str) -> Command:
    """The command called ``name``."""
    found: Command = import_module(f".{COMMANDS[name][0]}", __package__).COMMANDS[name]
    return found


def find(words: list[str]) -> tuple[str, list[str]]:
    """The command's full name (one word or two; or that of a group) and the words that follow it."""
    two = " ".join(words[:2])
    if two in COMMANDS:
        return two, words[2:]
    if words[0] == "policy" and any(":" in word for word in words[1:2]):
        return "policy for", words[1:]  # a settings class where a subcommand would stand
    if words[0] in COMMANDS or words[0] in GROUPED:
        return words[0], words[1:]
    from difflib import get_close_matches

    close = get_close_matches(words[0], [*COMMANDS, *GROUPED], 1)
    hint = f"; did you mean `wellkept {close[0]}`?" if close else "; see `wellkept help`"
    # Printed as it is only when it looks like a command: a pasted secret must not come back.
    shown = f" {words[0]!r}" if close else ""
    raise Usage(f"no such command{shown}{hint}")


def overview(group: str | None = None) -> str:
    """The table of commands: all of them, or those of ``audit`` or ``policy``."""
    lines = [f"usage: wellkept {group} {_listed(group)} [ARGUMENTS]\n" if group else HEAD]
    for title, commands in GROUPS.items():
        chosen = [name for name in commands if not group or name.startswith(group + " ")]
        if chosen:
            lines += [] if group else [f"{TITLES[title]}:"]
            lines += [f"  {name:<16} {commands[name][1]}" for name in chosen] + [""]
    return "\n".join(lines) + ("\n" + FOOT if not group else "")


def _help(words: list[str]) -> int:
    from .topics import TOPICS

    if not words:
        sys.stdout.write(overview())
    elif words[0] in TOPICS:
        sys.stdout.write(TOPICS[words[0]])
    elif words[0] in GROUPED and words[0] not in COMMANDS and " ".join(words[:2]) not in COMMANDS:
        sys.stdout.write(overview(words[0]))
    else:
        return execute(find(words)[0], ["--help"])
    return 0


def _listed(group: str) -> str:
    return "|".join(name.partition(" ")[2] for name in COMMANDS if name.startswith(group + " "))


GROUPED = {name.partition(" ")[0] for name in COMMANDS if " " in name}
"""First words of commands with two."""
