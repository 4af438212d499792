"""Reads configuration files of gitleaks, so that rules and allow-lists written for it go on working here.

What is understood: ``[extend]`` (``useDefault``, ``path``, ``disabledRules``), ``[[rules]]`` with ``regex``,
``secretGroup``, ``entropy``, ``keywords``, ``path``, ``tags`` and their allow-lists, and global ``[allowlist]`` and
``[[allowlists]]`` with ``targetRules``, ``paths``, ``commits``, ``regexes``, ``stopwords``, ``regexTarget``,
``condition``. Rules that look only at a file's path, and ``required`` rules, have no counterpart: they are named in
``Configuration.left_out``, never dropped in silence.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError
from .rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

DEPTH = 2
"""How many files may extend one another, as in gitleaks."""

_TARGETS = ("secret", "match", "line")


class Allowance(NamedTuple):
    """One allow-list. ``rules`` are the ids it holds for, all when empty; ``every`` asks that all its kinds of
    condition fit, else one is enough; ``target`` is what ``regexes`` look at: secret, match or line."""

    description: str = ""
    rules: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    commits: frozenset[str] = frozenset()
    regexes: tuple[str, ...] = ()
    stopwords: tuple[str, ...] = ()
    target: str = "secret"
    every: bool = False

    def allows(
        self, *, rule: str, secret: bytes, match: bytes, line: bytes, path: str, commit: str | None = None
    ) -> bool:
        """Whether a finding is dismissed."""
        if self.rules and rule not in self.rules:
            return False
        text = {"secret": secret, "match": match, "line": line}[self.target]
        answers: list[bool] = []
        if self.paths:
            name = path.encode("utf-8", "surrogateescape")
            answers.append(any(_compiled(pattern.encode()).search(name) for pattern in self.paths))
        if self.commits:
            answers.append((commit or "").lower() in self.commits)
        if self.regexes:
            answers.append(any(_compiled(pattern.encode()).search(text) for pattern in self.regexes))
        if self.stopwords:
            lowered = secret.lower()
            answers.append(any(word.lower().encode() in lowered for word in self.stopwords))
        return bool(answers) and (all(answers) if self.every else any(answers))


class Configuration(NamedTuple):
    """What a file says. ``rules`` are complete records; ``disabled`` are ids of rules to switch off;
    ``use_default`` says that they stand beside the built-in rules."""

    rules: tuple[Rule, ...]
    allowances: tuple[Allowance, ...]
    disabled: frozenset[str]
    use_default: bool
    left_out: tuple[str, ...]

    def over(self, builtin: Iterable[Rule]) -> list[Rule]:
        """The rules to scan with: the built-in ones if the file extends them, its own over them, sorted by id."""
        merged = {rule.id: rule for rule in builtin} if self.use_default else {}
        merged.update((rule.id, rule) for rule in self.rules)
        return [merged[key] for key in sorted(merged) if key not in self.disabled]


def is_its(path: str) -> bool:
    """Whether a file is a configuration of gitleaks: its tables are ``[[rules]]``, ``[extend]``, ``[allowlist]``, and
    ours are ``[[rule]]``. False for what cannot be read: whoever loads it says why."""
    try:
        document = _parse(path) if os.path.isfile(path) else {}
    except ConfigError:
        return False
    return bool({"rules", "extend", "allowlist", "allowlists"} & document.keys()) and "rule" not in document


def load(path: str) -> Configuration:
    """Reads ``path`` and what it extends. Raises ``ConfigError`` for what gitleaks would refuse as well."""
    return _load(path, 0)


def _load(path: str, depth: int) -> Configuration:
    document = _parse(path)
    extend = _table(document, "extend", path)
    rules: dict[str, Rule] = {}
    allowances: list[Allowance] = []
    left_out: list[str] = []
    use_default = extend.get("useDefault") is True
    disabled = set(_texts(extend, "disabledRules", path))
    base = extend.get("path")
    if isinstance(base, str) and base:
        if depth + 1 > DEPTH:
            raise ConfigError(f"{path!r}: more than {DEPTH} files extend one another")
        found = _load(os.path.join(os.path.dirname(path), base), depth + 1)
        rules.update((rule.id, rule) for rule in found.rules)
        allowances += found.allowances
        left_out += found.left_out
        disabled |= found.disabled
        use_default = use_default or found.use_default
    for table in _tables(document, "rules", path):
        _read_rule(table, path, rules, allowances, left_out)
    for key in ("allowlist", "allowlists"):
        for table in _tables(document, key, path):
            allowances.append(_allowance(table, frozenset(_texts(table, "targetRules", path)), path))
    kept = tuple(rule for name, rule in rules.items() if name not in disabled)
    return Configuration(kept, tuple(allowances), frozenset(disabled), use_default, tuple(left_out))


def _read_rule(
    table: dict[str, Any], path: str, rules: dict[str, Rule], allowances: list[Allowance], left_out: list[str]
) -> None:
    name = table.get("id")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{path!r}: a rule has no id")
    for key in ("allowlist", "allowlists"):
        for allow in _tables(table, key, path):
            allowances.append(_allowance(allow, frozenset({name}), path))
    regex, old = table.get("regex"), rules.get(name)
    if table.get("required"):
        left_out.append(f"{name}: 'required' has no counterpart; the rule is used without it")
    if not isinstance(regex, str) or not regex:
        if old is None and not set(table) <= {"id", "allowlist", "allowlists"}:
            left_out.append(f"{name}: a rule by path alone has no counterpart")
        return
    group = table.get("secretGroup", 0)
    if not isinstance(group, int) or isinstance(group, bool) or group < 0:
        raise ConfigError(f"{path!r}: rule {name!r}: secretGroup is a number")
    entropy = table.get("entropy", 0.0)
    rules[name] = Rule(
        id=name,
        name=str(table.get("description") or name),
        provider="",
        pattern=named_group(regex, group) if group else regex,
        keywords=tuple(word.lower() for word in _texts(table, "keywords", path)),
        entropy=float(entropy) if isinstance(entropy, (int, float)) else 0.0,
        path=str(table.get("path") or ""),
        tags=tuple(_texts(table, "tags", path)),
    )


def named_group(pattern: str, number: int) -> str:
    """``pattern`` with its capturing group of that number named ``secret``. Raises ``ConfigError`` when it has none."""
    count, place, in_class = 0, 0, False
    while place < len(pattern):
        letter = pattern[place]
        if letter == "\\":
            place += 2
            continue
        if letter == "[":
            in_class = True
        elif letter == "]":
            in_class = False
        elif letter == "(" and not in_class:
            named = re.match(r"\(\?P?<[A-Za-z_]\w*>", pattern[place:])
            if named or pattern[place + 1 : place + 2] != "?":
                count += 1
                if count == number:
                    return f"{pattern[:place]}(?P<secret>{pattern[place + (named.end() if named else 1) :]}"
        place += 1
    raise ConfigError(f"secretGroup {number} of {pattern!r} does not exist")


def _allowance(table: dict[str, Any], rules: frozenset[str], path: str) -> Allowance:
    target = str(table.get("regexTarget") or "secret").lower()
    condition = str(table.get("condition") or "OR").upper()
    if target not in _TARGETS:
        raise ConfigError(f"{path!r}: regexTarget is match or line, not {target!r}")
    if condition not in ("OR", "||", "AND", "&&"):
        raise ConfigError(f"{path!r}: condition is OR or AND, not {condition!r}")
    found = Allowance(
        description=str(table.get("description") or ""),
        rules=rules,
        paths=tuple(_texts(table, "paths", path)),
        commits=frozenset(commit.lower() for commit in _texts(table, "commits", path)),
        regexes=tuple(_texts(table, "regexes", path)),
        stopwords=tuple(_texts(table, "stopwords", path)),
        target=target,
        every=condition in ("AND", "&&"),
    )
    if not (found.paths or found.commits or found.regexes or found.stopwords):
        raise ConfigError(f"{path!r}: an allowlist names no paths, commits, regexes or stopwords")
    return found


_cache: dict[bytes, Any] = {}


def _compiled(pattern: bytes) -> Any:
    found = _cache.get(pattern)
    if found is None:
        from .engine.confirm import compile_pattern

        found = _cache[pattern] = compile_pattern(pattern.decode())
    return found


def _parse(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        problem = f"cannot read {path!r}: {error.strerror}"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = f"{path!r} is not valid TOML: {error}"
    raise ConfigError(problem)


def _table(document: dict[str, Any], key: str, path: str) -> dict[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError(f"{path!r}: {key} is a table")
    return value


def _tables(document: dict[str, Any], key: str, path: str) -> list[dict[str, Any]]:
    value = document.get(key, [])
    values = [value] if isinstance(value, dict) else value
    if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
        raise ConfigError(f"{path!r}: {key} is a list of tables")
    return values


def _texts(table: dict[str, Any], key: str, path: str) -> list[str]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{path!r}: {key} is a list of strings")
    return value
