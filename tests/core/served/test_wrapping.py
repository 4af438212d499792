"""Response wrapping: fetched once, by whoever has the token, and never twice."""

from __future__ import annotations

import threading

INVALID = ["wrapping token is not valid or does not exist"]


def wrap(served, data, ttl=60):
    return served.call("POST", "sys/wrapping/wrap", data, wrap=ttl)


def test_what_was_wrapped_comes_out_once(served):
    token = wrap(served, {"a": 1}).token
    assert served.call("POST", "sys/wrapping/unwrap", {"token": token}).data == {"a": 1}
    again = served.call("POST", "sys/wrapping/unwrap", {"token": token})
    assert (again.status, again.errors) == (400, INVALID)


def test_the_token_itself_unwraps_and_can_do_nothing_else(served):
    token = wrap(served, {"a": 1}).token
    for method, path in (("GET", "secret/data/x"), ("POST", "auth/token/create"), ("GET", "sys/mounts")):
        other = wrap(served, {"a": 1}).token
        assert served.call(method, path, token=other).status == 403
    answer = served.call("POST", "sys/wrapping/unwrap", token=token)
    assert (answer.data, answer.warnings) == ({"a": 1}, [])
    assert served.call("POST", "sys/wrapping/unwrap", token=token).status in (400, 403)


def test_of_many_who_unwrap_at_the_same_time_one_succeeds(served):
    token = wrap(served, {"a": 1}).token
    statuses = []

    def unwrap():
        statuses.append(served.call("POST", "sys/wrapping/unwrap", {"token": token}).status)

    threads = [threading.Thread(target=unwrap) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [400] * 7


def test_looking_a_wrapping_up_leaves_it_untouched(served):
    token = wrap(served, {"a": 1}).token
    for credentials in ("", served.root):
        told = served.call("POST", "sys/wrapping/lookup", {"token": token}, token=credentials).data
        assert (told["creation_path"], told["creation_ttl"]) == ("sys/wrapping/wrap", 60)
    assert served.call("POST", "sys/wrapping/unwrap", {"token": token}).data == {"a": 1}


def test_a_wrapping_ends_with_its_time_and_leaves_nothing(served):
    token = wrap(served, {"a": 1}).token
    served.clock.advance(60)
    assert served.call("POST", "sys/wrapping/unwrap", {"token": token}).errors == INVALID
    assert served.service.expiration.run_once() == 1
    assert served.barrier.list("core/wrapped/") == []


def test_rewrapping_gives_a_new_token_and_ends_the_old_one(served):
    old = wrap(served, {"a": 1}).token
    served.clock.advance(50)
    new = served.call("POST", "sys/wrapping/rewrap", {"token": old})
    assert new.wrap_info["creation_path"] == "sys/wrapping/wrap"
    assert served.call("POST", "sys/wrapping/unwrap", {"token": old}).errors == INVALID
    served.clock.advance(50)
    assert served.call("POST", "sys/wrapping/unwrap", {"token": new.token}).data == {"a": 1}


def test_a_wrapped_token_is_told_by_its_accessor_and_comes_out_whole(served):
    wrapped = served.call("POST", "auth/token/create", {"policies": ["default"]}, wrap=60)
    assert wrapped.auth is None
    inner = served.call("POST", "sys/wrapping/unwrap", {"token": wrapped.token})
    assert inner.auth["accessor"] == wrapped.wrap_info["wrapped_accessor"]
    assert served.call("GET", "auth/token/lookup-self", token=inner.token).data["policies"] == ["default"]


def test_an_ordinary_token_is_no_wrapping(served):
    token = served.token("default")
    for action in ("unwrap", "rewrap", "lookup"):
        answer = served.call("POST", f"sys/wrapping/{action}", {"token": token})
        assert (answer.status, answer.errors) == (400, INVALID)
    assert served.call("GET", "auth/token/lookup-self", token=token).status == 200


def test_a_wrapped_secret_is_stored_encrypted_and_gone_after_it_was_fetched(served):
    served.call("POST", "secret/data/x", {"data": {"password": "hunter2"}})
    wrapped = served.call("GET", "secret/data/x", wrap=60)
    assert wrapped.data == {}
    assert len(served.barrier.list("core/wrapped/")) == 1
    inner = served.call("POST", "sys/wrapping/unwrap", {"token": wrapped.token})
    assert inner.data["data"] == {"password": "hunter2"}
    assert served.barrier.list("core/wrapped/") == []


def test_an_error_is_not_wrapped(served):
    answer = served.call("GET", "secret/data/nope", wrap=60)
    assert (answer.status, answer.wrap_info) == (404, None)
    assert served.barrier.list("core/wrapped/") == []


def test_a_policy_may_want_wrapping(served):
    served.policy(
        "w", 'path "secret/*" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "2m" }'
    )
    served.call("POST", "secret/data/x", {"data": {"a": "b"}})
    token = served.token("w")
    statuses = [
        served.call("GET", "secret/data/x", token=token, wrap=ttl).status for ttl in (None, 30, 90, 200)
    ]
    assert statuses == [403, 403, 200, 403]


def test_what_runs_outside_of_a_transaction_is_wrapped_too(served):
    for method, path in (("GET", "sys/key-status"), ("POST", "auth/token/tidy"), ("GET", "sys/mounts")):
        plain = served.call(method, path)
        wrapped = served.call(method, path, wrap=60)
        assert wrapped.data == {}
        if plain.data:
            assert wrapped.wrap_info is not None
            inner = served.call("POST", "sys/wrapping/unwrap", {"token": wrapped.token})
            assert inner.data.keys() == plain.data.keys()
