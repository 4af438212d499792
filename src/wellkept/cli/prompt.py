"""Asking a person: on the terminal itself, whatever stdin and stdout are connected to, and without echo."""

from __future__ import annotations

import os
import sys

from .usage import Usage

MIN_PASSPHRASE = 8
"""Characters."""

_LARGEST = 64 * 1024


def has_terminal() -> bool:
    """Whether there is a person to ask."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def ask_hidden(
    question: str, *, again: bool = False, instead: str = "give it on stdin or with --file"
) -> str:
    """A line typed without echo; ``again``: twice, and both must agree.

    Raises ``Usage`` where there is no terminal (``instead`` says what to do then), and when they differ.
    """
    if not has_terminal():
        raise Usage(f"no terminal to ask on; {instead}")
    from getpass import getpass

    typed = getpass(f"{question}: ")
    if again and getpass(f"{question} again: ") != typed:
        raise Usage("the two did not agree; nothing was changed")
    return typed


def chosen_passphrase(file: str | None, question: str, *, environment: bool) -> str:
    """A new passphrase: the first line of ``file`` (``-``: stdin), else what the environment gives where ``environment``
    allows it, else typed twice. Raises ``Usage`` when it is too short or there is nobody to ask."""
    from ..core.unlock import passphrase_given

    if file is not None:
        from . import files

        given: str | bytes | None = files.read(file, _LARGEST).split(b"\n", 1)[0].removesuffix(b"\r")
    else:
        given = passphrase_given() if environment else None
    if given is None:
        given = ask_hidden(question, again=True, instead="name a file with --passphrase-file ('-' for stdin)")
    return check_passphrase(given if isinstance(given, str) else given.decode("utf-8", "surrogateescape"))


def check_passphrase(chosen: str) -> str:
    """``chosen`` itself. Raises ``Usage`` when it is too short to withstand guessing, whatever the hash costs."""
    if len(chosen) < MIN_PASSPHRASE:
        raise Usage(
            f"a passphrase needs {MIN_PASSPHRASE} characters or more; four random words are a good one"
        )
    return chosen


def confirm(question: str, *, yes: bool) -> bool:
    """Whether the person agrees. ``yes`` (from ``--yes``) answers for them. Raises ``Usage`` without a terminal."""
    if yes:
        return True
    if not has_terminal():
        raise Usage("no terminal to ask for confirmation on; add --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    with open("/dev/tty", encoding="utf-8", errors="replace") as terminal:
        return terminal.readline().strip().lower() in ("y", "yes")
