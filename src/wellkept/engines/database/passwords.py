"""New passwords: by the policy that the role names, or its connection, or a default that every server takes."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING

from ...core.form import unforeseen
from ...core.sys.passwords import PasswordPolicy, Rule, generate, parse
from ...core.sys.policies import PASSWORDS

if TYPE_CHECKING:
    from ...storage.protocol import Reader

DEFAULT = PasswordPolicy(
    20,
    (
        Rule(string.ascii_uppercase, 1),
        Rule(string.ascii_lowercase, 1),
        Rule(string.digits, 1),
        Rule("-", 1),
    ),
)
"""As Vault's: twenty characters that need no quoting anywhere. It begins with a letter or digit: see ``new``."""
_TRIES = 100


def new(storage: Reader, policy: str) -> str:
    """A password. ``storage`` is the whole, where the policies are. Raises ``Refusal``."""
    if policy:
        entry = storage.get(PASSWORDS + policy)
        if entry is None:
            raise unforeseen("failed to generate password: no password policy found")
        return generate(parse(json.loads(entry.value)["text"]))
    for _ in range(_TRIES):
        made = generate(DEFAULT)
        if made[0] != "-":  # an option, to a program that gets it as an argument
            break
    return made
