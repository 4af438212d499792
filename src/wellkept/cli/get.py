"""``get``: print a secret, or put it in a file of mode 0600."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..errors import InvalidRequest
from . import describe, files
from .command import Command, at_store, natural
from .context import context
from .output import say_json
from .usage import Usage

if TYPE_CHECKING:
    from argparse import Namespace

    from ..core.model import Version
    from ..secret import Secret
    from .command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which secret; NAME#FIELD is one field of a JSON object")
    parser.add_argument("--field", metavar="FIELD", help="one field of a JSON object")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--version", metavar="N", type=natural, help="this version (default: the current one)")
    which.add_argument("--stage", metavar="LABEL", help="the version with this label, e.g. previous")
    parser.add_argument(
        "--raw", action="store_true", help="the exact bytes: no line end added, binary even to a terminal"
    )
    parser.add_argument("--out", metavar="FILE", help="write to FILE with mode 0600")
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    at_store(parser, server=True)


def execute(arguments: Namespace) -> int:
    place = context(arguments)
    named = place.field(arguments.name)
    field = named.field if named.field is not None else arguments.field
    if named.field is not None and arguments.field is not None:
        raise Usage("say the field once: NAME#FIELD or --field")
    with place.open() as store:
        found = store.read(named.name, version=arguments.version, stage=arguments.stage)
    secret = found.secret if field is None else found.secret.field(field)
    if arguments.json:
        _say_json(named.name, field, found, secret)
    else:
        _print(secret, arguments)
    return 0


def _print(secret: Secret, arguments: Namespace) -> None:
    content = secret.reveal_bytes()
    if arguments.out is None and not arguments.raw:
        if secret.is_binary and sys.stdout.isatty():
            raise InvalidRequest(
                f"{secret.name}: binary, which a terminal cannot show; use --out FILE or --raw"
            )
        if not secret.is_binary and not content.endswith(b"\n"):
            content += b"\n"
    files.emit(content, arguments.out, force=arguments.force)


def _say_json(name: str, field: str | None, found: Version, secret: Secret) -> None:
    data = {"name": name, **({} if field is None else {"field": field}), **describe.version(found.info)}
    if secret.is_binary:
        from base64 import b64encode

        data["value_base64"] = b64encode(secret.reveal_bytes()).decode("ascii")
    else:
        data["value"] = secret.reveal()
    say_json(data)


COMMANDS = {
    "get": Command(
        usage="NAME [--field FIELD] [--version N | --stage LABEL] [--raw] [--out FILE]",
        text="""\
Print a secret on stdout, followed by a line end if it has none. Binary values are not printed
on a terminal. The read is recorded in the audit log.""",
        examples="""\
wellkept get DATABASE_URL
wellkept get prod/billing/database#password
wellkept get DATABASE_URL --stage previous
wellkept get TLS_KEY --out key.pem
wellkept get DATABASE_URL --json""",
        configure=configure,
        execute=execute,
    )
}
