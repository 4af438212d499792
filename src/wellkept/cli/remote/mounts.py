"""``secrets`` and ``auth``: engines and auth methods, enabled, listed, tuned, moved, disabled."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import Conflict
from ..command import Command
from ..output import say, say_json, table
from . import pairs
from .connection import at_server, connect

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser
    from .connection import Server

_TABLES = {"secrets": ("sys/mounts", "engine", "kv"), "auth": ("sys/auth", "auth method", "approle")}


def _list(word: str, arguments: Namespace) -> int:
    path, _, _ = _TABLES[word]
    with connect(arguments) as server:
        given = server.call("GET", path)
    found = given.get("data") or given
    if arguments.json:
        say_json(found)
        return 0
    rows = [
        (name, mount["type"], mount.get("accessor", ""), _options(mount), mount.get("description", ""))
        for name, mount in sorted(found.items())
        if isinstance(mount, dict) and "type" in mount
    ]
    table(("PATH", "TYPE", "ACCESSOR", "OPTIONS", "DESCRIPTION"), rows)
    return 0


def _options(mount: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in sorted((mount.get("options") or {}).items()))


def _configure_enable(word: str, parser: Parser) -> None:
    parser.add_argument(
        "type", metavar="TYPE", help=f"the kind of {_TABLES[word][1]}, e.g. {_TABLES[word][2]}"
    )
    parser.add_argument("--path", metavar="PATH", help="where to mount it (default: its type)")
    parser.add_argument("--description", metavar="TEXT", default="", help="for people")
    parser.add_argument("--version", metavar="N", choices=("1", "2"), help="of the KV engine")
    _configure_tuning(parser)
    at_server(parser)


def _configure_tuning(parser: Parser) -> None:
    parser.add_argument("--default-lease-ttl", metavar="TIME", help="of its leases and tokens")
    parser.add_argument("--max-lease-ttl", metavar="TIME", help="the most they may reach")


def _enable(word: str, arguments: Namespace) -> int:
    path = (arguments.path or arguments.type).strip("/")
    body: dict[str, Any] = {
        "type": arguments.type,
        "description": arguments.description,
        "config": _tuning(arguments),
    }
    if arguments.version:
        body["options"] = {"version": arguments.version}
    with connect(arguments) as server:
        server.call("POST", f"{_TABLES[word][0]}/{path}", body)
    return _done(arguments, f"enabled {arguments.type} at {path}/")


def _tuning(arguments: Namespace) -> dict[str, str]:
    given = {"default_lease_ttl": arguments.default_lease_ttl, "max_lease_ttl": arguments.max_lease_ttl}
    return {key: value for key, value in given.items() if value is not None}


def _configure_path(parser: Parser) -> None:
    parser.add_argument("path", metavar="PATH", help="where it is mounted")
    at_server(parser)


def _disable(word: str, arguments: Namespace) -> int:
    path = arguments.path.strip("/")
    with connect(arguments) as server:
        server.call("DELETE", f"{_TABLES[word][0]}/{path}")
    return _done(arguments, f"disabled {path}/, and with it all it held")


def _configure_tune(parser: Parser) -> None:
    parser.add_argument("path", metavar="PATH", help="where it is mounted")
    parser.add_argument("data", metavar="KEY=VALUE", nargs="*", help="other settings by their API name")
    parser.add_argument("--description", metavar="TEXT", help="for people")
    _configure_tuning(parser)
    at_server(parser)


def _tune(word: str, arguments: Namespace) -> int:
    path = arguments.path.strip("/")
    body = {**pairs.read(arguments.data), **_tuning(arguments)}
    if arguments.description is not None:
        body["description"] = arguments.description
    with connect(arguments) as server:
        server.call("POST", f"{_TABLES[word][0]}/{path}/tune", body)
    return _done(arguments, f"tuned {path}/")


def _configure_move(parser: Parser) -> None:
    parser.add_argument("source", metavar="FROM", help="where it is mounted")
    parser.add_argument("destination", metavar="TO", help="where it shall be; its leases are revoked")
    at_server(parser)


def _move(arguments: Namespace) -> int:
    body = {"from": arguments.source.strip("/"), "to": arguments.destination.strip("/")}
    with connect(arguments) as server:
        given = server.call("POST", "sys/remount", body)
        _settle(server, (given.get("data") or {}).get("migration_id"))
    return _done(arguments, f"moved {body['from']}/ to {body['to']}/")


def _settle(server: Server, migration: str | None) -> None:
    """Wait until the server has moved it. Raises ``Conflict`` when it could not."""
    pause = 0.05
    while migration is not None:
        info = server.call("GET", f"sys/remount/status/{migration}")["data"]["migration_info"]
        if info["status"] == "success":
            return
        if info["status"] != "in-progress":
            raise Conflict(f"the move ended as {info['status']!r}; the server's log says why")
        time.sleep(pause)
        pause = min(pause * 2, 1.0)


def _done(arguments: Namespace, text: str) -> int:
    say_json({"outcome": text}) if arguments.json else say(text)
    return 0


def _commands(word: str) -> dict[str, Command]:
    _, noun, example = _TABLES[word]
    return {
        f"{word} list": Command(
            usage="",
            text=f"List the {noun}s of a server.",
            examples=f"wellkept {word} list",
            configure=at_server,
            execute=partial(_list, word),
        ),
        f"{word} enable": Command(
            usage="TYPE [--path PATH] [--description TEXT]",
            text=f"Mount a new {noun}.",
            examples=f"wellkept {word} enable {example}\nwellkept {word} enable {example} --path team/{example}",
            configure=partial(_configure_enable, word),
            execute=partial(_enable, word),
        ),
        f"{word} disable": Command(
            usage="PATH",
            text=f"Remove the {noun} at PATH with everything it holds; its leases are revoked.",
            examples=f"wellkept {word} disable team/{example}",
            configure=_configure_path,
            execute=partial(_disable, word),
        ),
        f"{word} tune": Command(
            usage="PATH [KEY=VALUE ...]",
            text=f"Change the settings of the {noun} at PATH.",
            examples=f"wellkept {word} tune {example} --max-lease-ttl 24h",
            configure=_configure_tune,
            execute=partial(_tune, word),
        ),
    }


COMMANDS = {
    **_commands("secrets"),
    **_commands("auth"),
    "secrets move": Command(
        usage="FROM TO",
        text="Move an engine to another path.",
        examples="wellkept secrets move kv team/kv",
        configure=_configure_move,
        execute=_move,
    ),
}
