"""Policies, against Vault's documented rules and against a slow reference that tries every pattern."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.core.policy import ACL, BITS, DENY, parse
from wellkept.errors import InvalidRequest


def acl(*policies: dict[str, list[str]], operator: bool = False) -> ACL:
    parsed = [
        parse(f"p{index}", {"path": {path: {"capabilities": words} for path, words in rules.items()}})
        for index, rules in enumerate(policies)
    ]
    return ACL(parsed, operator=operator)


def test_nothing_is_allowed_where_nothing_matches():
    assert not acl().allows("read", "secret/data/a")
    assert not acl({"secret/data/b": ["read"]}).allows("read", "secret/data/a")


def test_capabilities_imply_nothing():
    rules = acl({"secret/data/a": ["update"]})
    allowed = [word for word in BITS if word != "deny" and rules.allows(word, "secret/data/a")]
    assert allowed == ["update"]


def test_a_star_matches_any_rest_and_not_the_path_before_its_slash():
    rules = acl({"secret/data/prod/*": ["read"]})
    assert rules.allows("read", "secret/data/prod/a/b/c")
    assert not rules.allows("read", "secret/data/prod")
    assert not rules.allows("read", "secret/data/production")


def test_a_plus_matches_exactly_one_segment():
    rules = acl({"secret/data/+/database": ["read"]})
    assert rules.allows("read", "secret/data/prod/database")
    assert not rules.allows("read", "secret/data/prod/eu/database")
    assert not rules.allows("read", "secret/data/database")


def test_a_literal_plus_inside_a_segment_is_a_plus():
    assert acl({"secret/data/a+b": ["read"]}).allows("read", "secret/data/a+b")


def test_deny_wins_over_whatever_another_policy_grants_on_the_same_path():
    for first, second in ((["read"], ["deny"]), (["deny"], ["read"])):
        assert not acl({"secret/data/*": first}, {"secret/data/*": second}).allows("read", "secret/data/a")


def test_deny_takes_everything_else_of_its_rule_away():
    assert acl({"secret/data/a": ["read", "deny"]}).capabilities("secret/data/a") == 0


def test_the_same_path_in_two_policies_grants_the_union():
    both = acl({"secret/data/a": ["read"]}, {"secret/data/a": ["update"]})
    assert both.capabilities("secret/data/a") == BITS["read"] | BITS["update"]


def test_a_more_specific_grant_prevails_over_a_wider_denial():
    rules = acl({"secret/data/*": ["deny"], "secret/data/app/*": ["read"]})
    assert rules.allows("read", "secret/data/app/x")
    assert not rules.allows("read", "secret/data/x")


def test_a_more_specific_denial_prevails_over_a_wider_grant():
    rules = acl({"secret/data/*": ["read"], "secret/data/+/root": ["deny"]})
    assert not rules.allows("read", "secret/data/app/root")
    assert rules.allows("read", "secret/data/app/user")


@pytest.mark.parametrize(
    ("weaker", "stronger", "path"),
    [
        ("secret/*", "secret/data/app", "secret/data/app"),
        ("secret/*", "secret/data/*", "secret/data/app"),
        ("secret/+/app", "secret/d*", "secret/data/app"),  # a later first wildcard
        ("secret/*", "secret/+", "secret/data"),  # no star at the end
        ("secret/+/+/x", "secret/+/app/x", "secret/data/app/x"),  # fewer pluses
        ("secret/+/a*", "secret/+/ap*", "secret/data/app"),  # longer
        ("secret/+/app*", "secret/+/app", "secret/data/app"),
    ],
)
def test_the_stronger_pattern_alone_decides(weaker, stronger, path):
    """The order of OpenBao's ``CheckAllowedFromNonExactPaths``."""
    assert not acl({weaker: ["read"], stronger: ["deny"]}).allows("read", path)
    assert acl({weaker: ["deny"], stronger: ["read"]}).allows("read", path)
    assert acl({weaker: ["update"], stronger: ["read"]}).capabilities(path) == BITS["read"]


@pytest.mark.parametrize(
    "pattern",
    ["secret/metadata/prod/", "secret/metadata/prod", "secret/metadata/+", "secret/metadata/prod/*"],
)
def test_a_folder_may_be_named_with_or_without_its_slash_for_a_list(pattern):
    assert acl({pattern: ["list"]}).allows("list", "secret/metadata/prod")


def test_a_rule_for_a_folder_does_not_reach_into_it():
    assert not acl({"secret/metadata/prod/": ["list"]}).allows("list", "secret/metadata/prod/eu")


