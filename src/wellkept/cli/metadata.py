"""``metadata``: what is known about a secret besides its value; shown, or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import describe
from .command import Command, at_store, number
from .context import context
from .durations import seconds
from .output import clean, say, say_json
from .set_ import tags
from .usage import Usage

if TYPE_CHECKING:
    from argparse import Namespace

    from ..core.model import Metadata
    from .command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which secret")
    parser.add_argument("--description", metavar="TEXT", help="what it is for")
    parser.add_argument("--owner", metavar="WHO", help="whom to ask")
    parser.add_argument(
        "--tag", metavar="KEY=VALUE", action="append", default=[], help="add or change a tag; repeatable"
    )
    parser.add_argument(
        "--untag", metavar="KEY", action="append", default=[], help="remove a tag; repeatable"
    )
    parser.add_argument(
        "--custom",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="add or change custom metadata; repeatable",
    )
    parser.add_argument(
        "--uncustom", metavar="KEY", action="append", default=[], help="remove custom metadata"
    )
    parser.add_argument("--max-versions", metavar="N", type=number, help="how many versions are kept")
    parser.add_argument(
        "--delete-after", metavar="TIME", help="lifetime of new versions: 30d, 12h; 0 for no end"
    )
    cas = parser.add_mutually_exclusive_group()
    cas.add_argument("--cas-required", action="store_true", help="writes must say which version they replace")
    cas.add_argument("--no-cas-required", action="store_true", help="writes need not")
    at_store(parser, server=True)


def execute(arguments: Namespace) -> int:
    place = context(arguments)
    name = place.name(arguments.name)
    with place.open() as store:
        if _changing(arguments):
            store.set_metadata(name, **_changes(arguments, lambda: store.metadata(name)))
        found = store.metadata(name)
    data = describe.metadata(found)
    if arguments.json:
        say_json(data)
        return 0
    for key, value in data.items():
        say(f"{key.replace('_', ' '):<21} {_shown(value)}".rstrip())
    return 0


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{clean(key)}={clean(item)}" for key, item in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(value)


def _changing(arguments: Namespace) -> bool:
    options = ("description", "owner", "tag", "untag", "custom", "uncustom", "max_versions", "delete_after")
    return any(getattr(arguments, option) not in (None, []) for option in options) or (
        arguments.cas_required or arguments.no_cas_required
    )


def _changes(arguments: Namespace, current: Any) -> dict[str, Any]:
    changes: dict[str, Any] = {
        key: getattr(arguments, key)
        for key in ("description", "owner", "max_versions")
        if getattr(arguments, key) is not None
    }
    if arguments.delete_after is not None:
        changes["delete_version_after"] = seconds(arguments.delete_after)
    if arguments.cas_required or arguments.no_cas_required:
        changes["cas_required"] = bool(arguments.cas_required)
    wanted = (
        ("tags", arguments.tag, arguments.untag),
        ("custom_metadata", arguments.custom, arguments.uncustom),
    )
    if any(added or removed for _, added, removed in wanted):
        found: Metadata = current()
        for key, added, removed in wanted:
            if added or removed:
                changes[key] = _edited(getattr(found, key), added, removed)
    return changes


def _edited(was: Any, added: list[str], removed: list[str]) -> dict[str, str]:
    missing = [key for key in removed if key not in was]
    if missing:
        raise Usage(f"there is no {', '.join(missing)} to remove")
    return {**{key: value for key, value in was.items() if key not in removed}, **tags(added)}


COMMANDS = {
    "metadata": Command(
        usage="NAME [--description TEXT] [--owner WHO] [--tag KEY=VALUE] [--untag KEY] [...]",
        text="""\
Show what is known about a secret besides its value, or change it. What is not mentioned stays.
None of it is secret: it is printed by `list` and `history`.""",
        examples="""\
wellkept metadata DATABASE_URL
wellkept metadata DATABASE_URL --owner platform@example.com --tag tier=1
wellkept metadata DATABASE_URL --untag tier --max-versions 20
wellkept metadata API_TOKEN --delete-after 90d""",
        configure=configure,
        execute=execute,
    )
}
