"""``list``: names, never values."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import NotFound, WellkeptError
from . import describe
from .command import Command, at_store, natural
from .context import context
from .output import clean, moment, say, say_json, span, table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from ..core.local import LocalStore
    from .command import Parser

PAGE = 1000


def configure(parser: Parser) -> None:
    parser.add_argument(
        "folder", metavar="FOLDER", nargs="?", help="list its children (default: every secret)"
    )
    parser.add_argument("-r", "--recursive", action="store_true", help="everything below FOLDER")
    parser.add_argument(
        "-l", "--long", action="store_true", help="a table: version, state, age, updated, owner"
    )
    parser.add_argument("--limit", metavar="N", type=natural, help="at most N names")
    parser.add_argument("--after", metavar="NAME", default="", help="names that come after this one")
    at_store(parser, server=True)


def execute(arguments: Namespace) -> int:
    if arguments.server and arguments.folder:
        from .remote.paths import listed

        answered = listed(arguments)
        if answered is not None:
            return answered
    place = context(arguments)
    folder = arguments.folder
    if folder is None and arguments.env:
        folder = place.prefix
    elif folder is not None:
        folder = place.name(folder.rstrip("/") + "/").rstrip("/")
    with place.open() as store:
        names = list(_names(store, folder, arguments))
        if arguments.long:
            _long(store, [name for name in names if not name.endswith("/")], arguments.json)
            return 0
    if arguments.json:
        say_json(names)
    else:
        for name in names:
            say(clean(name))
    return 0


def _names(store: LocalStore, folder: str | None, arguments: Namespace) -> Iterator[str]:
    """Whole names; children that are folders end in a slash."""
    start = f"{folder}/" if folder else ""
    after = arguments.after.removeprefix(start)
    if folder is None or arguments.recursive or arguments.folder is None:
        return islice(walk(store, folder or "", after), arguments.limit)
    return (start + child for child in store.list(folder, after=after, limit=arguments.limit))


def walk(store: LocalStore, folder: str, after: str = "") -> Iterator[str]:
    """The whole names of the secrets below ``folder`` that come after ``after`` (relative to it), in order.

    Folders that come before it are not looked into, so a late page costs no more than an early one.
    """
    start = f"{folder}/" if folder else ""
    head, slash, rest = after.partition("/")
    if slash:
        yield from walk(store, start + head, rest)
    last = head + slash
    while page := store.list(folder, after=last, limit=PAGE):
        for child in page:
            if child.endswith("/"):
                yield from walk(store, start + child.rstrip("/"))
            else:
                yield start + child
        last = page[-1]


def _long(store: LocalStore, names: list[str], as_json: bool) -> None:
    from ..clock import SYSTEM

    now = SYSTEM.time()
    rows: list[dict[str, Any]] = []
    for name in names:
        try:
            found = store.metadata(name)
        except NotFound:
            continue  # removed while we were listing
        except WellkeptError as error:
            rows.append({"name": name, "error": type(error).__name__})
            continue
        current = next((version for version in found.versions if version.number == found.current), None)
        rows.append(
            {
                **describe.metadata(found),
                "state": "none" if current is None else describe.state(current, now),
                "age": None if current is None else now - current.created,
            }
        )
    if as_json:
        say_json(rows)
        return
    table(
        ("NAME", "VERSION", "STATE", "AGE", "UPDATED", "OWNER"),
        (
            (row["name"], "", row["error"], "", "", "")
            if "error" in row
            else (
                row["name"],
                row["version"] if row["version"] is not None else "-",
                row["state"],
                span(row["age"]),
                row["updated"] or moment(None),
                row["owner"],
            )
            for row in rows
        ),
        right=(1, 3),
    )


COMMANDS = {
    "list": Command(
        usage="[FOLDER] [-r] [--long] [--limit N] [--after NAME]",
        text="""\
List the names of secrets: every one, or the children of a folder (folders among them end in a
slash), or with --env those of an environment. With --long a table of current versions.
With --server, names are those of its KV engine, and a FOLDER that begins with a mount of the
server (secret/, sys/, auth/, ...) is a path of its API.""",
        examples="""\
wellkept list
wellkept list prod/
wellkept list prod/billing -r --long
wellkept list --env prod
wellkept list prod/ --limit 100 --after prod/billing/smtp
wellkept list prod/ --server https://vault.example:8200
wellkept list auth/approle/role --server https://vault.example:8200""",
        configure=configure,
        execute=execute,
    )
}
