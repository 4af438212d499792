"""``run``: a command with the secrets of an environment. Everything on this path is counted in milliseconds.

Without ``--watch``, ``--redact`` and ``--files`` this process becomes the command (``execve``): no parent
stays behind that could be asked for a secret, lose a signal or cost memory. So options are read by hand here
(``argparse`` costs more than opening the store) from the table that the help is made of as well.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..secret import Secret
    from .context import Place

FLAGS = {
    "--watch": "stay, and start the command again when a secret changes",
    "--redact": "stay, and blank out known secrets in what the command prints",
    "--files": "hand the secrets over as files in memory ($WELLKEPT_SECRETS_DIR), not in the environment",
    "--no-override": "variables that are set already win over secrets",
}
VALUED = {
    "--env": ("ENV", "the environment (default: $WELLKEPT_ENV, default_env, dev)"),
    "--store": ("PATH", "the store's directory (default: see `wellkept help store`)"),
    "--signal": ("NAME", "with --watch: send this signal (HUP, USR1, ...) instead of starting again"),
    "--interval": (
        "SECONDS",
        "with --watch and --redact: how often to look for changes (default 1; 30 elsewhere than here)",
    ),
    "--grace": (
        "SECONDS",
        "with --watch: how long the command may take to end before it is killed (default 10)",
    ),
    "--files-in": ("DIR", "as --files, below DIR, which may be on a disk"),
}
LISTS = {"--only": ("NAME", "these secrets, and no others; NAME#FIELD for a field; up to the next option")}
SHORT = {"-e": "--env", "-w": "--watch", "-r": "--redact"}

NEEDS = {"--signal": ("--watch",), "--grace": ("--watch",), "--interval": ("--watch", "--redact")}
"""Options that mean nothing without one of these."""

PRIVATE = ("WELLKEPT_PASSPHRASE", "WELLKEPT_PASSPHRASE_FILE", "WELLKEPT_KEY_FILE")
"""What opens the store is not the command's business, and is not passed on."""

NOT_EXECUTABLE = 126
NOT_FOUND = 127
"""Exit codes when the command cannot be started, as shells have them."""


class Options:
    """What stands before the command. ``flags`` and ``values`` by their long names; ``only``; ``command``."""

    __slots__ = ("command", "flags", "only", "values")

    def __init__(self) -> None:
        self.flags: set[str] = set()
        self.values: dict[str, str] = {}
        self.only: list[str] = []
        self.command: list[str] = []


def main(words: Sequence[str]) -> int:
    """Run the command; returns only when it could not replace this process, or had to stay beside it."""
    options = parse(words)
    if "--help" in options.flags:
        from .dispatch import execute

        return execute("run", ["--help"])
    if not options.command:
        raise Usage("no command; write it after `--`, as in: wellkept run -- python app.py")
    for name, (needs, *others) in NEEDS.items():
        if name in options.values and not options.flags & {needs, *others}:
            raise Usage(f"{name} belongs to {needs}")
    place = _place(options)
    if options.flags & {"--watch", "--redact", "--files"} or "--files-in" in options.values:
        from .stay import stay

        return stay(options, place)
    from .values import select

    # Named, so that it lives until `exec`: closing the store here would cost a checkpoint, which is two syncs
    # of the disk. What is in its log is durable all the same, and the next one who opens it finds it there.
    source = place.source()
    secrets = select(source, options.only)
    environment = build_environment(secrets, override="--no-override" not in options.flags)
    sys.stdout.flush()
    _restore_signals()
    try:
        os.execvpe(options.command[0], options.command, environment)  # noqa: S606 - that is what `run` is for
    except OSError as error:
        failure = error
    return cannot_start(failure, options.command[0], secrets)


def parse(words: Sequence[str]) -> Options:
    """The options before the command, which begins after ``--`` or at the first word that is none of theirs."""
    options = Options()
    position = 0
    while position < len(words):
        word = words[position]
        if word == "--" or not word.startswith("-") or word == "-":
            options.command = list(words[position + (word == "--") :])
            break
        position += 1
        word = SHORT.get(word, word)
        if word in ("-h", "--help"):
            options.flags.add("--help")
            break
        name, equals, value = word.partition("=")
        if word in FLAGS:
            options.flags.add(word)
        elif name in LISTS:
            start = position
            while position < len(words) and not equals and not words[position].startswith("-"):
                position += 1
            options.only += [value] if equals else words[start:position]
            if not equals and start == position:
                raise Usage(f"{name} is followed by names")
        elif name in VALUED:
            if not equals:
                if position == len(words):
                    raise Usage(f"{name} needs a value; see `wellkept run --help`")
                value = words[position]
                position += 1
            options.values[name] = value
        else:
            raise Usage(f"unknown option {name}; see `wellkept run --help`")
    return options


def build_environment(secrets: dict[str, Secret], *, override: bool = True) -> dict[str, str]:
    """Our environment without what opens the store, and with the secrets as variables.

    Raises ``ConfigError`` for values that no variable can hold.
    """
    from .variables import by_variable

    environment = {name: value for name, value in os.environ.items() if name not in PRIVATE}
    for name, secret in by_variable(secrets).items():
        if (override or name not in environment) and name not in PRIVATE:
            value = os.fsdecode(secret.reveal_bytes())
            if "\0" in value:
                raise ConfigError(
                    f"{secret.name!r} holds a NUL, which no variable can; use --files, or choose with --only"
                )
            environment[name] = value
    return environment


def cannot_start(error: OSError, command: str, secrets: dict[str, Secret]) -> int:
    """Say why the command could not be started; the exit code."""
    import errno

    if error.errno == errno.E2BIG:
        size = sum(len(secret.reveal_bytes()) for secret in secrets.values())
        text = f"{size} bytes of secrets are too many for an environment; use --files, or choose with --only"
    else:
        text = f"{command}: {error.strerror}"
    sys.stderr.write(f"wellkept: {text}\n")
    return NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE


def _place(options: Options) -> Place:
    from .context import Place

    return Place(store=options.values.get("--store"), env=options.values.get("--env"))


def _restore_signals() -> None:
    """Python ignores these; an ignored signal would stay ignored in the command."""
    import _signal  # type: ignore[import-not-found]  # the `signal` module costs milliseconds

    for name in ("SIGPIPE", "SIGXFSZ", "SIGXFZ"):
        if hasattr(_signal, name):
            _signal.signal(getattr(_signal, name), _signal.SIG_DFL)
