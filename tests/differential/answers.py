"""Whether two answers say the same, but for ids, moments, what is random, and a second more or less."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .sides import Answer

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_FORMS = (
    (_MOMENT, "MOMENT"),
    (re.compile(r"(vault:v\d+:)[A-Za-z0-9+/=_-]+"), r"\1SEALED"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b[sbr]\.[A-Za-z0-9_-]{20,}"), "TOKEN"),
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----\n?", re.DOTALL), "PEM"),
    (re.compile(r"\b\d+(?=s\b| seconds)"), "N"),
)
RANDOM = frozenset(
    """accessor backup cache_id ciphertext client_token cluster_id cluster_name creation_time encryptions entropy
    expiration expire_time hash hmac id install_time issue_time key_id last_renewal last_renewal_time lease_id
    migration_id modified nonce random_bytes request_id secret_id secret_id_accessor server_time_utc role_id
    salt token uuid wrapped_accessor public_key certificate_chain build_date version""".split()  # noqa: SIM905 - to be read
)
"""Members whose value is a side's own; that there is one, and of what type, is compared."""
_ABOUT = frozenset({"ttl", "lease_duration", "secret_id_ttl", "creation_ttl"})
"""Members that count seconds down: two more or less are the same."""
_SETS = frozenset({"keys", "policies", "token_policies", "capabilities", "warnings"})
_DROPPED = frozenset({"request_id"})


def unlike(theirs: Answer, ours: Answer) -> str:
    """Where two answers differ first, or nothing."""
    if theirs.status != ours.status:
        return "status"
    if None not in (theirs.body, ours.body) and theirs.kind.partition(";")[0] != ours.kind.partition(";")[0]:
        return "content type"
    return _unlike(theirs.body, ours.body, "", "")


def _unlike(left: Any, right: Any, name: str, where: str) -> str:
    if isinstance(left, dict) and isinstance(right, dict):
        return _unlike_members(left, right, name, where)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return f"{where or 'body'} (length)"
        left, right = ([settled(each) for each in side] for side in (left, right))
        if name in _SETS and all(isinstance(each, str) for each in left + right):
            left, right = sorted(left), sorted(right)
        for one, other in zip(left, right, strict=True):
            found = _unlike(one, other, name, where)
            if found:
                return found
        return ""
    if name in RANDOM and _sort(left) == _sort(right) and bool(left) == bool(right):
        return ""
    if name in _ABOUT and _sort(left) == _sort(right) == "number":
        return "" if abs(left - right) <= 2 else where
    same = settled(left) == settled(right) and isinstance(left, bool) == isinstance(right, bool)
    return "" if same else where or "body"


def _unlike_members(left: dict, right: dict, name: str, where: str) -> str:
    if _numbered(left) and _numbered(right):
        return "" if left.keys() == right.keys() else where
    if _ids(left) and _ids(right):
        return "" if len(left) == len(right) else where
    for member in sorted(left.keys() | right.keys()):
        if member in _DROPPED:
            continue
        place = f"{where}.{member}".lstrip(".")
        if member not in left or member not in right:
            return f"{place} (present)"
        found = _unlike(left[member], right[member], member, place)
        if found:
            return found
    return ""


def _numbered(value: dict) -> bool:
    """Versions of a key, each with its moment or its material."""
    return (
        bool(value)
        and all(name.isdigit() for name in value)
        and not any(isinstance(each, dict) for each in value.values())
    )


def _ids(value: dict) -> bool:
    return bool(value) and all(settled(name) in ("UUID", "TOKEN") for name in value)


def _sort(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return repr(value)
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def settled(value: Any) -> Any:
    """``value`` with what is random in a text replaced."""
    if isinstance(value, str):
        for form, instead in _FORMS:
            value = form.sub(instead, value)
    return value
