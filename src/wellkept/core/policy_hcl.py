"""Policies as Vault writes them, in HCL or JSON, with everything that a rule may say.

The messages are OpenBao's, since clients show them and tests match on them. Source: Vault's and OpenBao's policy
documentation; OpenBao 2.7's answers to well-formed and malformed policies.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest
from ..formats import hcl
from .policy import BITS, DENY, MAX_RULES, Granted, Policy
from .policy_limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .policy_limits import Parameters

MAX_PATTERN = 2048
"""Characters of a path."""

_TOP = frozenset({"name", "path"})
_OLD = {
    "deny": DENY,
    "read": BITS["read"] | BITS["list"],
    "write": BITS["create"] | BITS["read"] | BITS["update"] | BITS["delete"] | BITS["list"],
    "sudo": BITS["create"] | BITS["read"] | BITS["update"] | BITS["delete"] | BITS["list"] | BITS["sudo"],
}
"""The words of the time before capabilities: ``policy = "write"``."""


def parse_policy_text(name: str, text: str) -> Policy:
    """The policy that ``text`` writes. Raises ``InvalidRequest`` with OpenBao's words."""
    failure = ""
    try:
        items = hcl.parse(text)
        return _policy(name, items, text)
    except InvalidRequest as error:
        failure = str(error)
    raise InvalidRequest(f"failed to parse policy: {failure}")


def resolve(policy: Policy, identity: Mapping[str, str]) -> Policy:
    """``policy`` with its templates (``{{identity.entity.id}}``) filled in from ``identity``, by name.

    A path with a template that has no value, or one whose value would change the path's meaning (a slash or a
    wildcard), is left out: it grants nothing, as in OpenBao.
    """
    if not any("{{" in pattern for pattern in policy.rules):
        return policy
    rules: dict[str, Granted] = {}
    for pattern, bits in policy.rules.items():
        filled = _fill(pattern, identity) if "{{" in pattern else pattern
        if filled is not None:
            granted = Granted(bits, policy.limits.get(pattern))
            known = rules.get(filled)
            rules[filled] = granted if known is None else known.merged(granted)
    return _assembled(policy.name, rules, policy.text)


_TEMPLATE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


def _fill(pattern: str, identity: Mapping[str, str]) -> str | None:
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        found = identity.get(match.group(1), "")
        missing = missing or not found or any(char in found for char in "/*+") or found in (".", "..")
        return found

    filled = _TEMPLATE.sub(value, pattern)
    return None if missing or "{{" in filled else filled


def _policy(name: str, items: hcl.Object, text: str) -> Policy:
    rules: dict[str, Granted] = {}
    for item in items:
        if item.keys[0] not in _TOP:
            raise InvalidRequest(_invalid_key(item))
        if item.keys[0] == "name":
            continue
        for pattern, body in _paths(item):
            if len(rules) >= MAX_RULES:
                raise InvalidRequest(f"more than {MAX_RULES} paths")
            granted = _in(f'path "{pattern}"', _rule, pattern, body)
            pattern = pattern.removeprefix("/")
            known = rules.get(pattern)
            rules[pattern] = granted if known is None else known.merged(granted)
    return _assembled(name, rules, text)


def _assembled(name: str, rules: Mapping[str, Granted], text: str) -> Policy:
    return Policy(
        name,
        {pattern: granted.bits for pattern, granted in rules.items()},
        {pattern: granted.limits for pattern, granted in rules.items() if granted.limits is not None},
        text,
    )


def _paths(item: hcl.Item) -> list[tuple[str, hcl.Object]]:
    """The rules of one ``path``: ``path "x" {...}``, ``path = {"x" = {...}}``, or a list of those (JSON)."""
    if len(item.keys) > 1:
        return [(item.keys[1], _object(item.value))]
    found = []
    for group in item.value if isinstance(item.value, list) else [item.value]:
        for inner in _object(group):
            bodies = inner.value if isinstance(inner.value, list) else [inner.value]
            found += [(inner.keys[0], _object(body)) for body in bodies]
    return found


