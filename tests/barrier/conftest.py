"""A store in a directory of the test's own, with keys that cost little to make."""

from __future__ import annotations

import pytest

from wellkept.barrier import Barrier
from wellkept.barrier.seals import Cost, KeyFileSeal, PassphraseSeal
from wellkept.clock import ManualClock
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage

CHEAP = Cost(memory_kib=8 * 1024, iterations=1, lanes=1)


@pytest.fixture
def storage(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    yield storage
    storage.close()


@pytest.fixture
def seal(tmp_path):
    return KeyFileSeal.create(tmp_path / "key")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def barrier(storage, seal, clock):
    return Barrier.initialize(storage, seal, clock=clock)


@pytest.fixture
def reopen(tmp_path, seal):
    """Another handle on the same store, as another process would have it."""

    def open_again(with_seal=None):
        return Barrier.unseal(SQLiteStorage.open(tmp_path / "store.db"), with_seal or seal)

    return open_again


@pytest.fixture
def passphrase():
    """A passphrase seal that costs little, for a given passphrase."""
    return lambda text, cost=CHEAP: PassphraseSeal(lambda: text, cost=cost)


@pytest.fixture
def put():
    def write(storage, key, value):
        transact(storage, lambda transaction: transaction.put(key, value))

    return write
