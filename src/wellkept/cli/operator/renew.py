"""``operator rekey`` and ``generate-root``: new shares, and a new root token, for who holds enough of the old shares."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from ...errors import Conflict, InvalidRequest
from ..command import Command
from ..context import ask
from ..output import say, say_json
from ..remote.connection import at_server, connect
from . import shares

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser
    from ..remote.connection import Server

_REKEY = "sys/rotate/root"
_ROOT = "sys/generate-root-token"


def configure_rekey(parser: Parser) -> None:
    shares.counts(parser, "new shares (5)", "how many open it (3)")
    parser.add_argument(
        "-verify", "--verify", action="store_true", help="change nothing until the new shares were given back"
    )
    parser.add_argument("-status", "--status", action="store_true", help="show how far it is")
    parser.add_argument("-cancel", "--cancel", action="store_true", help="give it up")
    at_server(parser)


def rekey(arguments: Namespace) -> int:
    with connect(arguments) as server:
        if arguments.cancel:
            server.call("DELETE", f"{_REKEY}/init")
            say("the rekey was given up")
            return 0
        state = server.call("GET", f"{_REKEY}/init")["data"]
        if arguments.status:
            say_json(state)
            return 0
        if not state["started"]:
            state = server.call(
                "PUT",
                f"{_REKEY}/init",
                {
                    "secret_shares": arguments.key_shares,
                    "secret_threshold": arguments.key_threshold,
                    "require_verification": arguments.verify,
                },
            )["data"]
        done = _give(server, f"{_REKEY}/update", state["nonce"], "old key share")
        if arguments.json:
            say_json(done)
        else:
            shares.show(done, state["t"])
        if done.get("verification_required"):
            say("\nNow give the new shares, to prove that they arrived; nothing was changed yet.")
            _give(server, f"{_REKEY}/verify", done["verification_nonce"], "new key share")
            say("the new shares are in force")
    return 0


def _give(server: Server, path: str, nonce: str, question: str) -> dict[str, Any]:
    """Give shares until it is complete. Raises ``InvalidRequest`` when they run out."""
    left = "none was given"
    for share in shares.given(question):
        state: dict[str, Any] = server.call("PUT", path, {"key": share, "nonce": nonce})["data"]
        if state.get("complete"):
            return state
        left = f"{state['progress']} of {state.get('required', state.get('t'))} were given"
    raise InvalidRequest(f"more key shares are needed: {left}")


def configure_root(parser: Parser) -> None:
    parser.add_argument("-cancel", "--cancel", action="store_true", help="give up what was begun")
    parser.add_argument("-status", "--status", action="store_true", help="show how far it is")
    parser.add_argument(
        "-store",
        "--store",
        metavar="PATH",
        help="make it in the store at PATH, with its own key and no server's help",
    )
    at_server(parser)


def generate_root(arguments: Namespace) -> int:
    if arguments.store:
        token = _offline(arguments.store)
    else:
        with connect(arguments) as server:
            if arguments.cancel:
                server.call("DELETE", f"{_ROOT}/attempt")
                say("given up")
                return 0
            if arguments.status:
                say_json(server.call("GET", f"{_ROOT}/attempt")["data"])
                return 0
            state = server.call("PUT", f"{_ROOT}/attempt", {})["data"]
            try:
                done = _give(server, f"{_ROOT}/update", state["nonce"], "key share")
            except BaseException:
                server.call("DELETE", f"{_ROOT}/attempt")  # the pad is lost with us; nobody could finish it
                raise
        token = decode(done["encoded_token"], state["otp"])
    if arguments.json:
        say_json({"token": token})
    else:
        say(f"Root Token: {token}")
    return 0


def decode(encoded: str, otp: str) -> str:
    """The token behind the one-time pad."""
    mixed = b64decode(encoded + "=" * (-len(encoded) % 4))
    if len(mixed) != len(otp):
        raise Conflict("the token and the one-time pad are not of one length; begin again")
    return bytes(a ^ b for a, b in zip(mixed, otp.encode(), strict=True)).decode()


def _offline(path: str) -> str:
    from ...server.offline import opened

    with opened(path, lambda: shares.given("key share"), ask) as serving:
        token: str = serving.service.root_token()
    return token


COMMANDS = {
    "operator rekey": Command(
        "[-n SHARES] [-t THRESHOLD] [--verify | --status | --cancel]",
        "Make new key shares (and a new root key); the old shares pay for them. Wants a token besides.",
        """wellkept operator rekey -n 5 -t 3 --verify
wellkept operator rekey -n 3 -t 2 < old-shares.txt""",
        configure_rekey,
        rekey,
    ),
    "operator generate-root": Command(
        "[--status | --cancel | --store PATH]",
        "Make a new root token, with enough key shares; or with --store, whoever has the store's key.",
        """wellkept operator generate-root
wellkept operator generate-root --store /var/lib/wellkept""",
        configure_root,
        generate_root,
    ),
}
