"""Password policies: how long a generated password is, and which characters it is made of.

A rule ``charset`` adds its characters to what is drawn from, and wants at least ``min-chars`` of them. Source:
Vault's documentation of password policies.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from ...errors import WellkeptError
from ...formats import hcl
from ..form.call import unforeseen

SHORTEST, LONGEST = 4, 1000
_TRIES = 1000


class Rule(NamedTuple):
    characters: str
    least: int


class PasswordPolicy(NamedTuple):
    length: int
    rules: tuple[Rule, ...]


def parse(text: str) -> PasswordPolicy:
    """The policy that ``text`` writes. Raises ``Refusal``."""
    items: hcl.Object = ()
    failure = ""
    try:
        items = hcl.parse(text)
    except WellkeptError as error:
        failure = str(error)
    if failure:
        raise unforeseen(f"invalid password policy: unable to decode: {failure}")
    length, rules = 0, []
    for item in items:
        if item.keys == ("length",) and isinstance(item.value, int):
            length = item.value
        elif item.keys[:2] == ("rule", "charset") and isinstance(item.value, tuple):
            rules.append(_rule(item.value))
        else:
            raise unforeseen(f"invalid password policy: {item.keys[0]!r} is not expected")
    if length < SHORTEST:
        raise unforeseen(f"invalid password policy: length must be > {SHORTEST - 1}")
    if length > LONGEST:
        raise unforeseen(f"invalid password policy: length must be <= {LONGEST}")
    if not rules:
        raise unforeseen("invalid password policy: at least one charset rule is needed")
    if sum(rule.least for rule in rules) > length:
        raise unforeseen("invalid password policy: the rules want more characters than the length allows")
    return PasswordPolicy(length, tuple(rules))


def _rule(body: hcl.Object) -> Rule:
    characters, least = "", 0
    for item in body:
        if item.keys == ("charset",) and isinstance(item.value, str):
            characters = "".join(dict.fromkeys(item.value))
        elif item.keys == ("min-chars",) and isinstance(item.value, int):
            least = max(0, item.value)
    if not characters or not characters.isprintable():
        raise unforeseen("invalid password policy: a charset must have printable characters")
    return Rule(characters, least)


def generate(policy: PasswordPolicy) -> str:
    """A random password that fits; every one that fits is as likely as any other. Raises ``Refusal`` when none
    was found, because the rules leave hardly any."""
    alphabet = "".join(dict.fromkeys("".join(rule.characters for rule in policy.rules)))
    for _ in range(_TRIES):
        drawn = "".join(secrets.choice(alphabet) for _ in range(policy.length))
        if all(sum(letter in rule.characters for letter in drawn) >= rule.least for rule in policy.rules):
            return drawn
    raise unforeseen("no password was found that fits the policy's rules; make it longer")
