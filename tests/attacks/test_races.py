"""What may happen once happens once, however many ask at the same moment, at two workers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from doubles.raw_http import Wire
from doubles.server_process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from doubles.raw_http import Reply

pytestmark = pytest.mark.slow
CLIENTS = 24
ROUNDS = 4


class Crowd:
    """``ask`` for one request as root; ``all_at_once`` for the same one by many clients at the same moment."""

    def __init__(self, process: Process, root: str) -> None:
        self.process = process
        self.root = root

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        with Wire(self.process.port) as wire:
            reply = wire.ask(method, f"/v1/{path}", body, **{"token": self.root, **options})
        assert reply.status in (200, 204), (path, reply)
        return reply.json

    def all_at_once(self, request: Callable[[Wire, int], Reply]) -> list[Reply]:
        replies: list[Reply] = []
        gate = threading.Barrier(CLIENTS)

        def run(me: int) -> None:
            with Wire(self.process.port) as wire:
                wire.ask("GET", "/v1/sys/health")  # connected, at some worker
                gate.wait(60)
                replies.append(request(wire, me))

        threads = [threading.Thread(target=run, args=(me,)) for me in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(replies) == CLIENTS
        assert all(0 < reply.status < 500 for reply in replies), replies
        return replies


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: Any) -> Iterator[Crowd]:
    process = Process(tmp_path_factory.mktemp("served"), "workers = 2\nkv_at_secret = true")
    try:
        process.start()
        root, _ = process.initialise()
        for kind in ("userpass", "approle"):
            process.call("POST", f"sys/auth/{kind}", {"type": kind}, root)
        process.call("POST", "sys/mounts/transit", {"type": "transit"}, root)
        yield Crowd(process, root)
        assert "Traceback" not in process.said()
    finally:
        process.__exit__()


def given(replies: list[Reply]) -> int:
    return sum(reply.status == 200 for reply in replies)


@pytest.mark.parametrize("uses", [1, 5])
def test_a_token_is_used_as_often_as_it_may_be(crowd: Crowd, uses: int) -> None:
    for _ in range(ROUNDS):
        token = crowd.ask("POST", "auth/token/create", {"num_uses": uses})["auth"]["client_token"]
        assert (
            given(
                crowd.all_at_once(
                    lambda wire, me, token=token: wire.ask("GET", "/v1/sys/mounts", token=token)
                )
            )
            == uses
        )


def test_a_wrapped_answer_is_unwrapped_once(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        made = crowd.ask("POST", "sys/wrapping/wrap", {"a": 1}, headers={"X-Vault-Wrap-TTL": "60"})
        token = made["wrap_info"]["token"]

        def unwrap(wire: Wire, me: int, token: str = token) -> Reply:
            if me % 2:
                return wire.ask("POST", "/v1/sys/wrapping/unwrap", token=token)
            return wire.ask("POST", "/v1/sys/wrapping/unwrap", {"token": token}, token=crowd.root)

        assert given(crowd.all_at_once(unwrap)) == 1


def test_a_secret_id_logs_in_as_often_as_it_may(crowd: Crowd) -> None:
    for number in range(ROUNDS):  # each time another role, since the losers lock theirs
        role = f"r{number}"
        crowd.ask("POST", f"auth/approle/role/{role}", {"role_id": role, "secret_id_num_uses": 3})
        secret = crowd.ask("POST", f"auth/approle/role/{role}/secret-id", {})["data"]["secret_id"]
        login = {"role_id": role, "secret_id": secret}
        replies = crowd.all_at_once(
            lambda wire, me, login=login: wire.ask("POST", "/v1/auth/approle/login", login)
        )
        assert given(replies) == 3


def test_a_version_is_written_by_one_who_expected_the_one_before(crowd: Crowd) -> None:
    for number in range(ROUNDS):
        replies = crowd.all_at_once(
            lambda wire, me, number=number: wire.ask(
                "POST",
                "/v1/secret/data/cas",
                {"data": {"by": me}, "options": {"cas": number}},
                token=crowd.root,
            )
        )
        assert given(replies) == 1
        winner = next(reply for reply in replies if reply.status == 200)
        assert winner.json["data"]["version"] == number + 1


def test_every_write_without_a_condition_is_a_version_of_its_own(crowd: Crowd) -> None:
    crowd.ask("POST", "secret/metadata/many", {"max_versions": 1000})
    numbers = [
        reply.json["data"]["version"]
        for _ in range(ROUNDS)
        for reply in crowd.all_at_once(
            lambda wire, me: wire.ask("POST", "/v1/secret/data/many", {"data": {"by": me}}, token=crowd.root)
        )
    ]
    assert sorted(numbers) == list(range(1, ROUNDS * CLIENTS + 1))


def test_a_revoked_token_does_nothing_that_begins_after_the_answer(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        token = crowd.ask("POST", "auth/token/create", {})["auth"]["client_token"]
        crowd.all_at_once(
            lambda wire, me, token=token: wire.ask("GET", "/v1/auth/token/lookup-self", token=token)
        )
        crowd.ask("POST", "auth/token/revoke", {"token": token})
        replies = crowd.all_at_once(
            lambda wire, me, token=token: wire.ask("GET", "/v1/auth/token/lookup-self", token=token)
        )
        assert given(replies) == 0


def test_a_policy_that_was_narrowed_holds_at_every_worker_at_once(crowd: Crowd) -> None:
    crowd.ask("POST", "secret/data/narrow", {"data": {"a": 1}})
    for _ in range(ROUNDS):
        crowd.ask(
            "PUT", "sys/policies/acl/n", {"policy": 'path "secret/data/narrow" { capabilities = ["read"] }'}
        )
        token = crowd.ask("POST", "auth/token/create", {"policies": ["n"]})["auth"]["client_token"]
        read: Any = lambda wire, me, token=token: wire.ask("GET", "/v1/secret/data/narrow", token=token)  # noqa: E731
        assert given(crowd.all_at_once(read)) == CLIENTS
        crowd.ask(
            "PUT", "sys/policies/acl/n", {"policy": 'path "secret/data/narrow" { capabilities = ["deny"] }'}
        )
        assert given(crowd.all_at_once(read)) == 0


def test_cve_2025_6004_guesses_at_the_same_moment_lock_at_every_worker(crowd: Crowd) -> None:
    crowd.ask("POST", "auth/userpass/users/ann", {"password": "right"})
    guesses = crowd.all_at_once(
        lambda wire, me: wire.ask(
            "POST", "/v1/auth/userpass/login/" + ("ann", "ANN")[me % 2], {"password": "wrong"}
        )
    )
    assert given(guesses) == 0
    assert (
        given(
            crowd.all_at_once(
                lambda wire, me: wire.ask("POST", "/v1/auth/userpass/login/ann", {"password": "right"})
            )
        )
        == 0
    )


def test_a_convergent_ciphertext_is_one_and_a_random_one_never(crowd: Crowd) -> None:
    body = {"plaintext": "aGVsbG8=", "context": "aGVsbG8="}
    for name, options, kinds in (
        ("same", {"derived": True, "convergent_encryption": True}, 1),
        ("other", {"derived": True}, CLIENTS),
    ):
        crowd.ask("POST", f"transit/keys/{name}", options)
        replies = crowd.all_at_once(
            lambda wire, me, name=name: wire.ask(
                "POST", f"/v1/transit/encrypt/{name}", body, token=crowd.root
            )
        )
        assert len({reply.json["data"]["ciphertext"] for reply in replies}) == kinds


def test_rotations_of_a_key_each_make_a_version(crowd: Crowd) -> None:
    crowd.ask("POST", "transit/keys/turn", {})
    assert given(
        crowd.all_at_once(
            lambda wire, me: wire.ask("POST", "/v1/transit/keys/turn/rotate", {}, token=crowd.root)
        )
    ) in (0, CLIENTS)
    assert crowd.ask("GET", "transit/keys/turn")["data"]["latest_version"] == CLIENTS + 1
