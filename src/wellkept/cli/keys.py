"""``rekey`` and ``rotate-key``: what opens the store, and what its values are encrypted with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import Sealed, WellkeptError
from .command import Command, at_store
from .context import context
from .output import note, progress, say, say_json

if TYPE_CHECKING:
    from argparse import Namespace

    from ..barrier.seals import KeyFileSeal
    from ..core.local import LocalStore
    from .command import Parser
    from .context import Place


def configure_rekey(parser: Parser) -> None:
    seal = parser.add_mutually_exclusive_group()
    seal.add_argument("--passphrase", action="store_true", help="unseal by a passphrase from now on")
    seal.add_argument(
        "--passphrase-file",
        metavar="FILE",
        help="unseal by the passphrase in FILE from now on; '-' for stdin",
    )
    seal.add_argument("--key-file", metavar="FILE", help="unseal by a new key file at FILE from now on")
    at_store(parser, env=False)


def rekey(arguments: Namespace) -> int:
    place = context(arguments)
    kind = place.seal_config()["kind"]
    with place.open() as store:
        if (
            arguments.passphrase
            or arguments.passphrase_file is not None
            or (kind == "passphrase" and not arguments.key_file)
        ):
            done = _new_passphrase(store, arguments.passphrase_file)
        elif arguments.key_file:
            done = _new_key_file(store, os.path.abspath(arguments.key_file))
        else:
            done = _replace_key_file(place, store)
    if arguments.json:
        say_json(done)
        return 0
    for key, value in done.items():
        say(f"{key.replace('_', ' '):<12} {value}")
    note("backups made before open with the old key only; make a new one")
    return 0


def _new_passphrase(store: LocalStore, file: str | None) -> dict[str, Any]:
    from ..barrier.seals.passphrase import PassphraseSeal
    from .prompt import chosen_passphrase

    chosen = chosen_passphrase(file, "new passphrase", environment=False)
    store.rekey(PassphraseSeal(lambda: chosen))
    return {"seal": "passphrase"}


def _new_key_file(store: LocalStore, path: str) -> dict[str, Any]:
    from ..barrier.seals.keyfile import KeyFileSeal

    store.rekey(KeyFileSeal.create(path))
    return {"seal": "keyfile", "key_file": path}


def _replace_key_file(place: Place, store: LocalStore) -> dict[str, Any]:
    """A new key where the old one is, which is kept beside it. A crash half-way leaves the new one as ``FILE.new``."""
    from time import gmtime, strftime

    from ..barrier.seals.keyfile import KeyFileSeal
    from ..core.unlock import KEY_FILE, default_key_path

    path = os.path.abspath(os.environ.get(KEY_FILE) or default_key_path(store.store_id))
    seal = KeyFileSeal.create(path + ".new")
    failure: WellkeptError | None = None
    try:
        store.rekey(seal)
    except WellkeptError as error:
        failure = error
    # An error may come after the change (the record of its outcome failed): only the store itself can tell.
    if failure is not None and not _opens(seal, place):
        os.unlink(seal.path)
        raise failure
    kept = f"{path}.{strftime('%Y%m%dT%H%M%SZ', gmtime())}.old"
    os.link(path, kept)
    os.replace(seal.path, path)
    if failure is not None:
        raise failure
    return {"seal": "keyfile", "key_file": path, "old_key": kept}


def _opens(seal: KeyFileSeal, place: Place) -> bool:
    try:
        seal.unwrap(place.seal_config()["wrapped"])
    except Sealed:
        return False
    return True


def configure_rotate(parser: Parser) -> None:
    parser.add_argument(
        "--rewrite", action="store_true", help="re-encrypt everything now, and drop the old keys"
    )
    at_store(parser, env=False)


def rotate(arguments: Namespace) -> int:
    with context(arguments).open() as store:
        term = store.rotate_key()
        count = store.rewrite(progress("re-encrypted")) if arguments.rewrite else None
        status = store.key_status()
    if arguments.json:
        say_json({"term": term, "rewritten": count, "terms": list(status["terms"])})
        return 0
    say(f"key term {term} is in force")
    if count is not None:
        say(f"{count} entries re-encrypted")
    return 0


COMMANDS = {
    "rekey": Command(
        usage="[--passphrase | --passphrase-file FILE | --key-file FILE]",
        text="""\
Change what opens the store: a new key file in place of the old one (which is kept beside it), a
new passphrase, or the one instead of the other. The secrets are not encrypted anew for that;
what was opened by the old key before, `rotate-key --rewrite` mends.""",
        examples="wellkept rekey\nwellkept rekey --passphrase\nwellkept rekey --key-file /run/keys/shop.key",
        configure=configure_rekey,
        execute=rekey,
    ),
    "rotate-key": Command(
        usage="[--rewrite]",
        text="""\
Encrypt what is written from now on with a new key; other processes notice by themselves. With
--rewrite everything older is encrypted anew as well, and the old keys are dropped; that may be
interrupted and run again.""",
        examples="wellkept rotate-key\nwellkept rotate-key --rewrite",
        configure=configure_rotate,
        execute=rotate,
    ),
}
