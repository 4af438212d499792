"""Leases: given with what they stand for, ended on time, and never forgotten."""

from __future__ import annotations

import pytest

from core_leasing import ISSUED, outside

POLICY = """
path "inside/*" { capabilities = ["read"] }
path "outside/*" { capabilities = ["read"] }
path "sys/leases/revoke" { capabilities = ["update"] }
"""


@pytest.fixture
def user(leasing):
    leasing.policy("user", POLICY)
    return leasing.token("user", ttl="10h")


def issued(served, mount="inside/"):
    found = next(each for each in served.service.router.mounts("secret") if each.path == mount)
    return served.barrier.list(found.prefix + ISSUED)


def test_a_lease_and_what_it_stands_for_are_given_together(leasing, user):
    answer = leasing.call("GET", "inside/creds/a", token=user)
    assert (answer.data, answer.lease_duration, answer.renewable) == ({"user": "a"}, 100, True)
    assert answer.lease_id.startswith("inside/creds/a/")
    told = leasing.call("POST", "sys/leases/lookup", {"lease_id": answer.lease_id}).data
    assert (told["id"], told["ttl"], told["renewable"]) == (answer.lease_id, 100, True)
    listed = leasing.call("LIST", "sys/leases/lookup/inside/creds").data["keys"]
    assert listed == ["a/"]


def test_an_expired_lease_is_undone_by_the_worker(leasing, user):
    leasing.call("GET", "inside/creds/a", token=user)
    leasing.clock.advance(99)
    assert leasing.service.expiration.run_once() == 0
    assert issued(leasing) == ["a"]
    leasing.clock.advance(2)
    assert leasing.service.expiration.run_once() == 1
    assert issued(leasing) == []
    assert leasing.call("LIST", "sys/leases/lookup/inside").status == 404
    assert leasing.barrier.list("core/lease/owner/") == []


def test_a_lease_is_undone_after_a_restart(leasing, user):
    leasing.call("GET", "inside/creds/a", token=user)
    leasing.restart()
    leasing.clock.advance(101)
    assert leasing.service.expiration.run_once() == 1
    assert issued(leasing) == []


def test_leases_go_with_the_token_that_they_were_given_to(leasing, user):
    for name in ("a", "b"):
        leasing.call("GET", f"inside/creds/{name}", token=user)
    assert issued(leasing) == ["a", "b"]
    leasing.call("POST", "auth/token/revoke", {"token": user})
    assert issued(leasing) == []
    assert leasing.call("LIST", "sys/leases/lookup/inside").status == 404


def test_a_renewed_lease_lives_longer_but_not_beyond_its_maximum(leasing, user):
    lease = leasing.call("GET", "inside/creds/a", token=user).lease_id
    for _ in range(11):
        leasing.clock.advance(90)
        leasing.call("POST", "sys/leases/renew", {"lease_id": lease, "increment": 100})
    leasing.service.expiration.run_once()
    answer = leasing.call("POST", "sys/leases/lookup", {"lease_id": lease})
    assert answer.data["ttl"] == 1000 - 11 * 90
    leasing.clock.advance(11)
    leasing.service.expiration.run_once()
    assert issued(leasing) == []


def test_an_expired_lease_cannot_be_renewed_though_no_worker_came(leasing, user):
    lease = leasing.call("GET", "inside/creds/a", token=user).lease_id
    leasing.clock.advance(101)
    assert leasing.call("POST", "sys/leases/renew", {"lease_id": lease}).status == 400


def test_renewal_asks_the_engine_again(leasing, user):
    lease = leasing.call("GET", "inside/creds/a", token=user).lease_id
    mount = next(each for each in leasing.service.router.mounts("secret") if each.path == "inside/")
    with leasing.barrier.transaction() as transaction:
        transaction.delete(f"{mount.prefix}{ISSUED}a")
    answer = leasing.call("POST", "sys/leases/renew", {"lease_id": lease})
    assert (answer.status, answer.errors) == (400, ["the role is gone"])


