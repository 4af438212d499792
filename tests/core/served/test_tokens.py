"""Tokens: who gets which, how long they live, and what goes with them."""

from __future__ import annotations

import threading

import pytest


def lookup(served, token):
    return served.call("GET", "auth/token/lookup-self", token=token)


def test_storage_holds_no_token(served, tmp_path):
    token = served.token("default")
    served.storage.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert token.encode() not in stored
    assert served.root.encode() not in stored


def test_a_token_ends_with_its_time_though_no_worker_came(served):
    token = served.token("default", ttl="1h")
    served.clock.advance(3599)
    assert lookup(served, token).status == 200
    served.clock.advance(1)
    assert lookup(served, token).status == 403


def test_revoking_a_token_takes_its_whole_tree_and_nothing_else(served):
    served.policy("maker", 'path "auth/token/create" { capabilities = ["update"] }')
    top = served.token("maker")
    other = served.token("default")

    def child(of, **fields):
        return served.call("POST", "auth/token/create", {"policies": ["maker"], **fields}, token=of).token

    middle = child(top)
    leaf = child(middle)
    batch = served.call(
        "POST", "auth/token/create", {"policies": ["maker"], "type": "batch"}, token=top
    ).token
    assert served.call("POST", "auth/token/revoke", {"token": top}).status == 204
    assert [lookup(served, each).status for each in (top, middle, leaf, batch, other)] == [403] * 4 + [200]


def test_children_of_a_token_revoked_as_orphan_live_on_without_a_parent(served):
    served.policy("maker", 'path "auth/token/create" { capabilities = ["update"] }')
    parent = served.token("maker")
    child = served.call("POST", "auth/token/create", {}, token=parent).token
    assert lookup(served, child).data["orphan"] is False
    assert served.call("POST", "auth/token/revoke-orphan", {"token": parent}).status == 204
    assert lookup(served, parent).status == 403
    assert lookup(served, child).data["orphan"] is True
    assert served.call("POST", "auth/token/revoke", {"token": served.root}).status == 204
    assert lookup(served, child).status == 200


def test_an_orphan_survives_its_maker(served):
    maker = served.token("root", ttl="1h")
    orphan = served.call(
        "POST", "auth/token/create", {"policies": ["default"], "no_parent": True}, token=maker
    ).token
    served.call("POST", "auth/token/revoke", {"token": maker})
    assert lookup(served, orphan).status == 200


def test_a_use_limit_counts_every_request_and_the_last_one_ends_the_token(served):
    token = served.token("default", num_uses=3)
    assert lookup(served, token).data["num_uses"] == 2
    assert served.call("GET", "secret/data/x", token=token).status == 403
    last = lookup(served, token)
    assert (last.status, last.data["num_uses"]) == (200, -1)
    assert lookup(served, token).status == 403
    assert served.service.tokens.get(served.barrier, served.service.tokens.hash(token)) is None


def test_a_use_limit_holds_between_threads(served):
    token = served.token("default", num_uses=5)
    statuses = []

    def ask():
        statuses.append(lookup(served, token).status)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 5 + [403] * 7


def test_a_token_bound_to_addresses_is_good_nowhere_else(served):
    served.call("POST", "auth/token/roles/bound", {"token_bound_cidrs": ["10.0.0.0/8", "::1"]})
    token = served.call("POST", "auth/token/create/bound", {"policies": ["default"]}).token
    statuses = {
        address: served.call("GET", "auth/token/lookup-self", token=token, address=address).status
        for address in ("10.1.2.3", "::ffff:10.1.2.3", "::1", "11.0.0.1", "not an address")
    }
    assert statuses == {
        "10.1.2.3": 200,
        "::ffff:10.1.2.3": 200,
        "::1": 200,
        "11.0.0.1": 403,
        "not an address": 403,
    }


def test_an_explicit_end_cannot_be_renewed_away(served):
    token = served.token("default", ttl="1h", explicit_max_ttl="90m")
    served.clock.advance(3000)
    answer = served.call("POST", "auth/token/renew-self", {"increment": "1h"}, token=token)
    assert answer.auth["lease_duration"] == 2400
    assert any("exceeded the effective max_ttl" in text for text in answer.warnings)
    served.clock.advance(2400)
    assert lookup(served, token).status == 403


def test_a_periodic_token_lives_as_long_as_it_is_renewed(served):
    token = served.token("default", period="1h")
    served.call("POST", "sys/auth/token/tune", {"max_lease_ttl": "10h"})
    for _ in range(20):
        served.clock.advance(3000)
        renewed = served.call("POST", "auth/token/renew-self", {"increment": "9h"}, token=token)
        assert renewed.auth["lease_duration"] == 3600
    served.clock.advance(3600)
    assert lookup(served, token).status == 403


def test_a_batch_token_is_written_nowhere_and_ends_with_its_time_and_its_parent(served):
    before = served.barrier.revision()
    batch = served.token("default", type="batch", ttl="1h")
    assert served.barrier.revision() == before
    told = lookup(served, batch).data
    assert (told["type"], told["policies"], told["renewable"]) == ("batch", ["default"], False)
    served.restart()
    assert lookup(served, batch).status == 200
    served.clock.advance(3600)
    assert lookup(served, batch).status == 403


@pytest.mark.parametrize("change", range(0, 60, 7))
def test_a_batch_token_altered_in_any_place_is_none(served, change):
    batch = served.token("default", type="batch")
    letter = "A" if batch[2 + change] != "A" else "B"
    forged = batch[: 2 + change] + letter + batch[3 + change :]
    assert lookup(served, forged).status == 403


