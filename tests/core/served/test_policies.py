"""Policies as ``sys/policies/acl`` stores them, and what they then do."""

from __future__ import annotations

READ = 'path "secret/*" { capabilities = ["read"] }'


def may_read(served, token):
    return served.call("GET", "secret/data/x", token=token).status == 200


def test_a_policy_is_in_force_as_soon_as_it_is_written_and_until_it_is_gone(served):
    served.call("POST", "secret/data/x", {"data": {"a": "b"}})
    token = served.token("reader")
    assert not may_read(served, token)
    served.policy("reader", READ)
    assert may_read(served, token)
    served.policy("reader", 'path "secret/*" { capabilities = ["deny"] }')
    assert not may_read(served, token)
    served.policy("reader", READ)
    served.call("DELETE", "sys/policies/acl/reader")
    assert not may_read(served, token)


def test_a_policy_with_an_end_grants_nothing_after_it(served):
    served.call("POST", "secret/data/x", {"data": {"a": "b"}})
    served.call("POST", "sys/policies/acl/reader", {"policy": READ, "ttl": "1h"})
    token = served.token("reader", ttl="5h")
    assert may_read(served, token)
    served.clock.advance(3600)
    assert not may_read(served, token)
    assert served.call("GET", "sys/policies/acl/reader").status == 404


def test_both_routes_show_the_same_policy(served):
    served.call("POST", "sys/policy/p", {"policy": READ})
    new = served.call("GET", "sys/policies/acl/P").data
    old = served.call("GET", "sys/policy/p").data
    assert new.pop("policy") == old.pop("rules") == READ
    assert new == old


def test_a_policy_of_the_embedded_store_is_served_and_shown(served):
    import json

    served.call("POST", "secret/data/x", {"data": {"a": "b"}})
    document = {"path": {"secret/*": {"capabilities": ["read"]}}}
    with served.barrier.transaction() as transaction:
        transaction.put("sys/policy/mine", json.dumps(document).encode())
    assert may_read(served, served.token("mine"))
    assert json.loads(served.call("GET", "sys/policies/acl/mine").data["policy"]) == document


def test_parameters_that_a_policy_forbids_are_refused(served):
    served.policy(
        "w",
        'path "cubbyhole/*" { capabilities = ["create", "update"] denied_parameters = { "bad" = [] } '
        'required_parameters = ["good"] }',
    )
    token = served.token("w", no_default_policy=True)
    statuses = [
        served.call("POST", "cubbyhole/x", body, token=token).status
        for body in ({"good": 1}, {"good": 1, "bad": 2}, {"other": 1})
    ]
    assert statuses == [204, 403, 403]


def test_who_may_create_but_not_update_writes_once(served):
    served.policy("c", 'path "cubbyhole/*" { capabilities = ["create"] }')
    token = served.token("c", no_default_policy=True)
    assert [served.call("POST", "cubbyhole/x", {"a": 1}, token=token).status for _ in range(2)] == [204, 403]


def test_a_generated_password_fits_its_policy(served):
    text = 'length = 20\nrule "charset" { charset = "abc" }\nrule "charset" { charset = "0123456789" min-chars = 5 }'
    assert served.call("POST", "sys/policies/password/p", {"policy": text}).status == 204
    made = {served.call("GET", "sys/policies/password/p/generate").data["password"] for _ in range(20)}
    assert len(made) == 20
    for password in made:
        assert len(password) == 20
        assert set(password) <= set("abc0123456789")
        assert sum(letter.isdigit() for letter in password) >= 5


def test_capabilities_tell_what_requests_then_get(served):
    served.policy(
        "p",
        'path "secret/data/x" { capabilities = ["read", "create"] }\npath "sys/c*" {capabilities=["sudo"]}',
    )
    token = served.token("p")
    paths = ["secret/data/x", "secret/data/y", "sys/capabilities"]
    told = served.call("POST", "sys/capabilities", {"paths": paths, "token": token}).data
    assert told == {
        "secret/data/x": ["create", "read"],
        "secret/data/y": ["deny"],
        "sys/capabilities": ["sudo"],
    }
    own = served.call("POST", "sys/capabilities-self", {"paths": paths}, token=token).data
    assert own["secret/data/x"] == ["create", "read"]
    assert served.call("POST", "sys/capabilities-self", {"path": "x"}).data["capabilities"] == ["root"]
