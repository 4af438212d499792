"""``Rule``: one kind of credential, and how rules are read from TOML, merged and switched off."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError
from .finding import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BUILTIN = os.path.join(os.path.dirname(__file__), "rules")
"""The folder with our own rules."""


class Rule(NamedTuple):
    """One ``[[rule]]`` table.

    ``pattern`` is a regular expression in the subset that Vectorscan and RE2 share (no look-around, no back
    references), over bytes; the group ``secret``, else group 1, else the whole match is the secret.
    ``keywords`` are lower-case literals, one of which must stand within ``context`` bytes of the match;
    ``near`` is a pattern that must match there. ``entropy`` is the least Shannon entropy of the secret in bits
    per character. ``check`` names a function of ``scanning.checks``; ``generic`` rules are judged by their
    context. ``path`` is a pattern on the file's name; ``allow`` are patterns on the secret that dismiss it.
    ``confidence`` is that of a match with nothing else known, from 0 to 1. ``positive`` and ``negative`` are
    examples, still in the split form that keeps live-looking tokens out of this repository.
    """

    id: str
    name: str
    provider: str
    pattern: str
    keywords: tuple[str, ...] = ()
    entropy: float = 0.0
    check: str = ""
    generic: bool = False
    path: str = ""
    near: str = ""
    context: int = 128
    grants: str = ""
    severity: str = "high"
    confidence: float = 0.8
    revoke: str = ""
    verify: str = ""
    allow: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    def examples(self) -> tuple[list[bytes], list[bytes]]:
        """The positive and negative examples, expanded."""
        from importlib import import_module

        expand = import_module(f"{__package__}.examples").expand
        return [expand(text) for text in self.positive], [expand(text) for text in self.negative]


_TEXT = frozenset(
    {"id", "name", "provider", "pattern", "check", "path", "near", "grants", "severity", "revoke", "verify"}
)
_LISTS = frozenset({"keywords", "allow", "tags", "positive", "negative"})
_NUMBERS = frozenset({"entropy", "confidence"})


def load_builtin() -> list[Rule]:
    """Our own rules, in the order of their ids."""
    return load(BUILTIN)


def load(path: str, onto: Sequence[Rule] = ()) -> list[Rule]:
    """The rules of a TOML file, or of every ``*.toml`` of a folder, merged over ``onto``; sorted by id.

    A table with the id of an existing rule changes only the keys it names; ``disabled = true`` takes the rule
    away; a new id needs ``pattern``. A top-level ``disabled = ["id", ...]`` takes away several. Raises
    ``ConfigError`` naming file, rule and key.
    """
    rules = {rule.id: rule for rule in onto}
    for name in _files(path):
        _merge(rules, _parse(name), name)
    return [rules[key] for key in sorted(rules)]


def digest(rules: Iterable[Rule]) -> str:
    """A hexadecimal digest of all that decides what is found: changes whenever a rule does."""
    from hashlib import sha256

    state = sha256()
    for rule in rules:
        state.update(repr(rule[:-2]).encode("utf-8", "surrogatepass"))
    return state.hexdigest()


def _files(path: str) -> list[str]:
    try:
        if not os.path.isdir(path):
            return [path]
        return sorted(os.path.join(path, name) for name in os.listdir(path) if name.endswith(".toml"))
    except OSError as error:
        reason = error.strerror
    raise ConfigError(f"cannot read the rules in {path!r}: {reason}")


def _parse(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        problem = f"cannot read the rules in {path!r}: {error.strerror}"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = f"{path!r} is not valid TOML: {error}"
    raise ConfigError(problem)


def _merge(rules: dict[str, Rule], document: dict[str, Any], source: str) -> None:
    tables = document.get("rule", [])
    off = document.get("disabled", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{source!r}: rules are written as [[rule]] tables")
    if not isinstance(off, list) or not all(isinstance(name, str) for name in off):
        raise ConfigError(f'{source!r}: "disabled" is a list of rule ids')
    seen: set[str] = set()
    for table in tables:
        name = table.get("id")
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{source!r}: a [[rule]] has no id")
        if name in seen:
            raise ConfigError(f"{source!r}: rule {name!r} stands there twice")
        seen.add(name)
        if table.get("disabled", False) is True:
            off = [*off, name]
            continue
        rules[name] = _build(table, rules.get(name), f"{source!r}: rule {name!r}")
    for name in off:
        if rules.pop(name, None) is None:
            raise ConfigError(f"{source!r}: there is no rule {name!r} to switch off")


def _build(table: dict[str, Any], old: Rule | None, where: str) -> Rule:
    values = {key: _value(key, value, where) for key, value in table.items() if key != "disabled"}
    if old is not None:
        return old._replace(**values)
    if not values.get("pattern"):
        raise ConfigError(f"{where} has no pattern")
    return Rule(**{"name": values["id"], "provider": "", **values})


def _value(key: str, value: Any, where: str) -> Any:
    if key in _LISTS:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(item.lower() for item in value) if key == "keywords" else tuple(value)
        raise ConfigError(f"{where}: {key!r} is a list of strings")
    if key in _NUMBERS:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 8:
            return float(value)
        raise ConfigError(f"{where}: {key!r} is a number")
    if key == "generic":
        if isinstance(value, bool):
            return value
        raise ConfigError(f"{where}: 'generic' is true or false")
    if key == "context":
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4096:
            return value
        raise ConfigError(f"{where}: 'context' is a number of bytes, at most 4096")
    if key not in _TEXT:
        raise ConfigError(f"{where}: there is no key {key!r}")
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {key!r} is a string")
    if key == "severity" and value not in SEVERITIES:
        raise ConfigError(f"{where}: 'severity' is one of {', '.join(SEVERITIES)}")
    return value
