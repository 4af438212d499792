"""``operator init``, ``unseal``, ``seal``: from a new server to an open one, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..command import Command
from ..output import note, say, say_json, table
from ..remote.connection import at_server, connect
from . import shares

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from ..command import Parser

NOT_INITIALISED = 2
"""Exit code of ``init --status`` for a store that is not; as bao's."""


def configure_init(parser: Parser) -> None:
    shares.counts(parser, "key shares to make (5)", "how many of them open the store (3)")
    parser.add_argument(
        "-status", "--status", action="store_true", help="say whether it is initialised; exit code 2: no"
    )
    at_server(parser)


def init(arguments: Namespace) -> int:
    with connect(arguments) as server:
        if arguments.status:
            known = bool(server.call("GET", "sys/init")["initialized"])
            say("the store is initialised" if known else "the store is not initialised")
            return 0 if known else NOT_INITIALISED
        numbers = {"secret_shares": arguments.key_shares, "secret_threshold": arguments.key_threshold}
        made = server.call("PUT", "sys/init", numbers)
    if arguments.json:
        say_json(
            {
                "unseal_keys_b64": made["keys_base64"],
                "unseal_keys_hex": made["keys"],
                "unseal_shares": arguments.key_shares,
                "unseal_threshold": arguments.key_threshold,
                "root_token": made["root_token"],
            }
        )
        return 0
    shares.show(made, arguments.key_threshold)
    if not made["keys"]:
        say("The store opens by its own seal; there are no shares.")
    say()
    say(f"Initial Root Token: {made['root_token']}")
    return 0


def configure_unseal(parser: Parser) -> None:
    parser.add_argument("-reset", "--reset", action="store_true", help="forget the shares given so far")
    at_server(parser)


def unseal(arguments: Namespace) -> int:
    with connect(arguments) as server:
        if arguments.reset:
            return _status(server.call("PUT", "sys/unseal", {"reset": True}), arguments)
        state: Mapping[str, Any] = server.call("GET", "sys/seal-status")
        if not state["sealed"]:
            note("the store is open already")
            return _status(state, arguments)
        question = "passphrase" if state["type"] == "passphrase" else "key share"
        for share in shares.given(question):
            state = server.call("PUT", "sys/unseal", {"key": share})
            if not state["sealed"] or shares_from_terminal():
                break
    return _status(state, arguments)


def shares_from_terminal() -> bool:
    """One person, one share: the others come with theirs."""
    import sys

    return sys.stdin.isatty()


def _status(state: Mapping[str, Any], arguments: Namespace) -> int:
    if arguments.json:
        say_json(state)
        return 0
    rows = [
        ("seal type", state["type"]),
        ("initialised", state["initialized"]),
        ("sealed", state["sealed"]),
        ("shares", state["n"]),
        ("threshold", state["t"]),
    ]
    if state["sealed"] and state["progress"]:
        rows += [("progress", f"{state['progress']} of {state['t']}"), ("nonce", state["nonce"])]
    table(
        ("KEY", "VALUE"),
        [(name, str(value).lower() if isinstance(value, bool) else value) for name, value in rows],
    )
    return 0


def configure_seal(parser: Parser) -> None:
    at_server(parser)


def seal(arguments: Namespace) -> int:
    with connect(arguments) as server:
        server.call("PUT", "sys/seal")
        if arguments.json:
            return _status(server.call("GET", "sys/seal-status"), arguments)
    say("the store is sealed")
    return 0


COMMANDS = {
    "operator init": Command(
        "[-n SHARES] [-t THRESHOLD] [--status] [--json]",
        "Make the keys of a new server's store; prints the shares and the first root token, once.",
        """wellkept operator init
wellkept operator init -n 1 -t 1 --json""",
        configure_init,
        init,
    ),
    "operator unseal": Command(
        "[--reset] [--json]",
        "Give a key share (typed, or lines on stdin); with enough of them the store opens.",
        """wellkept operator unseal
wellkept operator unseal < shares.txt""",
        configure_unseal,
        unseal,
    ),
    "operator seal": Command(
        "",
        "Close the store: no key is left in the server's memory. It takes the shares to open it again.",
        "wellkept operator seal",
        configure_seal,
        seal,
    ),
}
