"""Who may do what: a small pure module, no storage and no clock in it.

A policy names paths and the capabilities granted on them, in the JSON form of Vault's policies::

    {"path": {"secret/data/prod/*": {"capabilities": ["read"]},
              "secret/metadata/prod/*": {"capabilities": ["list"]}}}

``*`` at the end of a path matches any rest; a segment ``+`` matches any one segment. For a request exactly
one pattern decides: an exact path, else the pattern of highest priority by Vault's rules (see
``_priority``). The same pattern in several policies grants the union; ``deny`` in any of them denies. What
matches nothing is denied. Capabilities imply nothing: ``update`` is not ``create``, ``read`` is not
``list``, and nothing gives ``sudo``, which a few ``sys/`` paths want besides.

Source: Vault's policy documentation and OpenBao 2.7's behaviour, followed also in how a list is decided: as
a path with a trailing slash, and where nothing matches that, as one without. Stricter than both in refusing
what they read as a literal and so never match (``*`` anywhere but at the end), and parameters of a rule that
are not enforced here: this form has capabilities only. Policies written in Vault's own language, with limits on
parameters and wrapping times, are read by ``policy_hcl``; ``policy_limits`` says what those mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .policy_limits import Limits

OPERATOR = "operator"
"""The built-in policy that allows everything; it cannot be written, and no other policy restricts it."""

RESERVED = frozenset({OPERATOR, "root"})

BITS = {
    "create": 1,
    "read": 2,
    "update": 4,
    "patch": 8,
    "delete": 16,
    "list": 32,
    "sudo": 64,
    "deny": 128,
    "scan": 256,
}
DENY = BITS["deny"]
SUDO = BITS["sudo"]
EVERYTHING = sum(BITS.values()) - DENY
LISTINGS = frozenset({"list", "scan"})

MAX_RULES = 1000
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


class Granted(NamedTuple):
    """What one pattern grants: capability ``bits``, and ``limits`` on their use where there are any."""

    bits: int
    limits: Limits | None = None

    def merged(self, other: Granted) -> Granted:
        """The same pattern in two rules: ``deny`` wins, else both together."""
        bits = self.bits | other.bits
        if bits & DENY:
            return _DENIED
        one, two = self.limits, other.limits
        return Granted(bits, one.merged(two) if one and two else one or two)


class Policy:
    """One policy, parsed: its ``name``, ``rules`` from pattern to capability bits, and ``limits`` by pattern
    for those that say more than capabilities. ``text`` is what it was parsed from, where that was text."""

    __slots__ = ("limits", "name", "rules", "text")

    def __init__(
        self,
        name: str,
        rules: Mapping[str, int],
        limits: Mapping[str, Limits] | None = None,
        text: str = "",
    ) -> None:
        self.name = name
        self.rules = dict(rules)
        self.limits = dict(limits or {})
        self.text = text

    def __repr__(self) -> str:
        return f"<Policy {self.name!r}, {len(self.rules)} rules>"


class ACL:
    """Policies compiled together, once, for many questions. ``now`` (seconds since the epoch) leaves out rules
    that have ended; ``expires`` is when the next one ends, so when this ACL must be compiled anew."""

    __slots__ = ("_asked", "_exact", "_lengths", "_listed", "_operator", "_prefixes", "_wildcards", "expires")

    def __init__(self, policies: Iterable[Policy], *, operator: bool = False, now: float = 0) -> None:
        merged: dict[str, Granted] = {}
        self.expires = float("inf")
        for policy in policies:
            for pattern, bits in policy.rules.items():
                limits = policy.limits.get(pattern)
                if limits is not None and limits.expiration:
                    if limits.expiration <= now:
                        continue
                    self.expires = min(self.expires, limits.expiration)
                granted = Granted(bits, limits)
                known = merged.get(pattern)
                merged[pattern] = granted if known is None else known.merged(granted)
        self._operator = operator
        self._asked: dict[str, Granted | None] = {}  # decisions, which depend on nothing but the path
        self._listed: dict[str, Granted | None] = {}
        self._exact: dict[str, Granted] = {}
        self._prefixes: dict[str, Granted] = {}
        self._wildcards: list[_Wildcard] = []
        for pattern, granted in merged.items():
            if granted.bits & DENY:
                granted = _DENIED
            if "+" in pattern.rstrip("*").split("/"):
                self._wildcards.append(_Wildcard(pattern, granted))
            elif pattern.endswith("*"):
                self._prefixes[pattern[:-1]] = granted
            else:
                self._exact[pattern] = granted
        self._wildcards.sort(key=lambda wildcard: wildcard.priority, reverse=True)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    @property
    def unlimited(self) -> bool:
        """Whether this is the built-in ACL that allows everything."""
        return self._operator

    def allows(self, operation: str, path: str) -> bool:
        """Whether ``operation`` (one of the capabilities) is granted on ``path``, parameters aside."""
        return bool(self.capabilities(path, listing=operation in LISTINGS) & BITS[operation])

    def capabilities(self, path: str, *, listing: bool = False) -> int:
        """The capability bits that the deciding pattern grants; 0 when there is none, or it denies.

        ``path`` has no trailing slash; for a list it is the folder's, and patterns may name it either way.
        """
        granted = self.granted(path, listing=listing)
        return 0 if granted is None else granted.bits

    def check(
        self, operation: str, path: str, data: Mapping[str, Any], wrap_ttl: float | None = None
    ) -> bool:
        """Whether a request may pass, its parameters and wrapping time included. ``sudo`` is asked for apart."""
        granted = self.granted(path, listing=operation in LISTINGS)
        if granted is None or not granted.bits & BITS[operation]:
            return False
        return granted.limits is None or granted.limits.allow(operation, data, wrap_ttl)

    def granted(self, path: str, *, listing: bool = False) -> Granted | None:
        """What the deciding pattern grants; ``None`` when there is none, or it denies."""
        if self._operator:
            return _ALL
        known = self._listed if listing else self._asked
        granted = known.get(path, _DENIED)
        if granted is _DENIED:
            granted = self._deciding(path, listing)
            if granted is not None and granted.bits & DENY:
                granted = None
            if len(known) >= _REMEMBERED:
                known.clear()
            known[path] = granted
        return granted

    def patterns(self) -> dict[str, Granted]:
        """Every pattern as written, with what it grants."""
        found = {**self._exact}
        found.update({prefix + "*": granted for prefix, granted in self._prefixes.items()})
        for wildcard in self._wildcards:
            found["/".join(wildcard.parts) + "*" * wildcard.is_prefix] = wildcard.granted
        return found

    def _deciding(self, path: str, listing: bool) -> Granted | None:
        if not listing:
            granted = self._exact.get(path)
            return self._by_pattern(path) if granted is None else granted
        folder = path + "/"
        for granted in (
            self._exact.get(folder),
            self._exact.get(path),
            self._by_pattern(folder),
            self._by_pattern(path),
        ):
            if granted is not None:
                return granted
        return None

    def _by_pattern(self, path: str) -> Granted | None:
        prefix, granted = None, None
        for length in self._lengths:
            if length <= len(path) and path[:length] in self._prefixes:
                prefix = path[:length]
                granted = self._prefixes[prefix]
                break
        if not self._wildcards:
            return granted
        limit = None if prefix is None else _priority(prefix, len(prefix), True, 0)
        parts = path.split("/")
        for wildcard in self._wildcards:
            if limit is not None and wildcard.priority < limit:
                break
            if wildcard.matches(parts):
                return wildcard.granted
        return granted


class _Wildcard:
    """A pattern with ``+`` segments, taken apart."""

    __slots__ = ("granted", "is_prefix", "parts", "priority")

    def __init__(self, pattern: str, granted: Granted) -> None:
        self.is_prefix = pattern.endswith("*")
        text = pattern[:-1] if self.is_prefix else pattern
        self.parts = text.split("/")
        self.granted = granted
        first = len("/".join(self.parts[: self.parts.index("+")])) + (self.parts[0] != "+")
        self.priority = _priority(text, first, self.is_prefix, self.parts.count("+"))

    def matches(self, parts: list[str]) -> bool:
        own = self.parts
        if len(parts) < len(own) or (len(parts) > len(own) and not self.is_prefix):
            return False
        last = len(own) - 1
        for index, part in enumerate(own):
            if part in ("+", parts[index]):
                continue
            if self.is_prefix and index == last and parts[index].startswith(part):
                continue
            return False
        return True


_REMEMBERED = 4096
"""Paths of which an ACL remembers what it decided."""

_DENIED = Granted(DENY)
_ALL = Granted(EVERYTHING)


def _priority(text: str, first: int, is_prefix: bool, wildcards: int) -> tuple[int, bool, int, int, str]:
    """Greater is stronger. In Vault's order: a later first wildcard or glob; no ``*`` at the end; fewer
    ``+``; longer; lexicographically greater. ``text`` is without its ``*``."""
    return (first, not is_prefix, -wildcards, len(text), text)


def parse(name: str, document: Mapping[str, Any]) -> Policy:
    """A ``Policy`` from its JSON form. Raises ``InvalidRequest`` naming what is wrong and where."""
    check_policy_name(name)
    where = f"policy {name!r}"
    paths = _only(document, {"path"}, where).get("path")
    if paths is None or not hasattr(paths, "items"):
        raise InvalidRequest(f"{where}: expected an object under 'path', from path to its rule")
    if len(paths) > MAX_RULES:
        raise InvalidRequest(f"{where} has {len(paths)} paths; the limit is {MAX_RULES}")
    rules: dict[str, int] = {}
    for pattern, rule in paths.items():
        pattern = _check_pattern(pattern, where)
        granted = _only(rule, {"capabilities"}, f"{where}, path {pattern!r}").get("capabilities")
        rules[pattern] = rules.get(pattern, 0) | _bits(granted, f"{where}, path {pattern!r}")
    return Policy(name, rules)


def check_policy_name(name: str) -> str:
    """``name`` itself, when it can name a policy; raises ``InvalidRequest``."""
    if not is_name(name):
        raise InvalidRequest(
            f"policy name {name!r}: 1 to 128 lower-case letters, digits, '.', '_' and '-', not only dots, are expected"
        )
    return name


def is_name(name: object) -> bool:
    """Whether ``name`` can name a policy."""
    return (
        isinstance(name, str)
        and len(name) <= 128
        and _NAME_CHARACTERS.issuperset(name)
        and name.strip(".") != ""
    )


def _only(value: Any, known: set[str], where: str) -> Mapping[str, Any]:
    if not hasattr(value, "items"):
        raise InvalidRequest(f"{where}: expected an object, found {type(value).__name__}")
    unknown = sorted(str(key) for key in value if key not in known)
    if unknown:
        raise InvalidRequest(
            f"{where}: {unknown[0]!r} is not enforced here, so it is refused; known: {', '.join(sorted(known))}"
        )
    mapping: Mapping[str, Any] = value
    return mapping


def _check_pattern(given: Any, where: str) -> str:
    if not isinstance(given, str) or not given.lstrip("/"):
        raise InvalidRequest(f"{where}: a path is text and not empty")
    pattern: str = given[1:] if given.startswith("/") else given
    if len(pattern) > 2048:
        raise InvalidRequest(f"{where}: a path is longer than 2048 characters")
    if "*" in pattern[:-1]:
        raise InvalidRequest(
            f"{where}, path {pattern!r}: '*' only has a meaning at the end; use '+' for one segment"
        )
    if pattern.endswith("+*"):
        raise InvalidRequest(f"{where}, path {pattern!r}: '+*' is not allowed; use '*', or '+/*'")
    return pattern


def _bits(granted: Any, where: str) -> int:
    if not isinstance(granted, (list, tuple)) or not granted:
        raise InvalidRequest(f"{where}: 'capabilities' must be a list of at least one of {', '.join(BITS)}")
    bits = 0
    for capability in granted:
        if not isinstance(capability, str) or capability not in BITS:
            raise InvalidRequest(f"{where}: unknown capability {capability!r}; known: {', '.join(BITS)}")
        bits |= BITS[capability]
    return bits
