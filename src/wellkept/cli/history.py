"""``history``, ``diff``, ``rollback``: the versions of one secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotFound
from . import describe
from .command import Command, at_store, natural, number
from .context import context
from .output import moment, say, say_json, table

if TYPE_CHECKING:
    from argparse import Namespace

    from ..core.local import LocalStore
    from ..secret import Secret
    from .command import Parser


def configure_history(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which secret")
    at_store(parser, server=True)


def history(arguments: Namespace) -> int:
    place = context(arguments)
    name = place.name(arguments.name)
    with place.open() as store:
        versions = sorted(store.history(name), key=lambda info: -info.number)
    if arguments.json:
        say_json([describe.version(info) for info in versions])
        return 0
    table(
        ("VERSION", "STATE", "CREATED", "STAGES", "EXPIRES", "TYPE"),
        (
            (
                info.number,
                describe.state(info),
                moment(info.created),
                ", ".join(info.stages),
                moment(info.expires),
                info.content_type,
            )
            for info in versions
        ),
        right=(0,),
    )
    return 0


def configure_diff(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which secret")
    parser.add_argument(
        "old", metavar="V1", type=natural, nargs="?", help="a version (default: the one before V2)"
    )
    parser.add_argument(
        "new", metavar="V2", type=natural, nargs="?", help="a version (default: the current one)"
    )
    at_store(parser, server=True)


def diff(arguments: Namespace) -> int:
    place = context(arguments)
    name = place.name(arguments.name)
    with place.open() as store:
        old_number, new_number = _pair(store, name, arguments.old, arguments.new)
        old, new = (store.read(name, version=number).secret for number in (old_number, new_number))
    changes = compare(old, new)
    if arguments.json:
        say_json({"name": name, "from": old_number, "to": new_number, "changes": changes})
        return 0
    say(f"{name}: version {old_number} to {new_number}")
    if not any(changes.values()):
        say("  the same value")
    for kind, fields in changes.items():
        for field in fields:
            say(f"  {kind} {field}")
    return 0


def compare(old: Secret, new: Secret) -> dict[str, list[str]]:
    """Fields ``added``, ``removed`` and ``changed``; of values without fields, ``value`` for the whole."""
    before, after = _fields(old), _fields(new)
    if before is None or after is None:
        return {"added": [], "removed": [], "changed": [] if old == new else ["value"]}
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(key for key in before.keys() & after.keys() if before[key] != after[key]),
    }


def _fields(secret: Secret) -> dict[str, str] | None:
    """The fields of a JSON object as JSON text (in Python, ``1`` would equal ``true``)."""
    import json

    from ..errors import Malformed

    try:
        parsed = secret.reveal_json()
    except Malformed:
        return None
    if not isinstance(parsed, dict):
        return None
    return {key: json.dumps(value, sort_keys=True) for key, value in parsed.items()}


def _pair(store: LocalStore, name: str, old: int | None, new: int | None) -> tuple[int, int]:
    if old is not None and new is not None:
        return old, new
    found = store.metadata(name)
    last = new if new is not None else found.current
    if last is None:
        raise NotFound(f"{name} has no current version; say which versions to compare", name=name)
    if old is not None:
        return old, last
    readable = [info.number for info in found.versions if info.number < last and describe.state(info) == "ok"]
    if not readable:
        raise NotFound(f"{name} has no version before {last} that can be read", name=name)
    return max(readable), last


def configure_rollback(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which secret")
    parser.add_argument("version", metavar="VERSION", type=natural, help="the version to take the value from")
    parser.add_argument("--cas", metavar="N", type=number, help="only if the current version is N")
    at_store(parser, server=True)


def rollback(arguments: Namespace) -> int:
    place = context(arguments)
    name = place.name(arguments.name)
    with place.open() as store:
        info = store.rollback(name, arguments.version, cas=arguments.cas)
    if arguments.json:
        say_json({"name": name, **describe.version(info)})
    else:
        say(f"{name}: version {info.number}, with the value of version {arguments.version}")
    return 0


COMMANDS = {
    "history": Command(
        usage="NAME",
        text="List the versions of a secret, newest first.",
        examples="wellkept history DATABASE_URL\nwellkept history prod/billing/database --json",
        configure=configure_history,
        execute=history,
    ),
    "diff": Command(
        usage="NAME [V1 [V2]]",
        text="""\
Say which fields were added, removed and changed between two versions, never their values.
Both versions are read, so both reads are recorded.""",
        examples="""\
wellkept diff database            # the current version and the one before
wellkept diff database 3          # version 3 and the current one
wellkept diff database 3 5""",
        configure=configure_diff,
        execute=diff,
    ),
    "rollback": Command(
        usage="NAME VERSION [--cas N]",
        text="""\
Write a new version with the value of an earlier one, so that it is the current value again.
No version is lost.""",
        examples="wellkept rollback DATABASE_URL 3\nwellkept rollback DATABASE_URL 3 --cas 5",
        configure=configure_rollback,
        execute=rollback,
    ),
}
