"""Policies decide as a real OpenBao's do: random ones are asked of both."""

from __future__ import annotations

import itertools
import random

import pytest

from wellkept.core.policy import ACL, BITS, parse
from wellkept.testing.openbao_fixture import openbao  # noqa: F401

WORDS = ["a", "b", "ab"]
PATHS = ["/".join(parts) for depth in (1, 2, 3) for parts in itertools.product(WORDS, repeat=depth)]


def random_rules(chance: random.Random) -> dict[str, list[str]]:
    rules = {}
    for _ in range(chance.randint(1, 6)):
        parts = [chance.choice([*WORDS, "+", "+"]) for _ in range(chance.randint(1, 3))]
        pattern = "/".join(parts) + chance.choice(["", "", "*", "/*", "/"])
        if not pattern.endswith("+*"):
            rules[pattern] = chance.sample(sorted(BITS), chance.randint(1, 3))
    return rules


def words(bits: int) -> set[str]:
    return {word for word, bit in BITS.items() if bits & bit} or {"deny"}


@pytest.mark.parametrize("seed", range(12))
def test_random_policies_grant_what_openbao_grants(openbao, seed):  # noqa: F811
    chance = random.Random(seed)
    policies = {f"oracle-{seed}-{number}": random_rules(chance) for number in range(chance.randint(1, 3))}
    for name, rules in policies.items():
        openbao.policy(name, **rules)
    token = openbao.token(*policies, no_default_policy=True)
    acl = ACL(
        parse(name, {"path": {path: {"capabilities": granted} for path, granted in rules.items()}})
        for name, rules in policies.items()
    )
    asked = [*PATHS, *(path + "/" for path in PATHS)]
    answers = openbao.request("POST", "sys/capabilities", {"token": token, "paths": asked})["data"]
    for path in asked:
        # OpenBao answers this question as it would for a list; a path without a slash comes out as for any other.
        ours = acl.capabilities(path.removesuffix("/"), listing=path.endswith("/"))
        assert set(answers[path]) == words(ours), (path, policies)
