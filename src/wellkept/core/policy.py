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
are not enforced here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OPERATOR = "operator"
"""The built-in policy that allows everything; it cannot be written, and no other policy restricts it."""

RESERVED = frozenset({OPERATOR, "root"})

BITS = {"create": 1, "read": 2, "update": 4, "patch": 8, "delete": 16, "list": 32, "sudo": 64, "deny": 128}
DENY = BITS["deny"]
SUDO = BITS["sudo"]
EVERYTHING = 127

MAX_RULES = 1000
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


class Policy:
    """One policy, parsed: its ``name`` and ``rules``, from pattern to capability bits."""

    __slots__ = ("name", "rules")

    def __init__(self, name: str, rules: Mapping[str, int]) -> None:
        self.name = name
        self.rules = dict(rules)

    def __repr__(self) -> str:
        return f"<Policy {self.name!r}, {len(self.rules)} rules>"


class ACL:
    """Policies compiled together, once, for many questions."""

    __slots__ = ("_exact", "_lengths", "_operator", "_prefixes", "_wildcards")

    def __init__(self, policies: Iterable[Policy], *, operator: bool = False) -> None:
        merged: dict[str, int] = {}
        for policy in policies:
            for pattern, bits in policy.rules.items():
                merged[pattern] = merged.get(pattern, 0) | bits
        self._operator = operator
        self._exact: dict[str, int] = {}
        self._prefixes: dict[str, int] = {}
        self._wildcards: list[_Wildcard] = []
        for pattern, bits in merged.items():
            bits = DENY if bits & DENY else bits
            if "+" in pattern.rstrip("*").split("/"):
                self._wildcards.append(_Wildcard(pattern, bits))
            elif pattern.endswith("*"):
                self._prefixes[pattern[:-1]] = bits
            else:
                self._exact[pattern] = bits
        self._wildcards.sort(key=lambda wildcard: wildcard.priority, reverse=True)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    def allows(self, operation: str, path: str) -> bool:
        """Whether ``operation`` (one of the capabilities) is granted on ``path``."""
        return bool(self.capabilities(path, listing=operation == "list") & BITS[operation])

    def capabilities(self, path: str, *, listing: bool = False) -> int:
        """The capability bits that the deciding pattern grants; 0 when there is none, or it denies.

        ``path`` has no trailing slash; for a list it is the folder's, and patterns may name it either way.
        """
        if self._operator:
            return EVERYTHING
        if not listing:
            bits = self._exact.get(path)
            return self._granted(self._by_pattern(path) if bits is None else bits)
        folder = path + "/"
        for bits in (
            self._exact.get(folder),
            self._exact.get(path),
            self._by_pattern(folder),
            self._by_pattern(path),
        ):
            if bits is not None:
                return self._granted(bits)
        return 0

    @staticmethod
    def _granted(bits: int | None) -> int:
        return 0 if bits is None or bits & DENY else bits

    def _by_pattern(self, path: str) -> int | None:
        prefix, bits = None, None
        for length in self._lengths:
            if length <= len(path) and path[:length] in self._prefixes:
                prefix = path[:length]
                bits = self._prefixes[prefix]
                break
        if not self._wildcards:
            return bits
        limit = None if prefix is None else _priority(prefix, len(prefix), True, 0)
        parts = path.split("/")
        for wildcard in self._wildcards:
            if limit is not None and wildcard.priority < limit:
                break
            if wildcard.matches(parts):
                return wildcard.bits
        return bits


class _Wildcard:
    """A pattern with ``+`` segments, taken apart."""

    __slots__ = ("bits", "is_prefix", "parts", "priority")

    def __init__(self, pattern: str, bits: int) -> None:
        self.is_prefix = pattern.endswith("*")
        text = pattern[:-1] if self.is_prefix else pattern
        self.parts = text.split("/")
        self.bits = bits
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
