"""What every storage must do, on a real PostgreSQL: bare, behind the barrier, and behind the cache."""

from __future__ import annotations

import os

import pytest

from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.storage.cached import CachedStorage
from wellkept.storage.postgres import PostgresStorage
from wellkept.testing.storage_conformance import StorageConformance


class OnPostgres(StorageConformance):
    coherence = 5.0  # documented as 1; the machine may be busy

    @pytest.fixture(autouse=True)
    def _server(self, server):
        self.url = server.url()

    def bare(self, place):
        schema = "c" + str(abs(hash(str(place))))
        made = place / "made"
        if made.exists():
            return PostgresStorage.open(self.url, schema=schema, connections=8)
        made.touch()
        return PostgresStorage.create(self.url, schema=schema, connections=8)


class TestPostgres(OnPostgres):
    def open(self, place):
        return self.bare(place)


class TestBarrierOverPostgres(OnPostgres):
    def open(self, place):
        fresh = not (place / "made").exists()
        storage = self.bare(place)
        key = place / "key"
        seal = KeyFileSeal.create(key) if fresh else KeyFileSeal(key)
        return Barrier.initialize(storage, seal) if fresh else Barrier.unseal(storage, seal)


def test_the_pool_is_the_childs_own_after_a_fork(opened):
    storage = opened()
    with storage.transaction() as transaction:
        transaction.put("a", b"1")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with storage.transaction() as transaction:
                transaction.put("b", b"2")
            code = 0 if storage.get("a").value == b"1" else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert storage.get("b").value == b"2"


def test_a_cache_sees_another_servers_write_within_the_bound(opened):
    import time

    one, two = (CachedStorage(opened(poll=0.05, bound=0.5)) for _ in range(2))
    with one.transaction() as transaction:
        transaction.put("a", b"1")
    assert two.get("a").value == b"1"
    with one.transaction() as transaction:
        transaction.put("a", b"2")
    deadline = time.monotonic() + 0.5 + 5
    while two.get("a").value != b"2":
        assert time.monotonic() < deadline
        time.sleep(0.01)