def test_a_child_of_a_token_that_is_revoked_meanwhile_is_not_made(served, monkeypatch):
    served.policy("maker", 'path "auth/token/create" { capabilities = ["update"] }')
    maker = served.token("maker")
    original = served.service.issuer.token

    def slow(*arguments):
        monkeypatch.setattr(served.service.issuer, "token", original)
        served.call("POST", "auth/token/revoke", {"token": maker})
        return original(*arguments)

    monkeypatch.setattr(served.service.issuer, "token", slow)
    answer = served.call("POST", "auth/token/create", {}, token=maker)
    assert answer.status >= 400
    assert len(served.call("LIST", "auth/token/accessors").data["keys"]) == 1


def test_what_a_token_may_make_is_at_most_what_it_is(served):
    served.policy("maker", 'path "auth/token/*" { capabilities = ["update"] }')
    maker = served.token("maker")
    for wanted in (["root"], ["ROOT"], [" root "], ["other"], ["maker", "other"]):
        answer = served.call("POST", "auth/token/create", {"policies": wanted}, token=maker)
        assert (answer.status, answer.errors) == (400, ["child policies must be subset of parent"])


def test_an_accessor_finds_its_token_and_never_tells_its_text(served):
    token = served.token("default", ttl="1h")
    accessor = lookup(served, token).data["accessor"]
    told = served.call("POST", "auth/token/lookup-accessor", {"accessor": accessor}).data
    assert (told["accessor"], told["id"]) == (accessor, "")
    renewed = served.call("POST", "auth/token/renew-accessor", {"accessor": accessor, "increment": "2h"})
    assert (renewed.auth["client_token"], renewed.auth["lease_duration"]) == ("", 7200)
    assert served.call("POST", "auth/token/revoke-accessor", {"accessor": accessor}).status == 204
    assert lookup(served, token).status == 403


def test_tokens_survive_a_restart(served):
    token = served.token("default", ttl="1h")
    served.restart()
    assert lookup(served, token).status == 200
    assert lookup(served, served.root).data["policies"] == ["root"]


def test_a_role_that_is_gone_renews_nothing(served):
    served.call("POST", "auth/token/roles/r", {"token_period": "1h"})
    token = served.call("POST", "auth/token/create/r", {"policies": ["default"]}).token
    assert served.call("POST", "auth/token/renew-self", token=token).status == 200
    served.call("DELETE", "auth/token/roles/r")
    answer = served.call("POST", "auth/token/renew-self", token=token)
    assert answer.status == 400
    assert "could not be found, not renewing" in answer.errors[0]


def test_a_token_revoked_while_it_is_used_takes_its_cubbyhole_with_it(served):
    token = served.token("default")
    served.call("POST", "cubbyhole/x", {"a": "b"}, token=token)
    assert served.call("GET", "cubbyhole/x", token=token).data == {"a": "b"}
    assert served.barrier.list("mount/cubbyhole/")
    served.call("POST", "auth/token/revoke-self", token=token)
    assert served.barrier.list("mount/cubbyhole/") == []


def test_a_spent_token_that_a_crash_left_behind_is_removed_by_the_worker(served, monkeypatch):
    token = served.token("default", num_uses=1, ttl="100h")
    monkeypatch.setattr(served.service.core, "_end", lambda caller: None)
    assert lookup(served, token).status == 200
    served.restart()
    assert lookup(served, token).status == 403
    served.clock.advance(301)
    assert served.service.expiration.run_once() == 1
    assert served.service.tokens.get(served.barrier, served.service.tokens.hash(token)) is None


def test_a_login_that_loses_a_race_gives_a_token_that_is_there(leasing, monkeypatch):
    """The transaction runs again from the start; what the first attempt made is gone, and must not be answered."""
    from wellkept.errors import Conflict

    original = leasing.service.issuer.token
    attempts = []

    def lose_once(*arguments):
        attempts.append(original(*arguments))
        if len(attempts) == 1:
            raise Conflict("lost", retry=True)
        return attempts[-1]

    monkeypatch.setattr(leasing.service.issuer, "token", lose_once)
    answer = leasing.call("POST", "auth/simple/login", {"policies": "default"}, token="")
    assert len(attempts) == 2
    assert lookup(leasing, answer.token).status == 200
    assert len(leasing.call("LIST", "auth/token/accessors").data["keys"]) == 2


def test_the_catalogue_names_what_can_be_mounted(served):
    told = served.call("GET", "sys/plugins/catalog").data
    assert {"kv", "transit"} <= set(told["secret"])
    assert {"approle", "userpass"} <= set(told["auth"])
    assert served.call("LIST", "sys/namespaces").status == 404


def test_a_root_token_is_decoded_with_its_one_time_password(served):
    import base64

    otp, token = "a" * 26, "s.abcdefghijklmnopqrstuvwx"
    mixed = bytes(ord(one) ^ ord(other) for one, other in zip(otp, token, strict=True))
    encoded = base64.b64encode(mixed).decode().rstrip("=")
    told = served.call("POST", "sys/decode-token", {"encoded_token": encoded, "otp": otp}, token="")
    assert told.data == {"token": token}
    assert served.call("POST", "sys/decode-token", {"encoded_token": "!", "otp": otp}, token="").status == 400