def test_revoking_by_prefix_ends_what_lies_below_it_and_nothing_else(leasing, user):
    for path in ("inside/creds/a", "inside/creds/b", "outside/creds/a"):
        leasing.call("GET", path, token=user)
    assert leasing.call("POST", "sys/leases/revoke-prefix/inside/creds/a").status == 204
    assert issued(leasing) == ["b"]
    assert leasing.call("POST", "sys/leases/revoke-prefix/inside").status == 204
    assert issued(leasing) == []
    assert issued(leasing, "outside/") == ["a"]


def test_what_is_elsewhere_is_undone_at_once_when_that_is_possible(leasing, user):
    lease = leasing.call("GET", "outside/creds/a", token=user).lease_id
    assert outside.known == {"a"}
    assert leasing.call("POST", "sys/leases/revoke", {"lease_id": lease}).status == 204
    assert outside.known == set()
    assert leasing.call("POST", "sys/leases/lookup", {"lease_id": lease}).status == 400


def test_what_cannot_be_undone_now_is_tried_again_with_growing_pauses(leasing, user):
    leasing.call("GET", "outside/creds/a", token=user)
    outside.failures = 3
    leasing.clock.advance(101)
    leasing.service.expiration.run_once()
    assert len(outside.calls) == 1
    for pause, calls in ((9, 1), (2, 2), (19, 2), (2, 3), (39, 3), (2, 4)):
        leasing.clock.advance(pause)
        leasing.service.expiration.run_once()
        assert len(outside.calls) == calls
    assert outside.known == set()
    assert leasing.call("LIST", "sys/leases/lookup/outside").status == 404


def test_after_six_failures_a_lease_is_shown_as_irrevocable_and_not_forgotten(leasing, user):
    lease = leasing.call("GET", "outside/creds/a", token=user).lease_id
    outside.failures = 100
    for _ in range(20):
        leasing.clock.advance(4000)
        leasing.service.expiration.run_once()
    assert len(outside.calls) == 6
    shown = leasing.call("GET", "sys/leases?type=irrevocable").data
    assert shown["lease_count"] == 1
    assert shown["leases"][0]["lease_id"] == lease
    assert "hunter2" not in str(shown)
    assert leasing.call("GET", "sys/leases/count?type=irrevocable").data["lease_count"] == 1
    leasing.restart()
    assert leasing.call("GET", "sys/leases/count?type=irrevocable").data["lease_count"] == 1
    assert leasing.call("POST", "sys/leases/revoke-force/outside").status == 204
    assert leasing.call("GET", "sys/leases/count?type=irrevocable").data["lease_count"] == 0


def test_the_end_of_a_token_leaves_what_is_elsewhere_to_the_worker(leasing, user):
    leasing.call("GET", "outside/creds/a", token=user)
    leasing.call("POST", "auth/token/revoke", {"token": user})
    assert outside.known == {"a"}
    leasing.service.expiration.run_once()
    assert outside.known == set()


def test_a_worker_that_died_in_the_middle_is_succeeded_by_another(leasing, user, monkeypatch):
    leasing.call("GET", "outside/creds/a", token=user)
    leasing.clock.advance(101)

    def die(lease):
        raise KeyboardInterrupt

    monkeypatch.setattr(leasing.service.expiration, "_call", die)
    with pytest.raises(KeyboardInterrupt):
        leasing.service.expiration.run_once()
    leasing.restart()
    leasing.service.expiration.run_once()
    assert outside.calls == []  # the claim of the dead one still stands
    leasing.clock.advance(121)
    leasing.service.expiration.run_once()
    assert outside.calls == ["a"]


