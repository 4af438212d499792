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
    value = candidate.strip().lstrip(b"=").partition(b"\\n")[0]
    if len(value) < 4 or places.is_ignored(path):
        return None
    at = line.find(candidate)
    before = line[:at] if at > 0 else b""
    name = names.name_before(before)
    weight = names.weigh(name) if name else _by_rule(rule)
    if weight <= 0.0:
        return None
    quoted = before.endswith((b'"', b"'", b"`"))
    strong, place = values.strength(value, quoted=quoted), places.kind(path)
    if strong < WORD and _is_word(value, name, quoted, place) and _ASSIGNED.search(before[-24:]):
        strong = WORD
    score = _score(rule, weight, strong, quoted, place, len(value))
    score += places.adjust(path, line) + _by_shape(before)
    if score < LEAST or _is_none(value, quoted) or _LOOKUP.search(before[-40:]):
        return None
    if _repeats(name, value) and not (strong == WORD and _is_lazy(name, value, place)):
        return None
    return max(0.1, min(score, 0.95) - (0.1 if places.is_test(path) else 0.0))


@lru_cache(maxsize=1 << 15)
def is_hopeless(candidate: bytes) -> bool:
    """Whether ``judge`` would answer none whatever stands around: most matches are identifiers of code, and repeat."""
    value = candidate.strip().lstrip(b"=")
    return len(value) < 4 or (values.strength(value, quoted=True) <= WEAK and _WORD.fullmatch(value) is None)


WORD = 0.42
"""What a word is worth where nothing but a password stands: enough to be reported, with little confidence."""
_WORD = re.compile(rb"[a-z]{4,16}|[A-Za-z][a-z]{3,15}[0-9]{1,4}[!@#$%?*.]?|[0-9]{4,10}")
_PASSWORD = re.compile(rb"(?i)(?:pass(?:w(?:or)?d|phrase)?|pwd|psw)[0-9]?$|(?:db|root|user|admin)_?pass$")
_ASSIGNED = re.compile(rb"(?:[\w\"'`\])]\s{0,8}[:=]{1,2}>?\s{0,8}|\w\()[bBuUrR@]?[\"'`]?$")
_NO_PASSWORDS = frozenset(
    b"required optional hidden visible field input label value invalid valid missing empty wrong text string bytes number integer boolean object array "
    b"plain basic bearer digest oauth none null true false undefined default undef disabled enabled encrypted hashed forgot reset change confirm "
    b"current username account email login name type prompt param parameter argument option query body header form encoded decoded generate generated random".split()
)


def _is_word(value: bytes, name: bytes, quoted: bool, place: str) -> bool:
    """Whether a plain word is a password: in quotes, or in configuration, under a name that ends with ``password``.

    The name once more is a label in code, and a password that somebody was too lazy to make up in configuration.
    """
    if not (quoted or place == "config") or not _PASSWORD.search(name) or not _WORD.fullmatch(value):
        return False
    return value.lower() not in _NO_PASSWORDS and (quoted or not value.isdigit())


def _is_none(value: bytes, quoted: bool) -> bool:
    if values.is_sentence(value) or values.is_blob(value) or values.is_other(value):
        return True
    return (not quoted and values.is_reference(value)) or is_placeholder(value)


def _by_shape(before: bytes) -> float:
    """What is taken away for comparisons and for items of a list."""
    if _COMPARED.search(before[-12:]):
        return -0.1
    if before.rstrip(b"\"'`bru @\\").endswith(b","):
        return -0.2 if _CALL.search(before[-80:]) else -0.5
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


def _is_lazy(name: bytes, value: bytes, place: str) -> bool:
    """``POSTGRES_PASSWORD: password`` in configuration, ``password = "secret"`` anywhere."""
    return value == b"secret" or (place == "config" and len(name) > len(value) + 1)


_TELLS = re.compile(
    rb"password|passwd|secret|token|apikey|accesskey|credential|passphrase|username|privatekey"
)

__all__ = ["LEAST", "is_hopeless", "judge"]