def _object(value: Any) -> hcl.Object:
    if not isinstance(value, tuple):
        raise InvalidRequest("a path needs an object with its rule")
    return value


def _rule(pattern: str, body: hcl.Object) -> Granted:
    given: dict[str, Any] = {}
    for item in body:
        key = item.keys[0]
        if key not in _READERS:
            raise InvalidRequest(_invalid_key(item))
        if key == "capabilities" and key in given:
            given[key] = _in(f'path "{pattern}"', _list, item.value) + given[key]
        elif len(item.keys) > 1:
            given[key] = hcl.Item(item.keys[1:], item.value, item.line)
        else:
            given[key] = item.value
    if len(pattern) > MAX_PATTERN:
        raise InvalidRequest(f"longer than {MAX_PATTERN} characters")
    inner = f'path "{pattern}"'
    if "+*" in pattern:
        raise InvalidRequest(f"{inner}: invalid use of wildcards ('+*' is forbidden)")
    read = {key: _in(inner, _READERS[key], value) for key, value in given.items()}
    bits = read.get("capabilities", 0) | read.get("policy", 0)
    limits = Limits(
        read.get("allowed_parameters", {}),
        read.get("denied_parameters", {}),
        tuple(str(name).lower() for name in read.get("required_parameters", [])),
        read.get("min_wrapping_ttl", 0),
        read.get("max_wrapping_ttl", 0),
        read.get("expiration", 0),
        read.get("pagination_limit", 0),
    )
    if limits.max_wrapping_ttl and limits.max_wrapping_ttl < limits.min_wrapping_ttl:
        raise InvalidRequest("max_wrapping_ttl cannot be less than min_wrapping_ttl")
    return Granted(DENY if bits & DENY else bits, limits if limits != _NO_LIMITS else None)


_NO_LIMITS = Limits()


def _in(where: str, read: Callable[..., Any], *arguments: Any) -> Any:
    failure = ""
    try:
        return read(*arguments)
    except InvalidRequest as error:
        failure = str(error)
    raise InvalidRequest(f"{where}: {failure}")


def _invalid_key(item: hcl.Item) -> str:
    line = f" on line {item.line}" if item.line else ""
    return f'1 error occurred:\n\t* invalid key "{item.keys[0][:64]}"{line}\n\n'


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidRequest("expected a list")
    return value


def _capabilities(value: Any) -> int:
    bits = 0
    for word in _list(value):
        if not isinstance(word, str) or word not in BITS:
            raise InvalidRequest(f'invalid capability "{str(word)[:64]}"')
        bits |= BITS[word]
    return bits


def _old(value: Any) -> int:
    if not isinstance(value, str) or value not in _OLD:
        raise InvalidRequest(f'invalid policy "{str(value)[:64]}"')
    return _OLD[value]


def _parameters(value: Any) -> Parameters:
    found: dict[str, tuple[Any, ...]] = {}
    for item in value if isinstance(value, tuple) else _object(value):
        found[item.keys[0].lower()] = tuple(_plain(each) for each in _list(item.value))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return hcl.plain(value) if isinstance(value, tuple) else value


def _time(value: Any) -> float:
    from .durations import seconds

    found = seconds(value)
    if found is None or found < 0:
        raise InvalidRequest("expected a time as seconds, or with a unit: 90, 30s, 5m, 2h")
    return found


def _moment(value: Any) -> float:
    failure = True
    try:
        moment = datetime.fromisoformat(value)
        failure = moment.tzinfo is None
    except (TypeError, ValueError):
        pass
    if failure:
        raise InvalidRequest("expiration: expected a time as in RFC 3339, for example 2027-01-31T12:00:00Z")
    return moment.timestamp()


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidRequest("pagination_limit: expected a whole number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidRequest("comment: expected text")
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "comment": _text,
    "policy": _old,
    "capabilities": _capabilities,
    "allowed_parameters": _parameters,
    "denied_parameters": _parameters,
    "required_parameters": _list,
    "min_wrapping_ttl": _time,
    "max_wrapping_ttl": _time,
    "expiration": _moment,
    "pagination_limit": _count,
}
