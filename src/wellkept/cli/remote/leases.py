"""``lease``, ``wrap`` and ``unwrap``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..command import Command
from ..output import say, say_json
from . import pairs, show
from .connection import Server, at_server, connect

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser


def _configure_lookup(parser: Parser) -> None:
    parser.add_argument("lease", metavar="LEASE", help="the lease's identifier")
    parser.add_argument("--field", metavar="FIELD", help="print this field alone")
    at_server(parser)


def _configure_renew(parser: Parser) -> None:
    parser.add_argument("--increment", metavar="TIME", help="ask for so long")
    _configure_lookup(parser)


def _configure_revoke(parser: Parser) -> None:
    parser.add_argument("lease", metavar="LEASE", help="the lease's identifier, or a prefix with --prefix")
    parser.add_argument("--prefix", action="store_true", help="revoke all whose identifier begins so")
    parser.add_argument(
        "--force", action="store_true", help="forget them even if revoking fails; with --prefix"
    )
    at_server(parser)


def lookup(arguments: Namespace) -> int:
    with connect(arguments) as server:
        return show.answer(server.call("POST", "sys/leases/lookup", {"lease_id": arguments.lease}), arguments)


def renew(arguments: Namespace) -> int:
    body: dict[str, Any] = {"lease_id": arguments.lease}
    if arguments.increment:
        body["increment"] = arguments.increment
    with connect(arguments) as server:
        return show.answer(server.call("POST", "sys/leases/renew", body), arguments)


def revoke(arguments: Namespace) -> int:
    from ..usage import Usage

    if arguments.force and not arguments.prefix:
        raise Usage("--force goes with --prefix")
    with connect(arguments) as server:
        if arguments.prefix:
            kind = "force" if arguments.force else "prefix"
            server.call("POST", f"sys/leases/revoke-{kind}/{arguments.lease}", {})
        else:
            server.call("POST", "sys/leases/revoke", {"lease_id": arguments.lease})
    say_json({"outcome": "revoked"}) if arguments.json else say("revoked")
    return 0


def _configure_wrap(parser: Parser) -> None:
    parser.add_argument(
        "data", metavar="KEY=VALUE", nargs="+", help="what to wrap; KEY=@FILE, KEY=-, @FILE, -"
    )
    parser.add_argument(
        "--wrap-ttl", metavar="TIME", default="5m", help="how long it can be unwrapped (default 5m)"
    )
    parser.add_argument("--field", metavar="FIELD", help="print this field alone, e.g. wrapping_token")
    at_server(parser)


def wrap(arguments: Namespace) -> int:
    with connect(arguments) as server:
        given = server.call(
            "POST", "sys/wrapping/wrap", pairs.read(arguments.data), wrap_ttl=arguments.wrap_ttl
        )
    return show.answer(given, arguments)


def _configure_unwrap(parser: Parser) -> None:
    parser.add_argument("token", metavar="TOKEN", help="the wrapping token; '-' reads it from stdin")
    parser.add_argument(
        "--lookup", action="store_true", help="only show who wrapped what, without using it up"
    )
    parser.add_argument("--field", metavar="FIELD", help="print this field alone")
    at_server(parser)


def unwrap(arguments: Namespace) -> int:
    token = pairs.read(["token=-"])["token"].strip() if arguments.token == "-" else arguments.token  # noqa: S105
    with Server(arguments.server, "" if arguments.lookup else token) as server:
        if arguments.lookup:
            return show.answer(server.call("POST", "sys/wrapping/lookup", {"token": token}), arguments)
        return show.answer(server.call("POST", "sys/wrapping/unwrap", {}), arguments)


COMMANDS = {
    "lease lookup": Command(
        usage="LEASE",
        text="Show when a lease was issued, was renewed and ends.",
        examples="wellkept lease lookup database/creds/app/2f6a614c",
        configure=_configure_lookup,
        execute=lookup,
    ),
    "lease renew": Command(
        usage="LEASE [--increment TIME]",
        text="Let what was leased live longer.",
        examples="wellkept lease renew database/creds/app/2f6a614c --increment 1h",
        configure=_configure_renew,
        execute=renew,
    ),
    "lease revoke": Command(
        usage="LEASE | --prefix PREFIX [--force]",
        text="End a lease, or all under a prefix, now.",
        examples="wellkept lease revoke database/creds/app/2f6a614c\nwellkept lease revoke --prefix database/creds/app",
        configure=_configure_revoke,
        execute=revoke,
    ),
    "wrap": Command(
        usage="KEY=VALUE ... [--wrap-ttl TIME]",
        text="Put values into a token that can be unwrapped once, to hand them to somebody.",
        examples="wellkept wrap password=- --wrap-ttl 10m --field wrapping_token",
        configure=_configure_wrap,
        execute=wrap,
    ),
    "unwrap": Command(
        usage="TOKEN [--lookup]",
        text="Take out what a wrapping token holds. It works once: a token that was used already was intercepted.",
        examples="wellkept unwrap hvs.CAES\nwellkept unwrap - --field password < token\nwellkept unwrap TOKEN --lookup",
        configure=_configure_unwrap,
        execute=unwrap,
    ),
}
