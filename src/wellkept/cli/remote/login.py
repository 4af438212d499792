"""``login``: get a token and keep it where this and the other clients find it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import Denied
from ..command import Command
from ..output import say, say_json
from . import pairs, show
from .connection import Server, at_server, keep_token

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser

_PATHS = {"userpass": "login/{username}", "ldap": "login/{username}", "radius": "login/{username}"}
_HIDDEN = {"userpass": "password", "ldap": "password", "radius": "password", "approle": "secret_id"}


def configure(parser: Parser) -> None:
    parser.add_argument(
        "data", metavar="KEY=VALUE", nargs="*", help="what the method wants, e.g. username=ann, role_id=..."
    )
    parser.add_argument(
        "--method", metavar="METHOD", default="token", help="token (default), userpass, approle, ..."
    )
    parser.add_argument("--path", metavar="PATH", help="where the method is mounted (default: its name)")
    parser.add_argument("--no-store", action="store_true", help="do not keep the token")
    parser.add_argument(
        "--token-only", action="store_true", help="print the token, and nothing else; keeps nothing"
    )
    at_server(parser)


def execute(arguments: Namespace) -> int:
    auth = _by_token(arguments) if arguments.method == "token" else _by_method(arguments)
    token: str = auth["client_token"]
    if arguments.token_only:
        say(token)
        return 0
    path = "" if arguments.no_store else keep_token(token)
    if arguments.json:
        say_json(
            {
                **{key: value for key, value in auth.items() if key != "client_token"},
                "token_file": path or None,
            }
        )
        return 0
    shown = {key: value for key, value in auth.items() if arguments.no_store or key != "client_token"}
    show.answer({"auth": shown}, arguments)
    if path:
        say(f"The token is kept in {path}; wellkept, bao and vault use it from there.")
    return 0


def _by_token(arguments: Namespace) -> dict[str, Any]:
    from ..prompt import ask_hidden

    words = [word for word in arguments.data if "=" not in word and word != "-"]
    if words:
        token = words[0]
    else:
        token = str(
            pairs.read([f"token={word}" if word == "-" else word for word in arguments.data]).get("token", "")
        )
        token = token.strip() or ask_hidden("token")
    with Server(arguments.server, token) as server:
        data = server.call("GET", "auth/token/lookup-self")["data"]
    return {
        "client_token": token,
        "accessor": data.get("accessor"),
        "lease_duration": data.get("ttl"),
        "renewable": data.get("renewable"),
        "token_policies": data.get("policies"),
    }


def _by_method(arguments: Namespace) -> dict[str, Any]:
    from ..prompt import ask_hidden
    from ..usage import Usage

    body = pairs.read(arguments.data)
    method, hidden = arguments.method, _HIDDEN.get(arguments.method)
    if hidden and not body.get(hidden) and (method != "approle" or "role_id" in body):
        body[hidden] = ask_hidden(hidden.replace("_", "-"))
    tail = _PATHS.get(method, "login")
    if "{username}" in tail:
        name = body.pop("username", None)
        if not isinstance(name, str) or not name:
            raise Usage(f"the method {method} wants username=NAME")
        tail = tail.format(username=name)
    mount = (arguments.path or method).strip("/").removeprefix("auth/")
    with Server(arguments.server, "") as server:
        auth = server.call("POST", f"auth/{mount}/{tail}", body).get("auth")
    if not auth:
        raise Denied(f"{method}: the server gave no token")
    return dict(auth)


COMMANDS = {
    "login": Command(
        usage="[--method METHOD] [KEY=VALUE ...] [--path PATH] [--no-store | --token-only]",
        text="""\
Log in to a server and keep the token in ~/.vault-token (mode 0600), where bao and vault look too.
A token, password or secret-id that is not given is asked for without echo; KEY=@FILE and KEY=-
take it from a file or stdin.""",
        examples="""\
wellkept login
wellkept login --method userpass username=ann
wellkept login --method approle role_id=web secret_id=@/run/secrets/web
export VAULT_TOKEN=$(wellkept login --method userpass username=ann --token-only)""",
        configure=configure,
        execute=execute,
    )
}
