"""Both halves of a fork go on. Each test forks this very process; the child reports through a pipe and leaves."""

import os
import pickle
import signal
import threading
import traceback

import pytest

from wellkept.errors import Unavailable

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


def in_child(action, seconds=20):
    """What ``action`` returns in a forked child; fails when the child fails or does not come back."""
    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(seconds)
        try:
            result = (True, action())
        except BaseException:
            result = (False, traceback.format_exc())
        os.write(send, pickle.dumps(result))
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0, f"the child ended with {status}"
    succeeded, result = pickle.loads(content)
    assert succeeded, result
    return result


def test_a_running_refresher_goes_on_in_both_halves(source, opened, eventually):
    secrets = opened(source, ttl=0.1)
    secrets.get("name")

    def rotated():
        source.values["name"] = "two"
        secrets.get("name")  # the child's first read starts what the child needs
        told = threading.Event()
        secrets.on_change("name", lambda change: told.set())
        source.values["name"] = "three"
        assert told.wait(10)
        return secrets.get("name").reveal(), source.forked

    assert in_child(rotated) == ("three", 1)
    assert source.forked == 0
    told = threading.Event()
    secrets.on_change("name", lambda change: told.set())
    source.values["name"] = "parent"
    assert told.wait(10)


def test_the_child_keeps_what_was_cached(source, opened):
    secrets = opened(source)
    secrets.get("name")

    def cached():
        value = secrets.get("name").reveal()
        return (
            value,
            len(source.reads),
            [t.name for t in threading.enumerate() if t.name == "wellkept-refresher"],
        )

    assert in_child(cached) == ("one", 1, ["wellkept-refresher"])


def test_a_read_under_way_in_the_parent_is_not_the_childs(source, opened, eventually):
    source.gate.clear()
    secrets = opened(source)
    got = []
    reader = threading.Thread(target=lambda: got.append(secrets.get("name").reveal()))
    reader.start()
    assert source.entered.wait(10)

    def read():
        source.gate = threading.Event()
        source.gate.set()
        return secrets.get("name").reveal(), secrets.health().hanging

    assert in_child(read) == ("one", 0)
    source.gate.set()
    reader.join()
    assert got == ["one"]


def test_locks_held_by_other_threads_during_the_fork_do_not_block_the_child(source, opened):
    secrets = opened(source, ttl=0.05)
    secrets.get("name")
    held, finish = threading.Event(), threading.Event()

    def hold():
        with (
            secrets._cache.lock,
            secrets._workers._lock,
            secrets._events._teller._lock,
            secrets._refresher._lock,
        ):
            held.set()
            finish.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    try:

        def read():
            source.values["name"] = "two"
            return secrets.refresh("name").reveal(), secrets.get("name").reveal()

        assert in_child(read) == ("two", "two")
    finally:
        finish.set()
        holder.join()


def test_a_fork_from_a_thread_works_in_both_halves(source, opened):
    secrets = opened(source)
    secrets.get("name")
    results = []

    def fork():
        results.append(in_child(lambda: secrets.refresh("name").reveal()))

    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    assert results == ["one"]
    assert secrets.refresh("name").reveal() == "one"


def test_a_fork_inside_a_callback_works_in_both_halves(source, opened):
    secrets = opened(source)
    secrets.get("name")
    results = []
    secrets.on_change(
        "name", lambda change: results.append(in_child(lambda: secrets.refresh("name").reveal()))
    )
    source.values["name"] = "two"
    secrets.refresh("name")
    assert results == ["two"]


def test_forks_in_a_storm_of_reads_never_hang_a_child(source, opened):
    secrets = opened(source, ttl=0.001)
    stop = threading.Event()

    def storm(action):
        while not stop.is_set():
            action()

    actions = [
        lambda: secrets.get("name"),
        lambda: secrets.refresh("name"),
        lambda: secrets.invalidate("name"),
    ]
    threads = [threading.Thread(target=storm, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            assert in_child(lambda: (secrets.get("name").reveal(), secrets.refresh("name").reveal())) == (
                "one",
                "one",
            )
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_change_lined_up_at_the_fork_is_told_in_the_child_too(source, opened):
    secrets = opened(source)
    secrets.get("name")
    hang, changes = threading.Event(), []

    def note(change):
        changes.append(change.new.reveal())
        if change.new.reveal() == "two":
            hang.wait(30)

    secrets.on_change("name", note)
    for value in ("two", "three"):
        source.values["name"] = value
        secrets.invalidate("name")
        secrets.get("name")
    assert changes == ["two"]

    def told():
        done = threading.Event()
        secrets.on_change("name", lambda change: done.set())
        source.values["name"] = "four"
        secrets.refresh("name")
        assert done.wait(10)
        return changes

    assert in_child(told) == ["two", "three", "four"]
    hang.set()


def test_a_source_that_fails_to_forget_is_no_trouble_for_the_others(scripted, opened):
    class Clumsy(scripted):
        def after_fork(self):
            raise RuntimeError("clumsy")

    clumsy = opened(Clumsy())
    fine = opened(scripted())
    clumsy.get("name")
    fine.get("name")
    assert in_child(lambda: (clumsy.refresh("name").reveal(), fine.refresh("name").reveal())) == (
        "one",
        "one",
    )


def test_the_child_bridges_an_outage_with_what_it_inherited(source, opened, clock):
    secrets = opened(source, ttl=10, max_stale=60, clock=clock)
    secrets.get("name")

    def bridged():
        source.failure = Unavailable("down")
        clock.advance(20)
        return secrets.get("name").reveal()

    assert in_child(bridged) == "one"


def test_a_child_of_a_child_works(source, opened):
    secrets = opened(source)
    secrets.get("name")
    assert in_child(lambda: in_child(lambda: secrets.refresh("name").reveal())) == "one"


def test_closing_in_the_child_leaves_the_parent_open(source, opened):
    secrets = opened(source)
    secrets.get("name")
    in_child(secrets.close)
    assert secrets.refresh("name").reveal() == "one"
