"""``completion``: scripts that ask ``wellkept completion words`` what could come next, so they never age."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Command, Parser, build
from .output import say
from .table import COMMANDS as TABLE

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

SCRIPTS = {
    "bash": """\
_wellkept() {
    local IFS=$'\\n' word=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=($(wellkept completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    [[ ${COMPREPLY-} == */ ]] && compopt -o nospace
    [[ -n ${COMPREPLY-} || $word == -* ]] || COMPREPLY=($(compgen -f -- "$word"))
}
complete -F _wellkept wellkept wk
""",
    "zsh": """\
#compdef wellkept wk
_wellkept() {
    local -a found
    found=("${(@f)$(wellkept completion words -- "${(@)words[2,$CURRENT]}" 2>/dev/null)}")
    if [[ -n ${found[1]} ]]; then compadd -- $found; else _files; fi
}
compdef _wellkept wellkept wk
""",
    "fish": """\
function __wellkept_words
    set -l words (commandline -opc) (commandline -ct)
    wellkept completion words -- $words[2..] 2>/dev/null
end
complete -c wellkept -a '(__wellkept_words)'
complete -c wk -a '(__wellkept_words)'
""",
}

NAMED = frozenset({"get", "set", "metadata", "history", "diff", "rollback", "delete", "undelete", "destroy"})
"""Commands whose first argument is a secret's name."""
LISTED = frozenset({"--only", "--set", "--name"})
"""Options whose argument is one."""


def configure(parser: Parser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=[*SCRIPTS, "words"], help="bash, zsh or fish")
    parser.add_argument(
        "words", metavar="WORD", nargs="*", help="for the scripts: what has been typed so far"
    )


def execute(arguments: Namespace) -> int:
    if arguments.shell != "words":
        say(SCRIPTS[arguments.shell].rstrip("\n"))
        return 0
    for word in candidates(arguments.words or [""]):
        say(word)
    return 0


def candidates(words: list[str]) -> list[str]:
    """What could stand in place of the last of ``words``."""
    *before, last = words
    if not before:
        return _starting(last, dict.fromkeys(name.partition(" ")[0] for name in [*TABLE, "help"]))
    if len(before) == 1 and before[0] not in TABLE:
        return _starting(last, (name.partition(" ")[2] for name in TABLE if name.startswith(before[0] + " ")))
    from .dispatch import find, load

    try:
        name, rest = find(before)
        parser = build(name, load(name))
    except Exception:
        return []  # not a command that we know: nothing to offer
    if last.startswith("-"):
        return _starting(last, _options(parser))
    if rest and rest[-1] in ("-e", "--env"):
        return _starting(last, _environments())
    if (rest and rest[-1] in LISTED) or (
        name in NAMED and not [word for word in rest if not word.startswith("-")]
    ):
        return _starting(last, _names(last))
    for action in parser._actions:
        if action.choices and (not action.option_strings or (rest and rest[-1] in action.option_strings)):
            return _starting(last, map(str, action.choices))
    return []


def _starting(text: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(text)]


def _options(parser: Parser) -> list[str]:
    return [
        option for action in parser._actions for option in action.option_strings if option.startswith("--")
    ]


def _environments() -> list[str]:
    from .context import context

    try:
        return context(None).environments()
    except Exception:
        return []  # completion never complains


def _names(typed: str) -> list[str]:
    """Names at the store, without ever asking for a passphrase: short ones, or whole ones once there is a slash."""
    from .context import context

    try:
        place = context(None)
        with place.open(may_ask=False) as store:
            if "/" in typed:
                folder = typed.rpartition("/")[0].lstrip("/")
                return [f"{folder}/{child}" for child in store.list(folder)]
            start = f"{place.prefix}/" if place.prefix else ""
            return [name.removeprefix(start) for name in store.walk(start)]
    except Exception:
        return []  # completion never complains


COMMANDS = {
    "completion": Command(
        usage="bash|zsh|fish",
        text="Print a completion script. Names of secrets are completed as well, from the store's list.",
        examples="""\
source <(wellkept completion bash)                                   # in ~/.bashrc
wellkept completion zsh > "${fpath[1]}/_wellkept"
wellkept completion fish > ~/.config/fish/completions/wellkept.fish""",
        configure=configure,
        execute=execute,
    )
}
