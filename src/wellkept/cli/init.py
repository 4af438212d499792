"""``init``: a store, its key, ``wellkept.toml``, ``.gitignore``, and the commit hook if wanted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest
from . import hook
from .command import Command
from .output import say, say_json
from .prompt import chosen_passphrase, confirm, has_terminal

if TYPE_CHECKING:
    from argparse import Namespace

    from ..barrier.seals import Seal
    from .command import Parser

CONFIG = "wellkept.toml"
IGNORED = (".wellkept/", ".env", ".env.*", "!.env.example", "!.env.sample", "!.env.template")
IGNORED_BECAUSE = "# secrets: the encrypted store stays local, plaintext never gets in"


def configure(parser: Parser) -> None:
    parser.add_argument(
        "directory", metavar="DIRECTORY", nargs="?", default=".", help="the project's directory"
    )
    parser.add_argument("--store", metavar="PATH", help="where the store goes (default: DIRECTORY/.wellkept)")
    parser.add_argument("--project", metavar="NAME", help="name in wellkept.toml (default: the directory's)")
    seal = parser.add_mutually_exclusive_group()
    seal.add_argument(
        "--passphrase", action="store_true", help="unseal by a passphrase instead of a key file"
    )
    seal.add_argument(
        "--passphrase-file", metavar="FILE", help="unseal by the passphrase in FILE; '-' for stdin"
    )
    seal.add_argument(
        "--key-file", metavar="FILE", help="where the key file goes (default: ~/.config/wellkept/keys)"
    )
    commit = parser.add_mutually_exclusive_group()
    commit.add_argument("--hook", action="store_true", default=None, help="install the git pre-commit hook")
    commit.add_argument("--no-hook", dest="hook", action="store_false", help="do not, and do not ask")
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(arguments: Namespace) -> int:
    directory = os.path.abspath(arguments.directory)
    if not os.path.isdir(directory):
        raise InvalidRequest(f"{directory} is no directory")
    store = os.path.abspath(arguments.store or os.path.join(directory, ".wellkept"))
    project = arguments.project or project_name(directory)
    done: dict[str, Any] = {"store": store, "project": project}
    done |= _create_store(store, arguments)
    done["config"] = _write_config(directory, project, store)
    done["gitignore"] = _ignore(directory)
    done["hook"] = _hook(directory, arguments.hook)
    if arguments.json:
        say_json(done)
    else:
        _report(done)
    return 0


def project_name(directory: str) -> str:
    """The directory's name as a segment of a secret's name: ``My Shop`` gives ``my-shop``."""
    base = os.path.basename(directory).lower()
    kept = "".join(char if char.isalnum() or char in "._-" else "-" for char in base).strip("-.")
    return kept or "app"


def _create_store(store: str, arguments: Namespace) -> dict[str, Any]:
    from ..core.local import create_store
    from ..core.unlock import KEY_FILE, default_key_path

    if os.path.lexists(os.path.join(store, "store.db")):
        raise InvalidRequest(f"there is a store in {store} already; nothing was changed")
    seal: Seal | None = None
    by_passphrase = arguments.passphrase or arguments.passphrase_file is not None
    if by_passphrase:
        from ..barrier.seals.passphrase import PassphraseSeal

        passphrase = chosen_passphrase(arguments.passphrase_file, "passphrase", environment=True)
        seal = PassphraseSeal(lambda: passphrase)
    elif arguments.key_file:
        from ..barrier.seals.keyfile import KeyFileSeal

        seal = KeyFileSeal.create(arguments.key_file)
    with create_store(store, seal) as made:
        default = default_key_path(made.store_id)
    if by_passphrase:
        return {"seal": "passphrase", "key_file": None, "key_variable": None}
    key = os.path.abspath(arguments.key_file or os.environ.get(KEY_FILE) or default)
    return {"seal": "keyfile", "key_file": key, "key_variable": None if key == default else KEY_FILE}


def _write_config(directory: str, project: str, store: str) -> str | None:
    path = os.path.join(directory, CONFIG)
    if os.path.exists(path):
        return None
    relative = os.path.relpath(store, directory)
    shown = store if relative.startswith("..") else relative
    with open(path, "x", encoding="utf-8") as file:
        file.write(config_text(project, shown))
    return path


def config_text(project: str, store: str) -> str:
    """What a new ``wellkept.toml`` says."""
    return f"""\
# Where secrets come from, in each environment; none in here, so commit it. See docs/environments.md.
project = {_toml(project)}
store = {_toml(store)}
default_env = "dev"

# An environment that says nothing reads the store, below ENV/{project}. Another source:
# [env.ci]
# source = "env:"
"""


def _toml(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _ignore(directory: str) -> list[str]:
    """Add what is missing to ``.gitignore``; the lines added."""
    path = os.path.join(directory, ".gitignore")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            content = file.read()
    except FileNotFoundError:
        content = ""
    present = {line.strip() for line in content.splitlines()}
    present |= {line.removeprefix("/") for line in present} | {line.rstrip("/") for line in present}
    missing = [line for line in IGNORED if line not in present and line.rstrip("/") not in present]
    if missing:
        with open(path, "a", encoding="utf-8") as file:
            file.write("\n" if content and not content.endswith("\n") else "")
            file.write("\n".join([IGNORED_BECAUSE, *missing]) + "\n")
    return missing


def _hook(directory: str, wanted: bool | None) -> str | None:
    if wanted is False:
        return None
    repository = hook.repository(directory)
    if repository is None:
        return None
    if wanted is None and not (has_terminal() and confirm("install the git pre-commit hook?", yes=False)):
        return None
    return hook.install(repository)


def _report(done: dict[str, Any]) -> None:
    say(f"store       {done['store']}")
    if done["key_file"]:
        say(f"key         {done['key_file']}")
        say(
            "            whoever has it can read the store; keep a copy in a safe place, and never beside a backup"
        )
        if done["key_variable"]:
            say(
                f"            it is found by {done['key_variable']} only: export {done['key_variable']}={done['key_file']}"
            )
    else:
        say("key         your passphrase; nobody can recover it")
    say(f"config      {done['config'] or 'wellkept.toml was there already, and was left as it is'}")
    say(f".gitignore  {'added ' + ', '.join(done['gitignore']) if done['gitignore'] else 'nothing to add'}")
    say(f"hook        {done['hook'] or 'none (wellkept init --hook, later: wellkept hook install)'}")
    say()
    say("next: wellkept import .env, or wellkept set NAME")


COMMANDS = {
    "init": Command(
        usage="[DIRECTORY] [--passphrase | --passphrase-file FILE | --key-file FILE] [--hook | --no-hook]",
        text="""\
Create an encrypted store in DIRECTORY/.wellkept, the key file that unseals it (outside of the
project, mode 0600), and wellkept.toml; add what must not be committed to .gitignore; and offer
a git pre-commit hook that refuses .env files, keys, and values that the store knows.""",
        examples="""\
wellkept init
wellkept init --passphrase
wellkept init --passphrase-file /run/keys/shop.passphrase
wellkept init --hook --key-file /run/keys/shop.key""",
        configure=configure,
        execute=execute,
    )
}
