"""``backup`` and ``restore``: an encrypted archive of the whole store, and a store from one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .command import Command, at_store
from .context import ask, context
from .output import moment, say, say_json
from .prompt import confirm

if TYPE_CHECKING:
    from argparse import Namespace

    from .command import Parser


def configure_backup(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="the archive to write; it must not exist yet")
    at_store(parser, env=False)


def backup(arguments: Namespace) -> int:
    path = os.path.abspath(arguments.file)
    with context(arguments).open() as store:
        store.backup(path)
    size = os.stat(path).st_size
    if arguments.json:
        say_json({"backup": path, "bytes": size})
    else:
        say(f"{path}: {size} bytes, opened by the same key or passphrase as the store; keep that elsewhere")
    return 0


def configure_restore(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="an archive written by `wellkept backup`")
    parser.add_argument("--replace", action="store_true", help="move a store that is there aside; asks first")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    at_store(parser, env=False)


def restore(arguments: Namespace) -> int:
    from ..core.backup import restore as unpack

    place = context(arguments)
    if arguments.replace and not confirm(f"replace the store in {place.path}?", yes=arguments.yes):
        say("nothing was changed")
        return 1
    done = unpack(arguments.file, place.path, replace=arguments.replace, prompt=ask)
    if arguments.json:
        say_json({"store": place.path, **done._asdict(), "created": moment(done.created)})
        return 0
    say(f"{place.path}: restored as of {moment(done.created)}")
    say(f"verified: {done.entries} entries, {done.lines} audit records")
    if done.previous:
        say(f"the store that was there before is in {done.previous}")
    return 0


COMMANDS = {
    "backup": Command(
        usage="FILE",
        text="""\
Write an archive of the whole store, with its audit log, while others go on using it. Everything
in it stays encrypted. It is read back and verified before it appears under its name.""",
        examples="wellkept backup /backups/shop-$(date +%F).wellkept",
        configure=configure_backup,
        execute=backup,
    ),
    "restore": Command(
        usage="FILE [--store PATH] [--replace [--yes]]",
        text="""\
Make a store from an archive. The archive is opened and everything in it verified before anything
is put in place; a store that is there already is moved aside with --replace, never removed.""",
        examples="""\
wellkept restore /backups/shop-2026-12-31.wellkept --store /srv/shop/.wellkept
wellkept restore /backups/shop-2026-12-31.wellkept --replace""",
        configure=configure_restore,
        execute=restore,
    ),
}