def test_the_operator_is_bound_by_nothing():
    rules = acl({"*": ["deny"]}, operator=True)
    assert all(rules.allows(word, "anything") for word in BITS if word != "deny")


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({}, "under 'path'"),
        ({"path": []}, "under 'path'"),
        ({"path": {}, "name": "x"}, "'name'"),
        ({"path": {"a": []}}, "expected an object"),
        ({"path": {"a": {}}}, "capabilities"),
        ({"path": {"a": {"capabilities": []}}}, "capabilities"),
        ({"path": {"a": {"capabilities": "read"}}}, "capabilities"),
        ({"path": {"a": {"capabilities": ["reed"]}}}, "'reed'"),
        ({"path": {"a": {"capabilities": [7]}}}, "unknown capability"),
        ({"path": {"a": {"capabilities": ["read"], "denied_parameters": {}}}}, "denied_parameters"),
        ({"path": {"": {"capabilities": ["read"]}}}, "not empty"),
        ({"path": {"/": {"capabilities": ["read"]}}}, "not empty"),
        ({"path": {"a/*/b": {"capabilities": ["read"]}}}, "at the end"),
        ({"path": {"a/+*": {"capabilities": ["read"]}}}, "'+*'"),
        ({"path": {"a**": {"capabilities": ["read"]}}}, "at the end"),
    ],
)
def test_a_policy_that_would_not_do_what_it_says_is_refused(document, complaint):
    with pytest.raises(InvalidRequest) as refused:
        parse("p", document)
    assert complaint in str(refused.value)


@pytest.mark.parametrize("name", ["", "A", "a b", "a/b", "..", ".", "x" * 129, "ä", None])
def test_a_policy_has_a_plain_name(name):
    with pytest.raises(InvalidRequest):
        parse(name, {"path": {}})


def test_a_leading_slash_of_a_pattern_is_dropped():
    assert acl({"/secret/data/a": ["read"]}).allows("read", "secret/data/a")


# The reference: every pattern is tried, the matching ones are compared two by two.

_segment = st.sampled_from(["a", "b", "ab"])
_path = st.lists(_segment, min_size=1, max_size=4).map("/".join)
_pattern = st.tuples(
    st.lists(st.sampled_from(["a", "b", "ab", "+", "+"]), min_size=1, max_size=4),
    st.sampled_from(["", "*", "/*"]),
).map(lambda parts: "/".join(parts[0]) + parts[1])
_rules = st.dictionaries(
    _pattern.filter(lambda pattern: not pattern.endswith("+*")),
    st.sets(st.sampled_from(sorted(BITS)), min_size=1, max_size=3).map(sorted),
    max_size=6,
)


def _matches(pattern: str, path: str) -> bool:
    star = pattern.endswith("*")
    own, given = pattern.removesuffix("*").split("/"), path.split("/")
    if star and "+" not in own:
        return path.startswith(pattern[:-1])
    if len(given) < len(own) or (len(given) > len(own) and not star):
        return False
    pairs = list(zip(own, given, strict=False))
    *front, (last_own, last_given) = pairs
    return all(mine in ("+", theirs) for mine, theirs in front) and (
        last_own in ("+", last_given) or (star and last_given.startswith(last_own))
    )


def _weaker(one: str, other: str) -> int:
    """-1 when ``one`` has the lower priority: Vault's documentation, point by point."""

    def first(pattern: str) -> int:
        found = [pattern.index(mark) for mark in "+*" if mark in pattern]
        return min(found) if found else len(pattern) + 1000

    tests = (
        (first(one), first(other)),
        (not one.endswith("*"), not other.endswith("*")),
        (-one.split("/").count("+"), -other.split("/").count("+")),
        (len(one.removesuffix("*")), len(other.removesuffix("*"))),
        (one, other),
    )
    for mine, theirs in tests:
        if mine != theirs:
            return -1 if mine < theirs else 1
    return 0


def _reference(policies: list[dict[str, list[str]]], path: str) -> int:
    merged: dict[str, int] = {}
    for rules in policies:
        for pattern, words in rules.items():
            for word in words:
                merged[pattern] = merged.get(pattern, 0) | BITS[word]
    matching = [pattern for pattern in merged if _matches(pattern, path)]
    if not matching:
        return 0
    granted = merged[max(matching, key=functools.cmp_to_key(_weaker))]
    return 0 if granted & DENY else granted


@settings(max_examples=1500, deadline=None)
@given(st.lists(_rules, max_size=3), _path)
def test_the_compiled_policies_decide_as_the_reference_does(policies, path):
    assert acl(*policies).capabilities(path) == _reference(policies, path)
