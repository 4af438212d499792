"""Secrets without a form of their own: judged by the name they stand under, by their looks and by the file.

``judge`` is asked for every match of a rule with ``generic = true``. It weighs three things: does the name say
that a secret stands there (``names``), does the value look like one (``values``, ``placeholder``, ``letters``),
and is this a place where secrets are written (``places``). The answer is a confidence, or none when the match is a
placeholder, a look-up, a digest, prose or noise. Unquoted values of source code are taken for expressions unless
they look drawn by lot.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from . import names, places, values
from .placeholder import is_placeholder

if TYPE_CHECKING:
    from ..rule import Rule

LEAST = 0.45
"""Below this confidence nothing is reported."""
WEAK = 0.1
"""A value of no more strength is none, whatever its name."""

_LOOKUP = re.compile(
    rb"(?i)(?:get|fetch|find|lookup|read|load|env|environ|getenv|param|property|config|setting|translate|prompt|input|ask|argument|option|flag|"
    rb"field|column|attr|label|gettext|log|print|warn|error|debug|info|puts|echo|assert\w*|contains|equals?|has|remove|delete|exists|"
    rb"by(?:name|id|css|xpath)?|sendkeys|type|fill|locator|select|queryselector|xpath|describe|it|test|require|import|include|raise|throw|exception|"
    rb"_|t|tr|__|i18n|compile|match|replace|split|startswith|endswith|join|format|append|add_argument|encode|decode|hash|digest|md5|sha\d*)\s{0,2}[(\[]\s{0,2}[\"'`]?$"
)
_CALL = re.compile(rb"\w\s?\([^()]*$")
_COMPARED = re.compile(rb"(?:[!=]=+|<>|\beq\b|\bne\b|\bis\b|\bin\b)\s{0,3}[\"'`]?$")


def judge(rule: Rule, candidate: bytes, line: bytes, path: str) -> float | None:
    """The confidence that ``candidate`` is a secret, or none. ``line`` is the line it stands on, ``path`` the file."""
    value = candidate.strip().lstrip(b"=")
    if len(value) < 4 or places.is_ignored(path):
        return None
    at = line.find(candidate)
    before = line[:at] if at > 0 else b""
    name = names.name_before(before)
    weight = names.weigh(name) if name else _by_rule(rule)
    if weight <= 0.0:
        return None
    quoted = before.endswith((b'"', b"'", b"`"))
    strong = values.strength(value, quoted=quoted)
    score = _score(rule, weight, strong, quoted, places.kind(path), len(value))
    score += places.adjust(path, line) + _by_shape(before)
    if score < LEAST or _is_none(value, quoted) or _LOOKUP.search(before[-40:]) or _repeats(name, value):
        return None
    return max(0.1, min(score, 0.95) - (0.1 if places.is_test(path) else 0.0))


@lru_cache(maxsize=1 << 15)
def is_hopeless(candidate: bytes) -> bool:
    """Whether ``judge`` would answer none whatever stands around: most matches are identifiers of code, and repeat."""
    value = candidate.strip().lstrip(b"=")
    return len(value) < 4 or values.strength(value, quoted=True) <= WEAK


def _is_none(value: bytes, quoted: bool) -> bool:
    if values.is_sentence(value) or values.is_blob(value) or values.is_other(value):
        return True
    return (not quoted and values.is_reference(value)) or is_placeholder(value)


def _by_shape(before: bytes) -> float:
    """What is taken away for comparisons and for items of a list."""
    if _COMPARED.search(before[-12:]):
        return -0.1
    if before.rstrip(b"\"'`bru @\\").endswith(b",") and not _CALL.search(before[-80:]):
        return -0.5
    return 0.0


def _score(rule: Rule, weight: float, strong: float, quoted: bool, place: str, length: int) -> float:
    """Name and value must agree: a weak name needs a strong value."""
    if strong <= WEAK or (weight < 0.7 and (strong < 0.7 or length < 12)):
        return 0.0
    if not quoted and place == "code" and strong < 0.6:
        return 0.0
    if not quoted and place == "prose" and strong < 0.5:
        return 0.0
    score = rule.confidence * (0.4 + 0.6 * weight) * (0.35 + 0.65 * strong)
    if not quoted and place != "config" and strong < 0.8:
        score -= 0.12
    if length < 8:
        score -= 0.08
    return score


def _by_rule(rule: Rule) -> float:
    """A name on another line (a Kubernetes manifest's) was checked by the pattern."""
    return 0.9 if "value" in rule.id else 0.0


def _repeats(name: bytes, value: bytes) -> bool:
    """``password = "password"``, ``DB_PASSWORD: "db-password"``: the name once more."""
    plain = bytes(byte for byte in value.lower() if 97 <= byte <= 122)
    own = bytes(byte for byte in name.lower() if 97 <= byte <= 122)
    return (
        bool(plain)
        and len(plain) >= len(value) - 3
        and (
            plain in own or (own in plain and len(plain) - len(own) < 12) or _TELLS.search(plain) is not None
        )
    )


_TELLS = re.compile(
    rb"password|passwd|secret|token|apikey|accesskey|credential|passphrase|username|privatekey"
)

__all__ = ["LEAST", "is_hopeless", "judge"]
