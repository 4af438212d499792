"""Key shares on their way in, and out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..command import natural
from ..output import say
from ..usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..command import Parser

_MOST = 255


def counts(parser: Parser, made: str, needed: str) -> None:
    """The options that say how many shares to make, and how many of them open the store; with their help."""
    for short, long, default, text in (
        ("-n", "key-shares", 5, made),
        ("-t", "key-threshold", 3, needed),
    ):
        parser.add_argument(
            short, f"-{long}", f"--{long}", metavar="N", type=natural, default=default, help=text
        )


def given(question: str) -> Iterator[str]:
    """One share after the other: the lines of stdin, or typed on the terminal."""
    if not sys.stdin.isatty():
        for number, line in enumerate(sys.stdin):
            if number >= _MOST:
                return
            if line.strip():
                yield line.strip()
        return
    from ..prompt import ask_hidden

    while True:
        yield ask_hidden(question, instead="give the key shares on stdin, one a line").strip()


def one(question: str) -> str:
    """A single share. Raises ``Usage`` when there is none."""
    for share in given(question):
        return share
    raise Usage("no key share was given: type it, or give it on stdin")


def show(answer: Mapping[str, Any], threshold: int) -> None:
    """New shares, for the only time."""
    keys = answer.get("keys_base64") or []
    for number, key in enumerate(keys, 1):
        say(f"Unseal Key {number}: {key}")
    if keys:
        say()
        say(
            f"These {len(keys)} shares are shown only now. Any {threshold} of them open the store; with fewer"
        )
        say("nobody can, ever. Give each to somebody else.")
