"""``read``, ``write``, ``patch``: any path of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import NotFound
from ..command import Command
from . import pairs, show
from .connection import at_server, connect

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser


def _configure(parser: Parser) -> None:
    parser.add_argument("path", metavar="PATH", help="of the API, without /v1/, e.g. secret/data/prod/app")
    parser.add_argument(
        "data", metavar="KEY=VALUE", nargs="*", help="parameters; see below for files and stdin"
    )
    parser.add_argument("--field", metavar="FIELD", help="print this field alone")
    parser.add_argument("-f", "--force", action="store_true", help="write although there are no parameters")
    at_server(parser, wrap=True)


def read(arguments: Namespace) -> int:
    query = {key: str(value) for key, value in pairs.read(arguments.data).items()}
    with connect(arguments) as server:
        given = server.call("GET", arguments.path, query=query, wrap_ttl=arguments.wrap_ttl)
    if not given:
        raise NotFound(f"{arguments.path}: nothing is there")
    return show.answer(given, arguments)


def write(arguments: Namespace) -> int:
    return _send("PUT", arguments)


def patch(arguments: Namespace) -> int:
    return _send("PATCH", arguments)


def _send(method: str, arguments: Namespace) -> int:
    from ..usage import Usage

    body = pairs.read(arguments.data)
    if not body and not arguments.force:
        raise Usage("nothing to write: give KEY=VALUE, or --force when the path wants no parameters")
    with connect(arguments) as server:
        given = server.call(method, arguments.path, body, wrap_ttl=arguments.wrap_ttl)
    return show.answer(given, arguments)


_DATA = """\
KEY=@FILE takes the content of FILE, KEY=- that of stdin, @FILE and - a whole JSON object: so that
no secret stands in the shell's history or the process list."""

COMMANDS = {
    "read": Command(
        usage="PATH [KEY=VALUE ...] [--field FIELD] [--wrap-ttl TIME]",
        text="Read a path of a server's API (ours, OpenBao's, Vault's).",
        examples="""\
wellkept read secret/data/prod/app version=2
wellkept read auth/token/lookup-self --field ttl
wellkept read sys/mounts --json""",
        configure=_configure,
        execute=read,
    ),
    "write": Command(
        usage="PATH [KEY=VALUE ...] [--field FIELD] [--wrap-ttl TIME]",
        text="Write to a path of a server's API.\n" + _DATA,
        examples="""\
wellkept write auth/approle/role/web token_policies=web token_ttl=20m
wellkept write secret/data/prod/app @app.json
wellkept write --force transit/keys/orders
wellkept write auth/approle/role/web/secret-id --force --wrap-ttl 2m""",
        configure=_configure,
        execute=write,
    ),
    "patch": Command(
        usage="PATH KEY=VALUE ...",
        text="Change part of what is at a path (a JSON merge patch).\n" + _DATA,
        examples="wellkept patch secret/data/prod/app @changes.json",
        configure=_configure,
        execute=patch,
    ),
}
