"""``policy``: who may do what, as JSON documents kept in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..formats.jsonfile import read_object
from . import files
from .command import Command, at_store
from .context import context
from .output import clean, say, say_json

if TYPE_CHECKING:
    from argparse import Namespace

    from .command import Parser

MAX_POLICY = 256 * 1024
"""Bytes of a policy's document."""


def configure_list(parser: Parser) -> None:
    at_store(parser, env=False, server=True)


def list_(arguments: Namespace) -> int:
    with context(arguments).open() as store:
        names = store.policies()
    if arguments.json:
        say_json(names)
    else:
        for name in names:
            say(clean(name))
    return 0


def configure_read(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which policy")
    at_store(parser, env=False, server=True)


def read(arguments: Namespace) -> int:
    with context(arguments).open() as store:
        found = store.policy(arguments.name)
    if arguments.server and not arguments.json and isinstance(found.get("policy"), str):
        say(found["policy"].rstrip("\n"))  # as it was written, HCL mostly
    else:
        say_json(found)
    return 0


def configure_write(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which policy")
    parser.add_argument("file", metavar="FILE", help="a JSON document; '-' for stdin")
    at_store(parser, env=False, server=True)


def write(arguments: Namespace) -> int:
    shown = "stdin" if arguments.file == files.STDIN else arguments.file
    content = files.read(arguments.file, MAX_POLICY)
    document: Any = content.decode(errors="replace") if arguments.server else read_object(content, shown)
    with context(arguments).open() as store:
        store.set_policy(arguments.name, document)
    _done(arguments, "written")
    return 0


def configure_delete(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which policy")
    at_store(parser, env=False, server=True)


def delete(arguments: Namespace) -> int:
    with context(arguments).open() as store:
        store.delete_policy(arguments.name)
    _done(arguments, "deleted")
    return 0


def _done(arguments: Namespace, outcome: str) -> None:
    if arguments.json:
        say_json({"name": arguments.name, "outcome": outcome})
    else:
        say(f"policy {arguments.name}: {outcome}")


COMMANDS = {
    "policy list": Command(
        usage="",
        text="List the names of the policies. The built-in `operator`, who may do everything, is not among them.",
        examples="wellkept policy list",
        configure=configure_list,
        execute=list_,
    ),
    "policy read": Command(
        usage="NAME",
        text="Print a policy as JSON.",
        examples="wellkept policy read billing",
        configure=configure_read,
        execute=read,
    ),
    "policy write": Command(
        usage="NAME FILE",
        text="""\
Create or replace a policy. The document names paths and what may be done there:
{"path": {"secret/data/prod/billing/*": {"capabilities": ["read"]}}}
A server (--server) takes Vault's HCL as well.""",
        examples="""\
wellkept policy write billing billing.json
wellkept policy write billing - < billing.json
wellkept run --env prod -- ...     # with source = "store:.wellkept?prefix=prod/billing&policies=billing\"""",
        configure=configure_write,
        execute=write,
    ),
    "policy delete": Command(
        usage="NAME",
        text="Remove a policy. Whoever acts under it alone may then do nothing.",
        examples="wellkept policy delete billing",
        configure=configure_delete,
        execute=delete,
    ),
}
