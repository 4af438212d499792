"""Policies in Vault's language: what is understood, what is refused and with which words, what is granted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellkept.core.policy import ACL, BITS
from wellkept.core.policy_hcl import parse_policy_text, resolve
from wellkept.errors import InvalidRequest


def acl(*texts: str, now: float = 0) -> ACL:
    return ACL([parse_policy_text(f"p{index}", text) for index, text in enumerate(texts)], now=now)


def test_hcl_and_json_mean_the_same() -> None:
    rule = {"capabilities": ["read", "list"], "allowed_parameters": {"a": ["x*"]}, "min_wrapping_ttl": "1m"}
    one = parse_policy_text(
        "p",
        'path "secret/+/x*" {\n  capabilities = ["read", "list"] # both\n  allowed_parameters = { "a" = ["x*"] }\n'
        '  min_wrapping_ttl = "1m"\n}',
    )
    other = parse_policy_text("p", json.dumps({"path": {"secret/+/x*": rule}}))
    listed = parse_policy_text("p", json.dumps({"path": [{"secret/+/x*": rule}]}))
    assert one.rules == other.rules == listed.rules
    assert one.limits == other.limits == listed.limits
    assert one.limits["secret/+/x*"].min_wrapping_ttl == 60


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('path "x" { capabilities = ["fly"] }', 'path "x": path "x": invalid capability "fly"'),
        ('path "x" { policy = "nope" }', 'path "x": path "x": invalid policy "nope"'),
        (
            'path "x" { capabilities = ["read"] foo = 1 }',
            'path "x": 1 error occurred:\n\t* invalid key "foo" on line 1\n\n',
        ),
        ("foo = 1", '1 error occurred:\n\t* invalid key "foo" on line 1\n\n'),
        (
            'path "x/+*" { capabilities = ["read"] }',
            'path "x/+*": path "x/+*": invalid use of wildcards (\'+*\' is forbidden)',
        ),
        (
            'path "x" { min_wrapping_ttl="2h" max_wrapping_ttl="1h" }',
            'path "x": max_wrapping_ttl cannot be less than min_wrapping_ttl',
        ),
    ],
)
def test_a_policy_that_is_wrong_is_refused_in_openbaos_words(text: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_policy_text("p", text)
    assert str(caught.value) == "failed to parse policy: " + message


@pytest.mark.parametrize(
    "text",
    ["nonsense", "path", 'path "x"', 'path "x" {', '{"path": 5}', '{"path": ["x"]}', '{"path": {"x": 1}}', "{", "[" * 9999,
     'path "x" { capabilities = "read" }', 'path "x" { capabilities = [yes] }', 'path "x" { expiration = "soon" }',
     'path "x" { expiration = "2027-01-01T00:00:00" }', 'path "x" { pagination_limit = -1 }', "{" * 50_000,
     'path "x" { min_wrapping_ttl = "-1s" }', '{"path": {"x": {"capabilities": [["read"]]}}}', 'a = "\\ud800"'],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="failed to parse policy"):
        parse_policy_text("p", text)


@given(st.text(max_size=300))
def test_any_text_is_a_policy_or_refused(text: str) -> None:
    try:
        parse_policy_text("p", text)
    except InvalidRequest:
        pass


def test_repeated_paths_add_up_and_deny_wins() -> None:
    both = acl('path "x" { capabilities = ["read"] }\npath "x" { capabilities = ["update"] }')
    assert both.capabilities("x") == BITS["read"] | BITS["update"]
    denied = acl('path "x" { capabilities = ["read"] }', 'path "x" { capabilities = ["deny", "read"] }')
    assert denied.capabilities("x") == 0


def test_the_words_of_old_still_mean_something() -> None:
    assert acl('path "x" { policy = "read" }').capabilities("x") == BITS["read"] | BITS["list"]
    assert acl('path "x" { policy = "deny" }').capabilities("x") == 0


def test_required_parameters_must_be_there() -> None:
    rule = acl('path "x" { capabilities = ["update"] required_parameters = ["Ttl"] }')
    assert rule.check("update", "x", {"ttl": 1})
    assert not rule.check("update", "x", {})
    assert not rule.check("update", "x", {"other": 1})


def test_allowed_parameters_with_values_and_globs() -> None:
    rule = acl(
        'path "x" { capabilities = ["update"] allowed_parameters = { "A" = ["v*", "*w", "*m*"], "n" = [5], "any" = [] } }'
    )
    assert rule.check("update", "x", {})
    assert rule.check("update", "x", {"a": "v1", "ANY": object()})
    assert rule.check("update", "x", {"a": "ammo", "n": 5})
    assert not rule.check("update", "x", {"a": "x"})
    assert not rule.check("update", "x", {"n": True})
    assert not rule.check("update", "x", {"b": 1})
    others = acl('path "x" { capabilities = ["update"] allowed_parameters = { "a" = ["1"] "*" = [] } }')
    assert others.check("update", "x", {"b": 1})
    assert not others.check("update", "x", {"a": "2"})


def test_denied_parameters_win_over_allowed_ones() -> None:
    rule = acl(
        'path "x" { capabilities = ["update"] allowed_parameters = { "*" = [] } denied_parameters = { "a" = ["1"] } }'
    )
    assert rule.check("update", "x", {"a": "2"})
    assert not rule.check("update", "x", {"A": "1"})
    nothing = acl('path "x" { capabilities = ["update"] denied_parameters = { "*" = [] } }')
    assert nothing.check("update", "x", {})
    assert not nothing.check("update", "x", {"z": 1})


def test_an_empty_list_of_values_wins_when_rules_merge() -> None:
    one = 'path "x" { capabilities = ["update"] allowed_parameters = { "a" = ["1"] } }'
    any_value = 'path "x" { capabilities = ["update"] allowed_parameters = { "a" = [] } }'
    assert acl(one, any_value).check("update", "x", {"a": "9"})
    assert not acl(one, one.replace('"1"', '"2"')).check("update", "x", {"a": "9"})


def test_wrapping_times_bound_from_both_sides() -> None:
    rule = acl('path "x" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = 120 }')
    assert not rule.check("read", "x", {})
    assert not rule.check("read", "x", {}, 59)
    assert rule.check("read", "x", {}, 60)
    assert rule.check("read", "x", {}, 120)
    assert not rule.check("read", "x", {}, 121)


def test_the_shorter_wrapping_times_win_when_rules_merge() -> None:
    rule = acl(
        'path "x" { capabilities = ["read"] max_wrapping_ttl = 120 }',
        'path "x" { capabilities = ["read"] max_wrapping_ttl = 60 }',
        'path "x" { capabilities = ["read"] }',
    )
    assert not rule.check("read", "x", {}, 61)


def test_a_rule_that_has_ended_grants_nothing_and_the_acl_says_when_the_next_ends() -> None:
    text = 'path "x" { capabilities = ["read"] expiration = "1970-01-01T00:16:40Z" }'
    assert acl(text, now=999).check("read", "x", {})
    assert acl(text, now=999).expires == 1000
    assert not acl(text, now=1000).check("read", "x", {})


def test_a_page_limit_refuses_larger_pages() -> None:
    rule = acl('path "x" { capabilities = ["list"] pagination_limit = 10 required_parameters = ["limit"] }')
    assert rule.check("list", "x", {"limit": "10"})
    assert not rule.check("list", "x", {"limit": 11})
    assert not rule.check("list", "x", {"limit": -1})
    assert not rule.check("list", "x", {})


def test_templates_are_filled_in_or_grant_nothing() -> None:
    policy = parse_policy_text(
        "p",
        'path "s/{{identity.entity.id}}/*" { capabilities = ["read"] }\npath "a" { capabilities = ["read"] }',
    )
    assert ACL([resolve(policy, {"identity.entity.id": "e1"})]).allows("read", "s/e1/x")
    for identity in (
        {},
        {"identity.entity.id": ""},
        {"identity.entity.id": "*"},
        {"identity.entity.id": "a/b"},
    ):
        resolved = resolve(policy, identity)
        assert list(resolved.rules) == ["a"]
