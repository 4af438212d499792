"""``hook``: the git pre-commit hook, which is a line of shell, and what it calls."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

from ..config import FILE, STORE
from ..errors import ConfigError, NotFound, WellkeptError
from . import staged
from .command import Command, at_store
from .context import Place, context
from .output import note, say, say_json

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from ..core.local import LocalStore
    from .command import Parser
    from .staged import Finding

MARK = "# installed by wellkept"
HOOKS = {
    "pre-commit": (
        "hook pre-commit",
        "refuses to commit .env files, keys, values that the store knows, and what looks like a secret",
        ", or: git commit --no-verify",
    ),
    "pre-push": ('scan pre-push "$@"', "refuses to push secrets", ", or: git push --no-verify"),
    "pre-receive": ("scan pre-receive", "refuses to receive secrets", ""),
}
"""Name to what it runs, what it is for, and the way around it."""

PUBLIC_TAG = "public"
"""A secret with this tag set to ``yes`` is no secret to the hook: a host name, say, that came out of a .env."""


def configure_install(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def install_here(arguments: Namespace) -> int:
    directory = repository(os.getcwd())
    if directory is None:
        raise ConfigError("not inside a git repository; run `git init` first")
    path = install(directory)
    if arguments.json:
        say_json({"hook": path})
    else:
        say(f"installed {path}")
    return 0


def repository(directory: str) -> str | None:
    """The top of the git work tree around ``directory``, or ``None`` (also where there is no git)."""
    try:
        return _git(directory, "rev-parse", "--show-toplevel").decode().strip() or None
    except ConfigError:
        return None


def bare(directory: str) -> str | None:
    """``directory`` itself where it is a repository without a work tree, else ``None``."""
    try:
        return directory if _git(directory, "rev-parse", "--is-bare-repository").strip() == b"true" else None
    except ConfigError:
        return None


def install(directory: str, name: str = "pre-commit") -> str:
    """Write the hook where git looks for it; returns its path. Raises ``ConfigError`` rather than replace another's."""
    hooks = _git(directory, "rev-parse", "--git-path", "hooks").decode().strip()
    path = os.path.join(directory, hooks, name)
    if os.path.lexists(path) and not _ours(path):
        line = f"wellkept {HOOKS[name][0]} || exit 1"
        raise ConfigError(f"{path} is there already; add this line to it: {line}")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o755)
        file.write(script(sys.executable, name))
    _prepare()
    return path


def _prepare() -> None:
    """Compile the scanner's rules now, which takes some seconds once, rather than at the first commit."""
    from ..scanning.engine.cache import prepare

    try:
        prepare()
    except Exception:
        return  # the hook says what is wrong; installing it must not fail for this


def script(python: str, name: str = "pre-commit") -> str:
    """The hook. The interpreter that installed it stands in when no ``wellkept`` is on the path."""
    fallback = shlex.quote(python)
    command, what, otherwise = HOOKS[name]
    return f"""\
#!/bin/sh
{MARK}: {what}
if command -v wellkept >/dev/null 2>&1; then
    exec wellkept {command}
elif [ -x {fallback} ]; then
    exec {fallback} -m wellkept {command}
fi
echo 'wellkept: not found, so nothing was checked; install it{otherwise}' >&2
exit 1
"""


def _ours(path: str) -> bool:
    with open(path, encoding="utf-8", errors="replace") as file:
        return MARK in file.read(4096)


def configure_pre_commit(parser: Parser) -> None:
    at_store(parser)


def pre_commit(arguments: Namespace) -> int:
    directory = repository(os.getcwd())
    if directory is None:
        raise ConfigError("not inside a git repository")
    files = staged.files(lambda *words: _git(directory, *words))
    findings = [*staged.forbidden(files)]
    findings += _known_values(
        arguments, directory, [file for file in files if file.path not in {f.path for f in findings}]
    )
    if arguments.json:
        say_json({"ok": not findings, "findings": [finding._asdict() for finding in findings]})
    for finding in findings:
        note(f"{finding.path}: {finding.what}")
    if findings:
        note(
            "not committed. Take it out (git restore --staged FILE); or, knowing better: git commit --no-verify"
        )
        return 1
    from .scan.guard import refused

    return refused()


def _known_values(arguments: Namespace, directory: str, files: Sequence[staged.File]) -> list[Finding]:
    """Findings of the values of every store that the files lie beside or below."""
    findings: list[Finding] = []
    seen: set[str] = set()
    for start in _projects(directory, files):
        try:
            place = context(arguments) if start == directory else Place(start=start)
            if place.path not in seen and place.exists():
                seen.add(place.path)
                findings += _values_of(place, directory, files)
        except WellkeptError as error:
            note(f"looked at file names only, not for the store's values: {error}")
    return findings


def _projects(directory: str, files: Sequence[staged.File]) -> list[str]:
    """The repository's top, and each directory above one of the files that has a store or a configuration."""
    found = [directory] if files else []
    above = {parent for file in files for parent in staged.parents(file.path)}
    for relative in sorted(above):
        path = os.path.join(directory, relative)
        if any(os.path.lexists(os.path.join(path, name)) for name in (FILE, STORE)):
            found.append(path)
    return found


def _values_of(place: Place, directory: str, files: Sequence[staged.File]) -> list[Finding]:
    with place.open(may_ask=False) as store:
        answers = store.read_many(list(store.walk()))
        secrets = {
            name: answer.secret.reveal_bytes()
            for name, answer in answers.items()
            if not isinstance(answer, WellkeptError)
        }
        found = staged.search(files, secrets, lambda blob: _git(directory, "cat-file", "blob", blob))
        return [finding for finding in found if not _public(store, finding)]


def _public(store: LocalStore, finding: Finding) -> bool:
    try:
        return store.metadata(finding.secret).tags.get(PUBLIC_TAG) == "yes"
    except NotFound:
        return False


def _git(directory: str, *words: str) -> bytes:
    """What git prints. Raises ``ConfigError`` when it fails or is not installed."""
    try:
        done = subprocess.run(["git", *words], cwd=directory, capture_output=True, check=False)
    except FileNotFoundError:
        done = None
    if done is None:
        raise ConfigError("git is not installed")
    if done.returncode:
        raise ConfigError(f"git {words[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


COMMANDS = {
    "hook install": Command(
        usage="",
        text="Install the git pre-commit hook of this repository. Another hook that is there is left alone.",
        examples="wellkept hook install",
        configure=configure_install,
        execute=install_here,
    ),
    "hook pre-commit": Command(
        usage="",
        text="""\
Look at what is about to be committed, and refuse .env files, the store and its keys, any file that
holds a value of the store (plain, base64, hex, URL-encoded, or escaped otherwise), and whatever
`wellkept scan staged` finds. A value of the store that is none (a host name) is told by:
wellkept metadata NAME --tag public=yes""",
        examples="wellkept hook pre-commit\necho 'wellkept hook pre-commit || exit 1' >> .git/hooks/pre-commit",
        configure=configure_pre_commit,
        execute=pre_commit,
    ),
}