def test_two_workers_do_not_undo_the_same_lease_twice(leasing, user):
    import threading

    for number in range(20):
        leasing.call("GET", f"outside/creds/n{number}", token=user)
    leasing.clock.advance(101)
    workers = [threading.Thread(target=leasing.service.expiration.run_once) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(outside.calls) == sorted(f"n{number}" for number in range(20))


def test_a_disabled_engine_takes_its_leases_and_entries_with_it(leasing, user):
    leasing.call("GET", "inside/creds/a", token=user)
    mount = next(each for each in leasing.service.router.mounts("secret") if each.path == "inside/")
    assert leasing.call("DELETE", "sys/mounts/inside").status == 204
    assert leasing.barrier.list(mount.prefix) == []
    assert leasing.call("LIST", "sys/leases/lookup/inside").status == 404
    assert leasing.call("GET", "inside/creds/a").status == 404


def test_a_lease_moves_with_its_mount(leasing, user):
    lease = leasing.call("GET", "inside/creds/a", token=user).lease_id
    leasing.call("POST", "sys/remount", {"from": "inside", "to": "elsewhere"})
    assert leasing.call("POST", "sys/leases/renew", {"lease_id": lease}).status == 200
    leasing.clock.advance(101)
    leasing.service.expiration.run_once()
    assert issued(leasing, "elsewhere/") == []


def test_a_token_with_one_use_left_gets_no_lease(leasing, user):
    token = leasing.token("user", num_uses=1)
    answer = leasing.call("GET", "inside/creds/a", token=token)
    assert answer.status == 400
    assert "token had one use left" in answer.errors[0]
    assert issued(leasing) == []


def test_a_login_is_renewed_only_while_it_would_still_succeed(leasing):
    leasing.call("POST", "auth/simple/allowed", {"on": True})
    token = leasing.call("POST", "auth/simple/login", {"policies": "default"}, token="").token
    assert leasing.call("POST", "auth/token/renew-self", token=token).auth["lease_duration"] == 100
    leasing.call("POST", "auth/simple/allowed", {"on": False})
    answer = leasing.call("POST", "auth/token/renew-self", token=token)
    assert (answer.status, answer.errors) == (400, ["no longer allowed"])


def test_a_login_cannot_give_the_root_policy_in_any_spelling(leasing):
    for name in ("root", "ROOT", " Root"):
        answer = leasing.call("POST", "auth/simple/login", {"policies": [name]}, token="")
        assert (answer.status, answer.errors) == (400, ["auth methods cannot create root tokens"])
    assert len(leasing.call("LIST", "auth/token/accessors").data["keys"]) == 1


def test_disabling_an_auth_method_ends_the_tokens_that_came_from_it(leasing):
    token = leasing.call("POST", "auth/simple/login", {"policies": "default"}, token="").token
    assert leasing.call("GET", "auth/token/lookup-self", token=token).status == 200
    leasing.call("DELETE", "sys/auth/simple")
    assert leasing.call("GET", "auth/token/lookup-self", token=token).status == 403


def test_an_irrevocable_lease_is_tried_once_more_when_an_operator_asks(leasing, user):
    lease = leasing.call("GET", "outside/creds/a", token=user).lease_id
    outside.failures = 7
    for _ in range(10):
        leasing.clock.advance(4000)
        leasing.service.expiration.run_once()
    assert leasing.call("POST", "sys/leases/revoke", {"lease_id": lease}).status == 500
    assert leasing.call("GET", "sys/leases/count?type=irrevocable").data["lease_count"] == 1
    assert leasing.call("POST", "sys/leases/revoke", {"lease_id": lease}).status == 204
    assert leasing.call("GET", "sys/leases/count?type=irrevocable").data["lease_count"] == 0
    assert outside.known == set()


def test_processes_share_the_work_and_end_everything_once(leasing, user):
    import multiprocessing

    for number in range(30):
        leasing.call("GET", f"inside/creds/n{number}", token=user)
    leasing.clock.advance(101)
    context = multiprocessing.get_context("fork")
    counts = context.Queue()

    def work():
        counts.put(leasing._open().expiration.run_once())

    workers = [context.Process(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    ended = [counts.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert sum(ended) == 30
    assert issued(leasing) == []
    assert leasing.call("LIST", "sys/leases/lookup/inside").status == 404
