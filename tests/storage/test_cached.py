"""Reads from memory: as true as reads from the disk, whoever writes, and never waiting where waiting is forbidden."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading

import pytest

from wellkept.errors import Conflict
from wellkept.storage.cached import CachedStorage, NotInMemory
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage
from wellkept.testing.storage_conformance import StorageConformance


def put(storage, key, value=b"x"):
    transact(storage, lambda transaction: transaction.put(key, value))


def open_cached(path, **options):
    return CachedStorage(SQLiteStorage.open(path) if path.exists() else SQLiteStorage.create(path), **options)


class TestConformance(StorageConformance):
    def open(self, place):
        return open_cached(place / "store.db")


class TestConformanceOfATinyMemory(StorageConformance):
    def open(self, place):
        return open_cached(place / "store.db", max_bytes=2000)


class Counting:
    """Counts what goes to the storage below."""

    def __init__(self, storage):
        self._storage = storage
        self.snapshots = 0
        self.catching_up = 0

    def snapshot(self, action):
        self.snapshots += 1
        return self._storage.snapshot(action)

    def changes(self, since, stamp=b""):
        self.catching_up += 1
        return self._storage.changes(since, stamp)

    def __getattr__(self, name):
        return getattr(self._storage, name)


@pytest.fixture
def below(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    put(storage, "a", b"1")
    put(storage, "b", b"2")
    yield Counting(storage)
    storage.close()


@pytest.fixture
def other(tmp_path, below):
    storage = SQLiteStorage.open(tmp_path / "store.db")
    yield storage
    storage.close()


def test_what_was_read_once_is_not_read_below_again(below):
    storage = CachedStorage(below)
    for _ in range(3):
        assert storage.get("a").value == b"1"
        assert storage.get("absent") is None
        assert storage.snapshot(lambda moment: moment.get("a").value) == b"1"
    assert below.snapshots == 2


def test_own_commits_are_in_memory_at_once(below):
    storage = CachedStorage(below)
    storage.get("a")
    before = below.snapshots
    put(storage, "a", b"new")
    with storage.memory_only():
        assert storage.get("a").value == b"new"
        assert storage.get("a").revision == storage.revision()
    transact(storage, lambda transaction: transaction.delete("a"))
    with storage.memory_only():
        assert storage.get("a") is None
    assert below.snapshots == before
    assert below.catching_up == 0


def test_writes_of_others_are_seen_by_the_next_read_and_cost_only_their_keys(below, other):
    storage = CachedStorage(below)
    storage.get("a"), storage.get("b")
    put(other, "a", b"theirs")
    assert storage.get("a").value == b"theirs"
    before = below.snapshots
    assert storage.get("b").value == b"2"
    assert below.snapshots == before
    transact(other, lambda transaction: transaction.delete("b"))
    assert storage.get("b") is None


def test_writes_of_others_between_own_ones_are_not_overlooked(below, other):
    storage = CachedStorage(below)
    storage.get("a"), storage.get("b")
    put(other, "a", b"theirs")
    put(storage, "b", b"mine")
    assert storage.get("a").value == b"theirs"
    assert storage.get("b").value == b"mine"
    assert storage.revision() == other.revision()


def test_when_changes_are_not_known_everything_is_forgotten(below, other, monkeypatch):
    storage = CachedStorage(below)
    storage.get("a")
    monkeypatch.setattr("wellkept.storage.sqlite_apply._MOST_KEYS", 0)
    put(other, "a", b"theirs")
    assert storage.get("a").value == b"theirs"


def test_a_store_put_in_the_place_of_another_is_noticed(below, tmp_path):
    storage = CachedStorage(below)
    below.backup_to(tmp_path / "copy.db")
    put(storage, "a", b"after the copy")
    assert storage.get("a").value == b"after the copy"
    shutil.move(tmp_path / "copy.db", tmp_path / "store.db")
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"store.db{suffix}").unlink(missing_ok=True)
    below._pool._look_again = 0.0  # a tenth of a second has passed
    assert storage.get("a").value == b"1"


def test_without_a_witness_every_read_is_of_the_storage_below(below, other, tmp_path):
    storage = CachedStorage(below)
    storage.get("a")
    os.truncate(tmp_path / "store.db-guard", 0)
    storage.get("a")  # this one has just compared all that changed
    before = below.snapshots
    assert storage.get("a").value == storage.get("a").value == b"1"
    assert below.snapshots == before + 2


def test_only_from_memory_means_only_from_memory(below):
    storage = CachedStorage(below)
    storage.get("a")
    with storage.memory_only():
        assert storage.get("a").value == b"1"
        assert storage.snapshot(lambda moment: moment.get("a").value) == b"1"
        for refused in (
            lambda: storage.get("b"),
            lambda: storage.list(""),
            lambda: storage.snapshot(lambda moment: moment.get("b")),
            lambda: storage.snapshot(lambda moment: moment.list("")),
            lambda: list(storage.scan("")),
            lambda: storage.get_mark("x"),
            lambda: storage.set_mark("x", b""),
            lambda: put(storage, "a", b"new"),
        ):
            with pytest.raises(NotInMemory):
                refused()
    assert storage.get("b").value == b"2"
    assert storage.get("a").value == b"1"


def test_a_transaction_that_writes_nothing_passes_from_memory(below):
    storage = CachedStorage(below)
    storage.get("a")
    with storage.memory_only():
        assert transact(storage, lambda transaction: transaction.get("a").value) == b"1"


def test_only_the_thread_that_asked_for_it_is_held_to_memory(below):
    storage = CachedStorage(below)
    found = []
    with storage.memory_only():
        thread = threading.Thread(target=lambda: found.append(storage.get("b")))
        thread.start()
        thread.join()
    assert found[0].value == b"2"


def test_memory_that_moves_on_in_the_middle_gives_no_mixture(below):
    storage = CachedStorage(below)
    storage.get("a"), storage.get("b")
    with storage.memory_only():
        assert storage.get("a").value == b"1"
        thread = threading.Thread(
            target=lambda: transact(storage, lambda t: (t.put("a", b"new"), t.put("b", b"new")))
        )
        thread.start()
        thread.join()
        with pytest.raises(NotInMemory):
            storage.get("b")


def test_not_in_memory_passes_through_handlers_of_errors(below):
    storage = CachedStorage(below)

    def careless():
        try:
            storage.get("b")
        except Exception:
            return "an error"

    with storage.memory_only(), pytest.raises(NotInMemory):
        careless()


def test_snapshots_never_mix_two_moments_under_writers(tmp_path):
    storage = open_cached(tmp_path / "store.db", max_bytes=20_000)
    keys = [f"key-{number}" for number in range(20)]

    def write(value):
        transact(storage, lambda t: [t.put(key, value) for key in keys] and None)

    write(b"0")
    done = threading.Event()
    seen = []

    def read():
        while not done.is_set():
            chosen = random.sample(keys, 5)
            seen.append(
                len(set(storage.snapshot(lambda moment, some=chosen: [moment.get(k).value for k in some])))
            )

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(60):
        write(str(number).encode())
    done.set()
    for reader in readers:
        reader.join()
    assert set(seen) == {1}
    storage.close()


def test_memory_is_bounded_and_what_is_used_stays(below):
    storage = CachedStorage(below, max_bytes=40_000)
    storage.get("a")
    for number in range(2000):
        put(storage, f"many/{number:04}", b"x" * 50)
        storage.get("a")
    assert len(storage._memory) < 40_000 / 240
    before = below.snapshots
    storage.get("a")
    assert below.snapshots == before


def test_a_value_larger_than_its_share_is_not_remembered(below):
    storage = CachedStorage(below, max_bytes=40_000)
    put(storage, "large", bytes(5000))
    assert storage.get("large").value == bytes(5000)
    assert len(storage._memory) == 0


def test_a_conflict_of_a_stale_memory_is_found_at_commit(below, other):
    storage = CachedStorage(below)
    transaction = storage.transaction()
    transaction.get("a")
    put(other, "a", b"theirs")
    transaction.put("b", b"mine")
    with pytest.raises(Conflict):
        transaction.commit()


WRITER = """
import sys
from wellkept.storage.cached import CachedStorage
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage
storage = CachedStorage(SQLiteStorage.open(sys.argv[1]))
for line in sys.stdin:
    transact(storage, lambda t: t.put("shared", line.strip().encode()))
    print(storage.get("shared").value.decode(), flush=True)
"""


def test_a_write_acknowledged_by_another_process_is_seen_at_once(tmp_path):
    storage = open_cached(tmp_path / "store.db")
    put(storage, "shared", b"first")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "store.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for number in range(200):
            process.stdin.write(f"{number}\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{number}\n"
            assert storage.get("shared").value == str(number).encode()
            if number % 3 == 0:
                put(storage, "shared", b"mine")
        process.stdin.close()
    assert process.returncode == 0
    storage.close()


def test_both_sides_of_a_fork_go_on(tmp_path):
    storage = open_cached(tmp_path / "store.db")
    put(storage, "a", b"1")
    pid = os.fork()
    if pid == 0:
        try:
            put(storage, "child", b"c")
            os._exit(0 if storage.get("a").value == b"1" else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert storage.get("child").value == b"c"
    storage.close()
