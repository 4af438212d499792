import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from wellkept.errors import Denied, NotFound, Unavailable
from wellkept.secret import Secret


def test_refresh_reads_again_at_once(source, opened):
    secrets = opened(source)
    secrets.get("name")
    source.values["name"] = "two"
    assert secrets.get("name").reveal() == "one"
    assert secrets.refresh("name").reveal() == "two"
    assert secrets.get("name").reveal() == "two"


async def test_refresh_for_tasks(source, opened):
    secrets = opened(source)
    await secrets.aget("name")
    source.values["name"] = "two"
    assert (await secrets.arefresh("name")).reveal() == "two"
    assert {name: secret.reveal() for name, secret in (await secrets.arefresh()).items()} == {"name": "two"}


def test_refresh_of_all_is_one_batch_of_what_is_held(scripted, opened):
    source = scripted({"a": "1", "b": "2", "c": "3"})
    secrets = opened(source)
    secrets.get("a")
    secrets.get("b")
    source.values.update(a="10", b="20")
    assert {name: secret.reveal() for name, secret in secrets.refresh().items()} == {"a": "10", "b": "20"}
    assert source.reads[-1] == ("a", "b")


def test_refresh_of_nothing_is_nothing(source, opened):
    assert opened(source).refresh() == {}
    assert source.reads == []


def test_a_refresh_that_fails_raises_and_leaves_what_is_cached(source, opened, clock):
    secrets = opened(source, clock=clock, refresh=False)
    secrets.get("name")
    source.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        secrets.refresh("name")
    assert secrets.get("name").reveal() == "one"


def test_a_refresh_that_is_denied_drops_the_value(source, opened):
    secrets = opened(source)
    secrets.get("name")
    source.failure = Denied("no")
    with pytest.raises(Denied):
        secrets.refresh("name")
    with pytest.raises(Denied):
        secrets.get("name")


class Snapshots:
    """A source whose reads take the value first and deliver it when let go: an answer that is old on arrival."""

    url = "snapshots:"
    blocking = True

    def __init__(self):
        self.value = "old"
        self.taken = []

    def read(self, name, *, version=None, timeout=None):
        go = threading.Event()
        secret = Secret(self.value, name=name)
        self.taken.append(go)
        assert go.wait(30)
        return secret

    def read_many(self, names, *, timeout=None):
        return {name: self.read(name) for name in names}

    def list(self, *, timeout=None):
        return []

    def close(self):
        for go in self.taken:
            go.set()

    def after_fork(self):
        pass


def test_a_refresh_never_returns_what_was_read_before_it_was_asked_for(opened, eventually):
    source = Snapshots()
    secrets = opened(source)
    with ThreadPoolExecutor(3) as pool:
        got = pool.submit(secrets.get, "name")
        eventually(lambda: len(source.taken) == 1)
        source.value = "new"
        refreshed = pool.submit(secrets.refresh, "name")
        source.taken[0].set()
        assert got.result().reveal() == "old"
        eventually(lambda: len(source.taken) == 2)
        source.taken[1].set()
        assert refreshed.result().reveal() == "new"
    assert secrets.get("name").reveal() == "new"


def test_64_refreshes_at_once_make_at_most_two_reads(source, opened, eventually):
    secrets = opened(source)
    secrets.get("name")
    source.reads.clear()
    source.gate.clear()
    source.values["name"] = "two"
    with ThreadPoolExecutor(64) as pool:
        refreshed = [pool.submit(secrets.refresh, "name") for _ in range(64)]

        def all_wait():
            flight = secrets._cache.cell("name", None).flight
            return flight is not None and len(flight.latch._waiters) == 64

        eventually(all_wait)
        source.gate.set()
        assert {each.result().reveal() for each in refreshed} == {"two"}
    assert len(source.reads) <= 2


def test_invalidate_makes_the_next_get_read(source, opened):
    secrets = opened(source)
    secrets.get("name")
    source.values["name"] = "two"
    secrets.invalidate("name")
    assert secrets.age("name") == float("inf")
    assert secrets.get("name").reveal() == "two"


def test_invalidate_of_all(scripted, opened):
    source = scripted({"a": "1", "b": "2"})
    secrets = opened(source)
    secrets.get_many(["a", "b"])
    source.values.update(a="10", b="20")
    secrets.invalidate()
    assert [secret.reveal() for secret in secrets.get_many(["a", "b"]).values()] == ["10", "20"]


def test_invalidated_values_do_not_bridge_an_outage(source, opened, clock):
    secrets = opened(source, clock=clock, refresh=False)
    secrets.get("name")
    secrets.invalidate("name")
    source.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        secrets.get("name")


def test_what_was_being_read_during_an_invalidate_is_not_kept(opened, eventually):
    source = Snapshots()
    secrets = opened(source)
    with ThreadPoolExecutor(2) as pool:
        before = pool.submit(secrets.get, "name")
        eventually(lambda: len(source.taken) == 1)
        source.value = "new"
        secrets.invalidate("name")
        after = pool.submit(secrets.get, "name")
        eventually(lambda: len(source.taken) == 2)
        source.taken[1].set()
        assert after.result().reveal() == "new"
        source.taken[0].set()
        assert before.result().reveal() == "old"  # it asked before
    assert secrets.get("name").reveal() == "new"


def test_invalidating_what_hangs_again_and_again_neither_piles_up_nor_gives_an_old_value(opened, eventually):
    source = Snapshots()
    secrets = opened(source, deadline=20)
    with ThreadPoolExecutor(8) as pool:
        before = []
        for count in range(1, 4):
            before.append(pool.submit(secrets.get, "name"))
            eventually(lambda count=count: len(source.taken) == count)
            secrets.invalidate("name")
        source.value = "new"
        after = [pool.submit(secrets.get, "name") for _ in range(4)]
        eventually(lambda: len(secrets._cache.cell("name", None).hung[-1].latch._waiters) == 5)
        assert len(source.taken) == 3
        source.taken[2].set()
        eventually(lambda: len(source.taken) == 4)
        source.taken[3].set()
        assert {each.result().reveal() for each in after} == {"new"}
        source.close()
        assert {each.result().reveal() for each in before} == {"old"}


def test_whoever_refreshed_never_sees_an_older_value_whatever_the_others_do(source, opened):
    """The source counts up; the race is between refreshes, invalidations, background reads and plain reads."""
    secrets = opened(source, ttl=0.001)
    source.values["name"] = "0"
    stop = threading.Event()
    failures = []

    def refresh():
        floor = int(source.values["name"])
        refreshed = int(secrets.refresh("name").reveal())
        got = int(secrets.get("name").reveal())
        if not floor <= refreshed <= got:
            failures.append((floor, refreshed, got))

    def repeat(action):
        while not stop.is_set():
            try:
                action()
            except Exception as error:
                failures.append(error)

    actions = [refresh, refresh, lambda: secrets.get("name"), lambda: secrets.invalidate("name")]
    workers = [threading.Thread(target=repeat, args=(action,)) for action in actions]
    for worker in workers:
        worker.start()
    for number in range(300):
        source.values["name"] = str(number)
        stop.wait(0.001)
    stop.set()
    for worker in workers:
        worker.join()
    assert failures == []
    assert len(source.reads) > 100


def test_refresh_of_a_missing_secret_raises(source, opened):
    with pytest.raises(NotFound):
        opened(source).refresh("absent")
