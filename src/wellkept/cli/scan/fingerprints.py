"""``scan fingerprints``: the store's secrets as a file that CI can scan with, and that reveals none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..command import Command, at_store
from ..context import Place
from ..output import clean, note, say, say_json

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the fingerprint file")
    parser.add_argument(
        "--prefix", metavar="FOLDER", default="", help="only secrets below it, by whole names"
    )
    key = parser.add_mutually_exclusive_group()
    key.add_argument("--key", metavar="FILE", help="the key for it, made earlier (default: the store's own)")
    key.add_argument("--new-key", metavar="FILE", help="make a key for it, to be given to CI")
    at_store(parser, env=False)


def execute(arguments: Namespace) -> int:
    """Raises ``ConfigError`` for files that cannot be written."""
    from ...scanning.known import key as keys
    from ...scanning.known.store import fingerprints

    with Place(store=arguments.store).open() as store:
        key = None
        if arguments.new_key:
            key = keys.create(arguments.new_key)
        elif arguments.key:
            key = keys.load(arguments.key)
        made = fingerprints(store, arguments.output, prefix=arguments.prefix, key=key)
    if arguments.json:
        say_json({"file": arguments.output, **made._asdict()})
    else:
        say(
            f"{made.secrets} secrets, {made.versions} versions, {made.bytes} bytes: {clean(arguments.output)}"
        )
    for name in made.ordinary:
        note(f"not looked for, too short or too common: {clean(name)}")
    for name, reason in made.unread:
        note(f"could not be read: {clean(name)}: {clean(reason)}")
    return 1 if made.unread else 0


COMMANDS = {
    "scan fingerprints": Command(
        usage="-o FILE [--new-key FILE | --key FILE] [--prefix FOLDER]",
        text="""\
Write fingerprints of every live and former version of the store's secrets, so that a scan recognises
them exactly without the store: wellkept scan --known FILE. Without the key the file is useless; with
the store's own key, only who may open the store can scan with it.""",
        examples="wellkept scan fingerprints -o secrets.wkf --new-key ci.key\nWELLKEPT_SCAN_KEY=$(cat ci.key) wellkept scan --known secrets.wkf",
        configure=configure,
        execute=execute,
    )
}
