"""``delete``, ``undelete``, ``destroy``: versions put away, brought back, and gone for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Command, at_store, natural
from .context import context
from .output import note, say, say_json
from .usage import Usage

if TYPE_CHECKING:
    from argparse import Namespace

    from .command import Parser


def configure_delete(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which secret")
    parser.add_argument(
        "versions",
        metavar="VERSION",
        type=natural,
        nargs="*",
        help="which versions (default: the current one)",
    )
    at_store(parser, server=True)


def delete(arguments: Namespace) -> int:
    if arguments.server and not arguments.versions:
        from .remote.paths import deleted

        answered = deleted(arguments)
        if answered is not None:
            return answered
    place = context(arguments)
    name = place.name(arguments.name)
    with place.open() as store:
        store.delete(name, arguments.versions or None)
    what = _versions(arguments.versions) if arguments.versions else "the current version"
    _done(arguments, name, "deleted", f"{what} deleted; `wellkept undelete` brings it back")
    return 0


def configure_undelete(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which secret")
    parser.add_argument(
        "versions",
        metavar="VERSION",
        type=natural,
        nargs="*",
        help="which versions (default: the latest deleted one)",
    )
    at_store(parser, server=True)


def undelete(arguments: Namespace) -> int:
    place = context(arguments)
    name = place.name(arguments.name)
    with place.open() as store:
        versions = arguments.versions
        if not versions:
            deleted = [
                info.number
                for info in store.history(name)
                if info.deleted is not None and info.destroyed is None
            ]
            if not deleted:
                raise Usage(f"{name} has no deleted version")
            versions = [max(deleted)]
        store.undelete(name, versions)
    _done(arguments, name, "undeleted", f"{_versions(versions)} brought back")
    return 0


def configure_destroy(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="which secret")
    parser.add_argument("versions", metavar="VERSION", type=natural, nargs="*", help="which versions")
    parser.add_argument(
        "--all", action="store_true", help="the whole secret: every version, its metadata, its name"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    at_store(parser, server=True)


def destroy(arguments: Namespace) -> int:
    from .prompt import confirm

    if bool(arguments.versions) == arguments.all:
        raise Usage("say which versions to destroy, or --all for the whole secret")
    place = context(arguments)
    name = place.name(arguments.name)
    what = f"{name} with all its versions" if arguments.all else f"{_versions(arguments.versions)} of {name}"
    if not confirm(f"destroy {what} for good?", yes=arguments.yes):
        note("nothing was destroyed")
        return 1
    with place.open() as store:
        if arguments.all:
            store.purge(name)
        else:
            store.destroy(name, arguments.versions)
    _done(
        arguments,
        name,
        "destroyed",
        "destroyed" if arguments.all else f"{_versions(arguments.versions)} destroyed",
    )
    return 0


def _done(arguments: Namespace, name: str, outcome: str, text: str) -> None:
    if arguments.json:
        say_json({"name": name, "versions": arguments.versions, "outcome": outcome})
    else:
        say(f"{name}: {text}")


def _versions(numbers: list[int]) -> str:
    return ("version " if len(numbers) == 1 else "versions ") + ", ".join(map(str, numbers))


COMMANDS = {
    "delete": Command(
        usage="NAME [VERSION ...]",
        text="Delete the current version of a secret, or those named. They can be brought back.",
        examples="wellkept delete DATABASE_URL\nwellkept delete DATABASE_URL 2 3",
        configure=configure_delete,
        execute=delete,
    ),
    "undelete": Command(
        usage="NAME [VERSION ...]",
        text="Bring deleted versions back.",
        examples="wellkept undelete DATABASE_URL\nwellkept undelete DATABASE_URL 2 3",
        configure=configure_undelete,
        execute=undelete,
    ),
    "destroy": Command(
        usage="NAME (VERSION ... | --all) [--yes]",
        text="""\
Remove the values of versions for good; their numbers and times stay in the history. With --all
the secret goes as a whole. Asks first. Backups made before still have the values.""",
        examples="wellkept destroy DATABASE_URL 1 2\nwellkept destroy DATABASE_URL --all --yes",
        configure=configure_destroy,
        execute=destroy,
    ),
}
