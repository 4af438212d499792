"""``status``: what this store is, whether it can be opened, and how much is in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import WellkeptError
from .command import Command, at_store
from .context import context
from .output import clean, moment, say, say_json

if TYPE_CHECKING:
    from argparse import Namespace

    from .command import Parser
    from .context import Place


def configure(parser: Parser) -> None:
    at_store(parser)


def execute(arguments: Namespace) -> int:
    place = context(arguments)
    config = place.seal_config()
    data: dict[str, Any] = {
        "store": place.path,
        "store_id": config["store_id"],
        "seal": config["kind"],
        "created": moment(config.get("created")),
        "bytes": _size(place.path, "store.db"),
        "audit_bytes": _size(place.path, "audit.jsonl"),
        "config": place.config_path,
        "environment": place.env,
        "prefix": place.prefix,
    }
    code, problem = 0, None
    try:
        data |= _inside(place)
    except WellkeptError as error:
        problem, code = str(error), error.exit_code
    data["opens"] = problem is None
    if arguments.json:
        say_json(data if problem is None else {**data, "problem": problem})
        return code
    for key, value in data.items():
        say(f"{key.replace('_', ' '):<13} {_shown(value)}")
    if problem is not None:
        say(f"{'problem':<13} {clean(problem)}")
    return code


def _inside(place: Place) -> dict[str, Any]:
    with place.open() as store:
        keys = store.key_status()
        names = list(store.walk())
    start = f"{place.prefix}/" if place.prefix else ""
    return {
        "secrets": len(names),
        "secrets_here": sum(name.startswith(start) for name in names),
        "key_term": keys["term"],
        "key_created": moment(keys["created"]),
        "key_encryptions": keys["encryptions"],
        "key_terms": list(keys["terms"]),
    }


def _size(directory: str, base: str) -> int:
    """Bytes of a file with what SQLite keeps beside it."""
    total = 0
    for suffix in ("", "-wal"):
        try:
            total += os.stat(os.path.join(directory, base + suffix)).st_size
        except FileNotFoundError:
            pass  # no log at the moment
    return total


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None else clean(value)


COMMANDS = {
    "status": Command(
        usage="",
        text="""\
Say where the store is, what seals it, whether it can be opened, which key term is in force, and
how much is in it. `secrets here` are those of the current environment.""",
        examples="wellkept status\nwellkept status --json",
        configure=configure,
        execute=execute,
    )
}
