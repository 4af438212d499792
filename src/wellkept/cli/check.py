"""``check`` and ``example``: an application's settings, before it starts."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, SecretError
from .command import Command, at_store
from .context import context
from .output import say, say_json, table
from .values import names_in

if TYPE_CHECKING:
    from argparse import Namespace

    from ..sources.base import Source
    from .command import Parser


def configure_check(parser: Parser) -> None:
    parser.add_argument(
        "settings", metavar="MODULE:CLASS", nargs="?", help="a settings class (default: every secret)"
    )
    at_store(parser)


def check(arguments: Namespace) -> int:
    place = context(arguments)
    source = place.source()
    if arguments.settings is None:
        return _readable(source, place.env, arguments.json)
    from ..errors import SettingsError
    from ..settings.problems import report

    found = settings_class(arguments.settings)
    try:
        found.load(source)
    except SettingsError as error:
        problems = error
    else:
        _ok(
            f"{arguments.settings}: every setting of environment {place.env} is valid",
            place.env,
            arguments.json,
        )
        return 0
    if arguments.json:
        say_json({"ok": False, "environment": place.env, "problems": problems.errors()})
    else:
        report(problems, sys.stderr)
    return ConfigError.exit_code


def _readable(source: Source, env: str, as_json: bool) -> int:
    """Every secret that is listed can be read."""
    names = names_in(source)
    answers = source.read_many(names)
    failures = {name: answer for name, answer in answers.items() if isinstance(answer, SecretError)}
    if not failures:
        _ok(f"environment {env}: {len(names)} secrets, all readable", env, as_json)
        return 0
    if as_json:
        problems = [
            {"field": "", "name": name, "reason": type(error).__name__, "where": source.url}
            for name, error in failures.items()
        ]
        say_json({"ok": False, "environment": env, "problems": problems})
    else:
        table(("NAME", "PROBLEM"), ((name, error) for name, error in failures.items()))
    return ConfigError.exit_code


def _ok(text: str, env: str, as_json: bool) -> None:
    if as_json:
        say_json({"ok": True, "environment": env, "problems": []})
    else:
        say(text)


def configure_example(parser: Parser) -> None:
    parser.add_argument("settings", metavar="MODULE:CLASS", help="a settings class")
    parser.add_argument("--schema", action="store_true", help="a JSON schema instead of .env.example")


def example(arguments: Namespace) -> int:
    found = settings_class(arguments.settings)
    from .. import settings

    if arguments.schema:
        say_json(settings.json_schema(found))
    else:
        sys.stdout.write(settings.example(found))
    return 0


def settings_class(dotted: str) -> Any:
    """The class named ``module:Class``; modules are looked for in the working directory first."""
    try:
        import pydantic  # noqa: F401 - asked for here, or the application's own import would be blamed
    except ImportError:
        missing = True
    else:
        missing = False
    if missing:
        raise ConfigError("settings need pydantic: pip install 'wellkept[settings]'")
    from ..settings import from_dotted

    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    return from_dotted(dotted)


COMMANDS = {
    "check": Command(
        usage="[MODULE:CLASS] [--env ENV]",
        text="""\
Validate an application's settings without starting it: every problem at once, by name and
reason, never by value. Without a class: whether every secret of the environment can be read.
The exit code is 78 when something is wrong.""",
        examples="wellkept check app.settings:AppSettings\nwellkept check app.settings:AppSettings --env prod\nwellkept check",
        configure=configure_check,
        execute=check,
    ),
    "example": Command(
        usage="MODULE:CLASS [--schema]",
        text="Print what an application needs: as .env.example, or as a JSON schema.",
        examples="wellkept example app.settings:AppSettings > .env.example\nwellkept example app.settings:AppSettings --schema",
        configure=configure_example,
        execute=example,
    ),
}
