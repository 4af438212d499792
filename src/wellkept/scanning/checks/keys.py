"""Checks of keys, JSON Web Tokens and passwords in URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..generic import places, values
from ..generic.placeholder import is_pattern, is_placeholder
from .entropy import entropy
from .structure import jwt_claims, jwt_header, key_material

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..hooks import Candidate

_LOCAL = re.compile(
    rb"(?i)@(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal|(?:[\w-]+\.)*example\.(?:com|org|net)|(?:[\w-]+\.)+(?:test|example|invalid|local))(?:[:/?\s\"'`]|$)"
)
_WEAK_TEXT = (
    b"tiger password pass passwd pwd secret user username root admin guest test token key foo bar baz postgres mysql mongo redis "
    b"rabbitmq rabbit demo p pw pass123 pass1234 xxx changeme changeit example your_password mypassword login oauth2 "
    b"x-oauth-basic git hostname host port server name"
)
_WEAK = frozenset(_WEAK_TEXT.split())
"""Passwords that documentation writes into its URLs."""


def jwt(candidate: Candidate) -> bool | float:
    """A header with ``alg`` in it; the token of jwt.io's front page is nobody's."""
    secret = candidate.secret
    if jwt_header(secret) is None:
        return False
    claims = jwt_claims(secret)
    if claims is None:
        return 0.6
    if claims.get("name") in ("John Doe", "Jane Doe") or claims.get("sub") == "1234567890":
        return False
    return 0.88


def private_key(candidate: Candidate) -> bool | float:
    """Enough key material, of high entropy and, where DER begins it, a sequence of the right kind."""
    material = key_material(candidate.secret)
    if len(material) < 40 or is_pattern(material[:64]) or entropy(material) < 3.8:
        return False
    if material.startswith(
        (b"MI", b"MC", b"MG", b"MH", b"MF", b"MD", b"b3BlbnNzaC1rZXkt", b"lQ", b"lF", b"lI", b"xV", b"AAAA")
    ):
        return 0.97
    return 0.9


def _group(candidate: Candidate, name: str) -> bytes:
    """A named group; RE2's binding names the groups of a pattern over bytes in bytes."""
    groups: Mapping[Any, bytes | None] = candidate.groups
    return groups.get(name) or groups.get(name.encode()) or b""


def url_password(candidate: Candidate) -> bool | float | None:
    """The password in a URL: neither a placeholder nor the word that documentation puts there."""
    password, user = candidate.secret, _group(candidate, "user")
    if (
        is_placeholder(password)
        or password.startswith((b"$", b"{", b"<", b"%", b"[", b"#", b"*"))
        or b"${" in password
        or b"{{" in password
    ):
        return False
    lower = password.lower()
    if lower in _WEAK or lower == user.lower() or len(password) < 3:
        return False
    if is_pattern(password):
        return 0.3
    rest = candidate.line[candidate.line.find(password) :]
    if _LOCAL.search(rest):
        return 0.5
    if re.fullmatch(rb"[a-z]{1,8}\d{0,4}|[A-Z_]+", password):
        return 0.6
    return None


def password_value(candidate: Candidate) -> bool | float | None:
    """A password beside a name that says so: no placeholder, expression, path or plain word."""
    secret = candidate.secret
    before = candidate.line.partition(secret)[0]
    quoted = before.endswith((b'"', b"'", b"`", b">"))
    if (
        is_placeholder(secret)
        or secret.lower() in _WEAK
        or values.is_other(secret)
        or values.is_sentence(secret)
    ):
        return False
    if not quoted and values.is_reference(secret):
        return False
    strong = values.strength(secret, quoted=quoted)
    if strong < 0.2:
        return 0.35 if strong > 0.1 and quoted else False
    place = places.adjust(candidate.path, candidate.line)
    return min(1.0, candidate.rule.confidence * (0.55 + 0.5 * strong)) + place


def htpasswd(candidate: Candidate) -> bool | None:
    """A password hash with a real salt."""
    return False if is_pattern(candidate.secret) else None
