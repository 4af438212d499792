"""``token``: make, look at, renew and revoke tokens, and ask what one may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..command import Command, natural
from ..output import say, say_json
from . import pairs, show
from .connection import at_server, connect

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser


def _configure_create(parser: Parser) -> None:
    parser.add_argument(
        "--policy", metavar="NAME", action="append", default=[], help="may be given several times"
    )
    parser.add_argument("--ttl", metavar="TIME", help="how long it lives, e.g. 20m")
    parser.add_argument("--explicit-max-ttl", metavar="TIME", help="renewals end here")
    parser.add_argument("--period", metavar="TIME", help="renewed for this long each time, without end")
    parser.add_argument("--use-limit", metavar="N", type=natural, help="good for N requests")
    parser.add_argument("--type", choices=("service", "batch"), help="service (default) or batch")
    parser.add_argument("--role", metavar="ROLE", help="as this token role allows")
    parser.add_argument("--display-name", metavar="NAME", help="shown in the audit log")
    parser.add_argument("--metadata", metavar="KEY=VALUE", action="append", default=[], help="several times")
    parser.add_argument("--orphan", action="store_true", help="outlives its parent")
    parser.add_argument("--no-default-policy", action="store_true", help="without the policy `default`")
    parser.add_argument("--field", metavar="FIELD", help="print this field alone, e.g. token")
    at_server(parser, wrap=True)


def create(arguments: Namespace) -> int:
    body: dict[str, Any] = {
        "policies": arguments.policy or None,
        "ttl": arguments.ttl,
        "explicit_max_ttl": arguments.explicit_max_ttl,
        "period": arguments.period,
        "num_uses": arguments.use_limit,
        "type": arguments.type,
        "display_name": arguments.display_name,
        "meta": {key: str(value) for key, value in pairs.read(arguments.metadata).items()} or None,
        "no_default_policy": arguments.no_default_policy or None,
        "no_parent": True if arguments.orphan and not arguments.role else None,
    }
    path = f"auth/token/create/{arguments.role}" if arguments.role else "auth/token/create"
    if arguments.orphan and not arguments.role:
        path = "auth/token/create-orphan"
    body = {key: value for key, value in body.items() if value is not None}
    with connect(arguments) as server:
        return show.answer(server.call("POST", path, body, wrap_ttl=arguments.wrap_ttl), arguments)


def _configure_which(parser: Parser) -> None:
    parser.add_argument(
        "token", metavar="TOKEN", nargs="?", help="default: your own; '-' reads it from stdin"
    )
    parser.add_argument("--accessor", metavar="ACCESSOR", help="name it by its accessor")
    parser.add_argument("--field", metavar="FIELD", help="print this field alone")
    at_server(parser)


def _configure_renew(parser: Parser) -> None:
    parser.add_argument("--increment", metavar="TIME", help="ask for so long")
    _configure_which(parser)


def _configure_revoke(parser: Parser) -> None:
    parser.add_argument("--self", dest="own", action="store_true", help="revoke your own token")
    parser.add_argument("--orphan", action="store_true", help="leave its children alive")
    _configure_which(parser)


def _which(arguments: Namespace) -> tuple[str, dict[str, Any]]:
    """The end of the path, and the body."""
    if arguments.accessor:
        return "-accessor", {"accessor": arguments.accessor}
    if arguments.token:
        token = pairs.read(["token=-"])["token"].strip() if arguments.token == "-" else arguments.token  # noqa: S105
        return "", {"token": token}
    return "-self", {}


def lookup(arguments: Namespace) -> int:
    end, body = _which(arguments)
    with connect(arguments) as server:
        if end == "-self":
            return show.answer(server.call("GET", "auth/token/lookup-self"), arguments)
        return show.answer(server.call("POST", f"auth/token/lookup{end}", body), arguments)


def renew(arguments: Namespace) -> int:
    end, body = _which(arguments)
    if arguments.increment:
        body["increment"] = arguments.increment
    with connect(arguments) as server:
        return show.answer(server.call("POST", f"auth/token/renew{end}", body), arguments)


def revoke(arguments: Namespace) -> int:
    from ..usage import Usage

    end, body = _which(arguments)
    if end == "-self" and not arguments.own:
        raise Usage("say which: TOKEN, --accessor ACCESSOR, or --self")
    if arguments.orphan:
        if end:
            raise Usage("--orphan goes with a TOKEN")
        end = "-orphan"
    with connect(arguments) as server:
        server.call("POST", f"auth/token/revoke{end}", body)
    say_json({"outcome": "revoked"}) if arguments.json else say("revoked")
    return 0


def _configure_capabilities(parser: Parser) -> None:
    parser.add_argument("path", metavar="PATH", help="of the API, e.g. secret/data/prod/app")
    parser.add_argument("--accessor", metavar="ACCESSOR", help="of this token (default: your own)")
    at_server(parser)


def capabilities(arguments: Namespace) -> int:
    body: dict[str, Any] = {"paths": [arguments.path]}
    end = "-self"
    if arguments.accessor:
        end, body["accessor"] = "-accessor", arguments.accessor
    with connect(arguments) as server:
        data = server.call("POST", f"sys/capabilities{end}", body)["data"]
    found = data.get(arguments.path) or data.get("capabilities") or []
    say_json(found) if arguments.json else say(", ".join(found))
    return 0


COMMANDS = {
    "token create": Command(
        usage="[--policy NAME ...] [--ttl TIME] [--use-limit N] [--orphan] [--wrap-ttl TIME]",
        text="Make a token, a child of yours: it may do what its policies allow and ends when yours does.",
        examples="""\
wellkept token create --policy billing --ttl 20m
wellkept token create --policy ci --use-limit 1 --wrap-ttl 2m
export VAULT_TOKEN=$(wellkept token create --policy billing --field token)""",
        configure=_configure_create,
        execute=create,
    ),
    "token lookup": Command(
        usage="[TOKEN | --accessor ACCESSOR]",
        text="Show a token's policies, times and limits.",
        examples="wellkept token lookup\nwellkept token lookup --accessor 8609694a\nwellkept token lookup --field ttl",
        configure=_configure_which,
        execute=lookup,
    ),
    "token renew": Command(
        usage="[TOKEN | --accessor ACCESSOR] [--increment TIME]",
        text="Let a token live longer, up to its maximum.",
        examples="wellkept token renew\nwellkept token renew --increment 1h",
        configure=_configure_renew,
        execute=renew,
    ),
    "token revoke": Command(
        usage="TOKEN | --accessor ACCESSOR | --self [--orphan]",
        text="End a token, its children, and every lease that was given to them.",
        examples="wellkept token revoke --self\nwellkept token revoke --accessor 8609694a",
        configure=_configure_revoke,
        execute=revoke,
    ),
    "token capabilities": Command(
        usage="PATH [--accessor ACCESSOR]",
        text="What a token may do at a path.",
        examples="wellkept token capabilities secret/data/prod/app",
        configure=_configure_capabilities,
        execute=capabilities,
    ),
}
