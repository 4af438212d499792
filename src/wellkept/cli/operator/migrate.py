"""``operator migrate``: another seal for a store at rest; ``backup`` and ``restore`` under the name that Vault's users know."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...errors import ConfigError
from .. import backup as archives
from ..command import Command
from ..context import ask
from ..output import note, say, say_json
from . import shares

if TYPE_CHECKING:
    from argparse import Namespace

    from ...barrier.seals import Seal
    from ..command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument("-store", "--store", metavar="PATH", required=True, help="the store's directory")
    parser.add_argument(
        "-to", "--to", metavar="SEAL", required=True, choices=("shamir", "keyfile", "passphrase"),
        help="shamir, keyfile or passphrase",
    )  # fmt: skip
    shares.counts(parser, "shares (5)", "how many open it (3)")
    parser.add_argument("-key-file", "--key-file", metavar="FILE", help="where the new key file is to be")
    parser.add_argument(
        "-passphrase-file",
        "--passphrase-file",
        metavar="FILE",
        help="the new passphrase is the first line of FILE",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def migrate(arguments: Namespace) -> int:
    from ...barrier.seals.shamir import ShamirSeal
    from ...server.offline import opened

    seal = _seal(arguments)
    with opened(arguments.store, lambda: shares.given("key share"), ask) as serving:
        serving.barrier.rekey(seal)
    made: dict[str, list[str]] = {"keys_base64": [], "keys": []}
    if isinstance(seal, ShamirSeal):
        from ...server.flows.start import shown

        made = shown(seal.shares)
    if arguments.json:
        say_json(
            {"seal": arguments.to, "unseal_keys_b64": made["keys_base64"], "unseal_keys_hex": made["keys"]}
        )
    else:
        shares.show(made, arguments.key_threshold)
        say(f"the store is closed by: {arguments.to}")
    note(
        "backups made before open with the old seal only; make a new one. A server that runs must be started again"
    )
    return 0


def _seal(arguments: Namespace) -> Seal:
    if arguments.to == "shamir":
        from ...barrier.seals.shamir import ShamirSeal, check

        check(arguments.key_shares, arguments.key_threshold)
        return ShamirSeal(arguments.key_shares, arguments.key_threshold)
    if arguments.to == "keyfile":
        from ...barrier.seals.keyfile import KeyFileSeal

        if not arguments.key_file:
            raise ConfigError("say where the new key file is to be: --key-file FILE")
        return KeyFileSeal.create(os.path.abspath(arguments.key_file))
    from ...barrier.seals.passphrase import PassphraseSeal
    from ..prompt import chosen_passphrase

    chosen = chosen_passphrase(arguments.passphrase_file, "new passphrase", environment=False)
    return PassphraseSeal(lambda: chosen)


def _under_operator(name: str) -> Command:
    known = archives.COMMANDS[name]
    return known._replace(examples=known.examples.replace(f"wellkept {name}", f"wellkept operator {name}"))


COMMANDS = {
    "operator migrate": Command(
        "--store PATH --to shamir|keyfile|passphrase [OPTIONS]",
        "Close a store with another seal. Its secrets stay as they are; no server may run on it meanwhile.",
        """wellkept operator migrate --store /var/lib/wellkept --to shamir -n 5 -t 3
wellkept operator migrate --store /var/lib/wellkept --to keyfile --key-file /etc/wellkept/store.key < shares.txt""",
        configure,
        migrate,
    ),
    "operator backup": _under_operator("backup"),
    "operator restore": _under_operator("restore"),
}
