"""What a policy's rule says beyond capabilities: parameters, wrapping times, an end, a page size.

Source: Vault's policy documentation, and OpenBao 2.7's behaviour in how rules for the same path merge and how
parameters are compared. Stricter in one thing: a number in a list of parameters matches the same number in a
request, where OpenBao compares different kinds of number and so never finds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

Parameters = Mapping[str, tuple[Any, ...]]
"""From a parameter's name, in lower case, to the values that count; none means any value."""


_ANY: Parameters = MappingProxyType({})


class Limits(NamedTuple):
    """Times in seconds; 0 is "no limit", as in the language itself."""

    allowed: Parameters = _ANY
    denied: Parameters = _ANY
    required: tuple[str, ...] = ()
    min_wrapping_ttl: float = 0
    max_wrapping_ttl: float = 0
    expiration: float = 0
    pagination_limit: int = 0

    def merged(self, other: Limits) -> Limits:
        """Both together, for the same path in two rules: parameters add up, the shorter times win."""
        return Limits(
            _together(self.allowed, other.allowed),
            _together(self.denied, other.denied),
            tuple(dict.fromkeys(self.required + other.required)),
            _lesser(self.min_wrapping_ttl, other.min_wrapping_ttl),
            _lesser(self.max_wrapping_ttl, other.max_wrapping_ttl),
            0,  # rules that have ended are left out before they are merged
            int(_lesser(self.pagination_limit, other.pagination_limit)),
        )

    def allow(self, operation: str, data: Mapping[str, Any], wrap_ttl: float | None) -> bool:
        """Whether a request with these parameters, and this wrapping time (``None``: not wrapped), may pass."""
        if not self._wrapping_allowed(wrap_ttl):
            return False
        if operation in ("list", "scan"):
            return self._page_allowed(data)
        if operation not in _WITH_PARAMETERS:
            return True
        if any(name not in data for name in self.required):
            return False
        if not data:
            return True
        return not self._denies(data) and self._allows(data)

    def _wrapping_allowed(self, wrap_ttl: float | None) -> bool:
        least, most = self.min_wrapping_ttl, self.max_wrapping_ttl
        if not least and not most:
            return True
        if wrap_ttl is None or (least and most and most < least):
            return False
        return least <= wrap_ttl and (not most or wrap_ttl <= most)

    def _page_allowed(self, data: Mapping[str, Any]) -> bool:
        if "limit" in self.required and "limit" not in data:
            return False
        if not self.pagination_limit or "limit" not in data:
            return True
        limit = _whole(data["limit"])
        return limit is not None and 0 < limit <= self.pagination_limit

    def _denies(self, data: Mapping[str, Any]) -> bool:
        if not self.denied:
            return False
        if "*" in self.denied:
            return True
        return any(
            (values := self.denied.get(name.lower())) is not None and _among(value, values)
            for name, value in data.items()
        )

    def _allows(self, data: Mapping[str, Any]) -> bool:
        if not self.allowed:
            return True
        others = "*" in self.allowed
        for name, value in data.items():
            values = self.allowed.get(name.lower())
            if values is None:
                if not others:
                    return False
            elif not _among(value, values):
                return False
        return True


NONE = Limits()
_WITH_PARAMETERS = frozenset({"create", "read", "update", "patch"})


def _together(one: Parameters, other: Parameters) -> Parameters:
    result = dict(one)
    for name, values in other.items():
        known = result.get(name)
        result[name] = () if known == () or values == () else (known or ()) + values
    return result


def _lesser(one: float, other: float) -> float:
    return min(one, other) if one and other else one or other


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _among(value: Any, values: tuple[Any, ...]) -> bool:
    return not values or any(_matches(value, each) for each in values)


def _matches(value: Any, pattern: Any) -> bool:
    if isinstance(value, str) and isinstance(pattern, str):
        return _glob(value, pattern)
    if isinstance(value, bool) or isinstance(pattern, bool):
        return value is pattern
    return bool(value == pattern)


def _glob(value: str, pattern: str) -> bool:
    """``*`` at the beginning, at the end, or both; alone it is a plain asterisk."""
    if len(pattern) < 2:
        return value == pattern
    before, after = pattern.startswith("*"), pattern.endswith("*")
    if before and after:
        return pattern[1:-1] in value
    if before:
        return value.endswith(pattern[1:])
    return value.startswith(pattern[:-1]) if after else value == pattern
