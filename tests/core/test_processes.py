"""Several processes with one store: races have one winner, and nothing that was acknowledged is lost."""

import os
import signal

import pytest

from wellkept.core.local import open_store
from wellkept.errors import Conflict


def in_children(count, work):
    """Run ``work(number)`` in so many forks at once; every one must end well."""
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(number)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * count


@pytest.fixture
def opened(tmp_path, store, seal):
    """The store, opened anew by whoever asks; the one of this process is open all the while."""
    return lambda: open_store(tmp_path / "store", seal)


def test_counting_up_by_check_and_set_loses_no_count(opened, store):
    store.write("counter", "0")

    def count(_):
        mine, done = opened(), 0
        while done < 15:
            found = mine.read("counter")
            try:
                mine.write("counter", str(int(found.secret.reveal()) + 1), cas=found.info.number)
            except Conflict:
                continue
            done += 1

    in_children(4, count)
    assert store.read("counter").secret.reveal() == "60"
    assert store.read("counter").info.number == 61
    store.audit_verify()


def test_writers_of_one_secret_without_expectation_all_get_a_version(opened, store):
    store.set_metadata("a", max_versions=100)

    def write(number):
        mine = opened()
        for step in range(15):
            mine.write("a", f"{number}-{step}")

    in_children(4, write)
    values = [store.read("a", version=number).secret.reveal() for number in range(1, 61)]
    assert sorted(values) == sorted(f"{number}-{step}" for number in range(4) for step in range(15))
    store.audit_verify()


def test_one_of_many_creates_a_secret(opened, store, tmp_path):
    def create(number):
        mine = opened()
        try:
            mine.write("a", str(number), cas=0)
        except Conflict:
            return
        (tmp_path / f"won-{number}").touch()

    in_children(6, create)
    (winner,) = tmp_path.glob("won-*")
    assert store.read("a").secret.reveal() == winner.name.removeprefix("won-")
    assert store.read("a").info.number == 1


def test_handles_inherited_by_forks_work_too(store):
    def write(number):
        for step in range(10):
            store.write(f"n/{number}", str(step))

    in_children(4, write)
    assert store.list("n") == ["0", "1", "2", "3"]
    assert all(store.read(f"n/{number}").info.number == 10 for number in range(4))
    store.audit_verify()


def test_policies_keys_and_secrets_change_under_running_readers(opened, store):
    store.write_many({f"n/{number}": "x" for number in range(20)})

    def work(number):
        mine = opened()
        for step in range(6):
            if number == 0:
                mine.rotate_key()
                mine.rewrite()
            elif number == 1:
                mine.set_policy("p", {"path": {f"secret/data/{step}": {"capabilities": ["read"]}}})
            else:
                found = mine.read_many([f"n/{index}" for index in range(20)])
                assert {version.secret.reveal() for version in found.values()} == {"x"}
                mine.write("w", str(step))

    in_children(4, work)
    assert store.key_status()["term"] == 7
    store.audit_verify()


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.1])
def test_a_process_killed_anywhere_leaves_a_store_that_opens_and_verifies(opened, store, delay):
    import time

    child = os.fork()
    if child == 0:
        try:
            mine = opened()
            for step in range(10_000):
                mine.write_many({f"n/{step}/{index}": "x" * 500 for index in range(20)})
                mine.destroy(f"n/{step}/0", [1])
                mine.read(f"n/{step}/1")
        finally:
            os._exit(1)
    time.sleep(0.05 + delay)  # where the blow falls is the point; nothing is waited for
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    store.audit_verify()
    with opened() as again:
        for folder in again.list("n"):
            assert len(again.list(f"n/{folder}")) == 20
        again.write("after", "x")
        again.audit_verify()
