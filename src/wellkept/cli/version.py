"""``version``: what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Command
from .output import say, say_json

if TYPE_CHECKING:
    from argparse import Namespace

    from .command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print JSON, with the versions of Python and OpenSSL"
    )


def execute(arguments: Namespace) -> int:
    from .._version import __version__

    if arguments.json:
        import platform

        from cryptography.hazmat.backends.openssl import backend

        openssl = backend.openssl_version_text()
        say_json({"version": __version__, "python": platform.python_version(), "openssl": openssl})
    else:
        say(f"wellkept {__version__}")
    return 0


COMMANDS = {
    "version": Command(
        usage="[--json]",
        text="Print the version.",
        examples="wellkept version\nwellkept version --json",
        configure=configure,
        execute=execute,
    )
}
