"""``set``: write a secret. Its value is typed without echo, or comes from stdin or a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..core.model import MAX_VALUE
from ..errors import InvalidRequest, NotFound
from . import describe, files
from .command import Command, at_store, number
from .context import context
from .output import say, say_json
from .usage import Usage

if TYPE_CHECKING:
    from argparse import Namespace

    from ..core.local import LocalStore
    from .command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument(
        "name", metavar="NAME", help="which secret; NAME#FIELD writes one field of a JSON object"
    )
    value = parser.add_argument_group("where the value comes from (default: asked for, or stdin)")
    value.add_argument("--file", metavar="FILE", help="a file, byte for byte; '-' for stdin, byte for byte")
    value.add_argument(
        "--insist-value",
        metavar="VALUE",
        help="this argument; it stays in the shell's history and is seen by `ps`",
    )
    value.add_argument(
        "--json-object", action="store_true", help="the value is a JSON object: a secret with fields"
    )
    value.add_argument("--binary", action="store_true", help="the value is bytes, not text")
    value.add_argument("--empty", action="store_true", help="an empty value is meant")
    version = parser.add_argument_group("about this version")
    version.add_argument("--expires", metavar="WHEN", help="not readable after: 30d, 12h, 2027-01-31")
    version.add_argument("--not-before", metavar="WHEN", help="not readable before")
    version.add_argument(
        "--cas", metavar="N", type=number, help="only if the current version is N; 0: if there is none"
    )
    version.add_argument(
        "--stage", metavar="LABEL", action="append", default=[], help="put a label on it; repeatable"
    )
    about = parser.add_argument_group("about the secret")
    about.add_argument("--description", metavar="TEXT", help="what it is for")
    about.add_argument("--owner", metavar="WHO", help="whom to ask")
    about.add_argument("--tag", metavar="KEY=VALUE", action="append", default=[], help="a tag; repeatable")
    at_store(parser, server=True)


def execute(arguments: Namespace) -> int:
    place = context(arguments)
    named = place.field(arguments.name)
    if named.field is not None and (arguments.json_object or arguments.binary):
        raise Usage("a field is text; leave out --json-object and --binary")
    value = _value(arguments, named.name)
    with place.open() as store:
        info = _write(store, named.name, named.field, value, arguments)
        changes = _about(arguments)
        if changes:
            store.set_metadata(named.name, **changes)
    if arguments.json:
        say_json({"name": named.name, **describe.version(info)})
    else:
        say(f"{named.name}: version {info.number}")
    return 0


def _write(store: LocalStore, name: str, field: str | None, value: Any, arguments: Namespace) -> Any:
    from ..clock import SYSTEM
    from .durations import moment

    if field is not None:
        if arguments.expires or arguments.not_before or arguments.stage:
            raise Usage("--expires, --not-before and --stage belong to a whole version, not to a field")
        return _patch(store, name, {field: value}, arguments.cas)
    now = SYSTEM.time()
    return store.write(
        name,
        value,
        cas=arguments.cas,
        expires=None if arguments.expires is None else moment(arguments.expires, now),
        not_before=None if arguments.not_before is None else moment(arguments.not_before, now),
        stages=tuple(arguments.stage),
    )


def _patch(store: LocalStore, name: str, fields: dict[str, Any], cas: int | None) -> Any:
    """The secret with ``fields`` changed; a new one when there is none, and none came into being meanwhile."""
    try:
        return store.patch(name, fields, cas=cas)
    except NotFound:
        if cas:
            raise
    return store.write(name, fields, cas=0)


def _about(arguments: Namespace) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if arguments.description is not None:
        changes["description"] = arguments.description
    if arguments.owner is not None:
        changes["owner"] = arguments.owner
    if arguments.tag:
        changes["tags"] = tags(arguments.tag)
    return changes


def tags(typed: list[str]) -> dict[str, str]:
    """``KEY=VALUE`` words as a mapping. Raises ``Usage``."""
    pairs = [word.partition("=") for word in typed]
    if any(not key or not equals for key, equals, _ in pairs):
        raise Usage("a tag is written KEY=VALUE")
    return {key: value for key, _, value in pairs}


def _value(arguments: Namespace, name: str) -> Any:
    """The value: text, bytes or a JSON object. Raises ``InvalidRequest`` when it is not what it should be."""
    content = _content(arguments, name)
    if not content and not arguments.empty:
        raise InvalidRequest(
            f"{name}: the value is empty, so nothing was written; add --empty if that is meant"
        )
    if arguments.json_object:
        from ..formats.jsonfile import read_object

        return read_object(content, "the value")
    if arguments.binary:
        return content
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass  # raised outside, because the error holds the value
    raise InvalidRequest(f"{name}: the value is not UTF-8 text; add --binary if it is meant to be bytes")


def _content(arguments: Namespace, name: str) -> bytes:
    if arguments.insist_value is not None:
        if arguments.file is not None:
            raise Usage("--file and --insist-value exclude each other")
        text: str = arguments.insist_value
        return text.encode("utf-8", "surrogateescape")
    if arguments.file is not None:
        return files.read(arguments.file, MAX_VALUE)
    if sys.stdin.isatty():
        from .prompt import ask_hidden

        return ask_hidden(f"value of {name}", again=True).encode("utf-8", "surrogateescape")
    content = files.read(files.STDIN, MAX_VALUE + 2)
    return content if arguments.binary else without_line_end(content)


def without_line_end(content: bytes) -> bytes:
    """``echo`` and its like end what they print; that line end is not part of the value."""
    if content.endswith(b"\r\n"):
        return content[:-2]
    return content.removesuffix(b"\n")


COMMANDS = {
    "set": Command(
        usage="NAME [--file FILE] [--json-object | --binary] [--expires WHEN] [--cas N] [...]",
        text="""\
Write a secret. The value is asked for without echo, twice; or it is read from stdin, of which
one line end at the end is dropped; or from a file, byte for byte. It is never taken from an
argument, where the shell's history and every `ps` would have it, unless you insist.""",
        examples="""\
wellkept set DATABASE_URL
pass show db | wellkept set DATABASE_URL
wellkept set TLS_KEY --file key.pem --expires 90d --owner platform@example.com
wellkept set database --json-object < database.json
wellkept set database#password --env prod
wellkept set DATABASE_URL --cas 3          # only if the current version is 3""",
        configure=configure,
        execute=execute,
    )
}
