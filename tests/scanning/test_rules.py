"""The rule set, checked by its own examples: each positive is found by its rule and only related ones, no near-miss is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from wellkept.scanning import checks
from wellkept.scanning.engine.compile import compile_rules
from wellkept.scanning.engine.confirm import compile_pattern
from wellkept.scanning.engine.fallback import FallbackEngine
from wellkept.scanning.engine.matcher import Matcher
from wellkept.scanning.examples import expand
from wellkept.scanning.rule import Rule, load_builtin

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = load_builtin()
BY_ID = {rule.id: rule for rule in RULES}

PATHS = {
    "pypirc-password": ".pypirc",
    "pgpass": ".pgpass",
    "terraform-state-secret": "terraform.tfstate",
    "rails-master-key-file": "config/master.key",
    "rclone-password": "rclone.conf",
}
"""Rules that look at certain files only."""

RELATED = {
    "influxdb-token": "88 characters of base64 called a token",
    "jwt": "tokens that are JSON Web Tokens",
    "url-query-secret": "webhooks that carry their key as a parameter",
    "aws-secret-access-key": "clients of other stores call theirs so too",
    "google-api-key": "",
    "google-oauth-refresh-token": "",
    "stripe-secret-key": "sk_live_ is what many write who learnt it from Stripe",
    "stripe-test-key": "",
    "cursor-key": "key_ and 64 digits",
    "rails-secret-key-base": "client_secret_token",
    "atlassian-admin-key": "Bitbucket is Atlassian's",
    "ethereum-private-key": "64 digits behind a key's name",
    "ovh-application-secret": "app_secret",
}
"""Rules of wide reach that may also see the tokens of others."""


@pytest.fixture(scope="module")
def found() -> Callable[[bytes, str], set[str]]:
    matcher = _matcher()

    def ids(data: bytes, path: str) -> set[str]:
        raws, _ = matcher.scan(data, 0, len(data), {}, path, True)
        return {matcher.rules[raw.rule].id for raw in raws}

    return ids


def _matcher() -> Matcher:
    pytest.importorskip("hyperscan", reason="the extra wellkept[scan] brings the engine")
    from wellkept.scanning.engine.vectorscan import VectorscanEngine

    compiled = compile_rules(RULES, vectorscan=True)
    assert not compiled.problems
    assert not compiled.slow
    return Matcher(compiled, VectorscanEngine(compiled))


def test_there_are_at_least_three_hundred_kinds() -> None:
    assert len(RULES) >= 300
    assert len({rule.provider for rule in RULES}) >= 150


def test_every_rule_is_complete() -> None:
    for rule in RULES:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id), rule.id
        assert rule.name, rule.id
        assert rule.grants, rule.id
        assert rule.revoke, rule.id
        assert 0 < rule.confidence <= 1, rule.id
        assert rule.generic or rule.check == "" or rule.check in checks.CHECKS, rule.id


def test_every_rule_has_three_examples_and_three_near_misses() -> None:
    short = [rule.id for rule in RULES if len(set(rule.positive)) < 3 or len(set(rule.negative)) < 3]
    assert short == []


def test_every_positive_is_found_by_its_rule_and_only_related_ones(
    found: Callable[[bytes, str], set[str]],
) -> None:
    missed, foreign = [], []
    for rule in RULES:
        for template in rule.positive:
            ids = found(expand(template), PATHS.get(rule.id, "app.conf"))
            if rule.id not in ids:
                missed.append((rule.id, template))
            foreign += [(rule.id, other) for other in ids if not _related(rule, BY_ID[other])]
    assert missed == []
    assert sorted(set(foreign)) == []


def _related(rule: Rule, other: Rule) -> bool:
    return other.generic or other.provider == rule.provider or other.id in RELATED


def test_no_near_miss_is_found_by_its_rule(found: Callable[[bytes, str], set[str]]) -> None:
    wrong = [
        (rule.id, template)
        for rule in RULES
        for template in rule.negative
        if rule.id in found(expand(template), PATHS.get(rule.id, "app.conf"))
    ]
    assert wrong == []


def test_the_source_of_the_rules_holds_nothing_that_a_rule_finds(
    found: Callable[[bytes, str], set[str]],
) -> None:
    for rule in RULES:
        for template in (*rule.positive, *rule.negative):
            assert found(template.encode(), "rules.toml") == set(), (rule.id, template)


def test_patterns_need_no_look_around_and_no_back_reference() -> None:
    for rule in RULES:
        compile_pattern(rule.pattern)
        assert not re.search(r"\(\?<?[=!]|\\[1-9]", rule.pattern), rule.id


def test_an_example_is_the_same_every_time_and_differs_with_its_template() -> None:
    assert expand("a{20:alnum}") == expand("a{20:alnum}")
    assert expand("a{20:alnum}")[1:] != expand("b{20:alnum}")[1:]
    with pytest.raises(KeyError):
        expand("{4:nothing}")


def test_the_fallback_believes_and_dismisses_the_same() -> None:
    some = RULES[::9]
    engine_rules = compile_rules(some, vectorscan=False)
    matcher = Matcher(engine_rules, FallbackEngine(engine_rules))
    for rule in some:
        for template in rule.positive:
            data = expand(template)
            raws, _ = matcher.scan(data, 0, len(data), {}, PATHS.get(rule.id, "app.conf"), True)
            assert rule.id in {matcher.rules[raw.rule].id for raw in raws}, template
