"""``import``: the secrets of a file into an environment, all of them or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .. import formats
from ..errors import NotFound, WellkeptError
from ..formats.text import listing
from . import files
from .command import Command, at_store
from .context import context
from .output import note, progress, say, say_json
from .usage import Usage

if TYPE_CHECKING:
    from argparse import Namespace

    from ..core.local import LocalStore
    from ..core.model import Version
    from .command import Parser


class Plan(NamedTuple):
    """What an import will do: values to write, and names by what becomes of them."""

    values: dict[str, Any]
    new: list[str]
    changed: list[str]
    unchanged: list[str]
    empty: list[str]


def configure(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="the file; '-' for stdin; or vault://HOST:PORT/MOUNT")
    parser.add_argument(
        "--format", metavar="FORMAT", help="env, json, yaml, toml (default: by the file's name)"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    at_store(parser)


def execute(arguments: Namespace) -> int:
    from .import_vault import is_server

    if is_server(arguments.file):
        from . import import_vault

        return import_vault.execute(arguments, context(arguments))
    kind = arguments.format
    if kind is None:
        if arguments.file == files.STDIN:
            raise Usage("say the --format of what comes on stdin")
        kind = formats.detect(arguments.file)
    shown = "stdin" if arguments.file == files.STDIN else arguments.file
    items = formats.read(files.read(arguments.file, formats.MAX_FILE), kind, shown)
    place = context(arguments)
    with place.open() as store:
        plan = make_plan(store, items, place.prefix)
        if plan.values and not arguments.dry_run:
            store.write_many(plan.values, progress=progress("written"))
    _report(arguments, plan, place.prefix, shown)
    return 0


def make_plan(store: LocalStore, items: list[formats.Item], prefix: str) -> Plan:
    """What to write, compared with what is there. Raises ``InvalidRequest`` for a name no secret can have."""
    from ..core.paths import check_name

    wanted: dict[str, Any] = {}
    empty: list[str] = []
    for item in items:
        name = check_name(f"{prefix}/{item.name}" if prefix else item.name)
        if item.value is None:
            wanted.pop(name, None)
            empty.append(name)
        else:
            wanted[name] = item.value
    plan = Plan({}, [], [], [], [name for name in empty if name not in wanted])
    for name, found in store.read_many(list(wanted)).items():
        if isinstance(found, NotFound):
            plan.new.append(name)
        elif isinstance(found, WellkeptError):
            raise found
        elif holds(found, wanted[name]):
            plan.unchanged.append(name)
            continue
        else:
            plan.changed.append(name)
        plan.values[name] = wanted[name]
    return plan


def holds(found: Version, value: Any) -> bool:
    """Whether a stored version is this value: the same text, the same bytes, or an equal JSON object."""
    secret = found.secret
    if isinstance(value, dict):
        try:
            return _canonical(secret.reveal_json()) == _canonical(value)
        except WellkeptError:
            return False
    wanted = value if isinstance(value, bytes) else value.encode("utf-8")
    return bool(secret.reveal_bytes() == wanted)


def _canonical(value: Any) -> str:
    """JSON text to compare by: in Python, ``1`` would equal ``true``."""
    import json

    return json.dumps(value, sort_keys=True)


def _report(arguments: Namespace, plan: Plan, prefix: str, shown: str) -> None:
    if plan.empty:
        note(f"{shown}: without a value, so not imported: {listing(plan.empty)}")
    if arguments.json:
        say_json(
            {
                "environment": prefix,
                "dry_run": arguments.dry_run,
                "new": plan.new,
                "changed": plan.changed,
                "unchanged": plan.unchanged,
                "without_value": plan.empty,
            }
        )
        return
    would = "would be " if arguments.dry_run else ""
    if arguments.dry_run:
        for word, names in (("new", plan.new), ("changed", plan.changed), ("unchanged", plan.unchanged)):
            for name in names:
                say(f"  {word:<9} {name}")
    say(
        f"{prefix or 'the store'}: {would}imported {len(plan.values)} "
        f"({len(plan.new)} new, {len(plan.changed)} changed), {len(plan.unchanged)} unchanged"
    )
    if plan.values and not arguments.dry_run and arguments.file != files.STDIN:
        note(
            f"{shown} still holds them in the clear; remove it once the application runs with `wellkept run`"
        )


COMMANDS = {
    "import": Command(
        usage="FILE [--env ENV] [--format env|json|yaml|toml] [--dry-run]",
        text="""\
Write the secrets of a file into an environment: all of them, or none when anything is wrong.
A .env file gives the values that python-dotenv gives. Objects in JSON, YAML and TOML become
secrets with fields. What is stored already is skipped.

From vault://HOST:PORT/MOUNT come all secrets of a server's KV engine with their versions, times
and metadata, under the names they have there (with --env below that environment's prefix). What
is here already is left alone, so an import that was broken off can be run again.""",
        examples="""\
wellkept import .env
wellkept import .env.production --env prod --dry-run
wellkept import secrets.yaml --env staging
VAULT_TOKEN=... wellkept import vault://vault.example:8200/secret
sops -d secrets.json | wellkept import - --format json""",
        configure=configure,
        execute=execute,
    )
}
