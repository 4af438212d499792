"""What the pre-commit hook asks of the scanner, after its own look at names and at the store's values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def refused() -> int:
    """The exit code of ``scan staged`` with its defaults, and its report on stderr; silent where all is well."""
    import io
    import sys

    from .quick import main

    out, sys.stdout = sys.stdout, io.StringIO()
    try:
        code = main(quiet=True)
        text = sys.stdout.getvalue()
    finally:
        sys.stdout = out
    if code:
        sys.stderr.write(text)
    return code


def defaults(*, quiet: bool = False) -> Namespace:
    """The options of ``scan staged`` as if none had been given."""
    from ..command import build
    from .staged import COMMANDS

    return build("scan staged", COMMANDS["scan staged"]).parse(["--quiet"] if quiet else [])
