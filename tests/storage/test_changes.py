"""What changed since a revision, as SQLite remembers it; and files of the first version, which remember nothing yet."""

from __future__ import annotations

import os
import shutil
import sqlite3

import pytest

from wellkept.errors import StorageUnavailable
from wellkept.storage import sqlite_apply
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage


def put(storage, *keys, value=b"x"):
    def action(transaction):
        for key in keys:
            transaction.put(key, value)

    transact(storage, action)


def as_version_1(path):
    """Take away what version 2 added."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("DROP TABLE changes")
    db.execute("PRAGMA user_version = 1")
    db.close()


@pytest.fixture
def old(tmp_path):
    """A file of version 1 with an entry and a history."""
    path = tmp_path / "store.db"
    storage = SQLiteStorage.create(path)
    put(storage, "kept", value=b"value")
    storage.close()
    as_version_1(path)
    return path


def version(path):
    db = sqlite3.connect(path)
    try:
        return db.execute("PRAGMA user_version").fetchone()[0]
    finally:
        db.close()


def test_a_file_of_version_1_is_read_as_it_is_and_migrated_by_the_first_write(old):
    storage = SQLiteStorage.open(old)
    assert storage.get("kept").value == b"value"
    assert storage.changes(0) is None
    since = storage.revision()
    put(storage, "new")
    assert storage.changes(since).keys == ["new"]
    assert storage.changes(0) is None
    storage.close()
    assert version(old) == 2
    again = SQLiteStorage.open(old)
    assert again.check() == 2
    assert again.changes(since).keys == ["new"]
    again.close()


def test_a_handle_opened_before_another_migrated_the_file_goes_on(old):
    first, second = SQLiteStorage.open(old), SQLiteStorage.open(old)
    put(second, "by the second")
    since = second.revision()
    put(first, "by the first")
    assert first.changes(since).keys == ["by the first"]
    first.close()
    second.close()


def test_a_write_that_fails_leaves_a_file_of_version_1_as_it_was(old, monkeypatch):
    storage = SQLiteStorage.open(old)

    def fail(*_):
        raise StorageUnavailable("no")

    monkeypatch.setattr(sqlite_apply, "change", fail)
    with pytest.raises(StorageUnavailable):
        put(storage, "new")
    monkeypatch.undo()
    assert storage.changes(0) is None
    put(storage, "new")
    storage.close()
    assert version(old) == 2


def test_a_read_only_file_of_version_1_is_read(old):
    storage = SQLiteStorage.open(old)
    os.chmod(old, 0o400)
    assert storage.get("kept").value == b"value"
    storage.close()
    assert version(old) == 1


def test_changes_too_far_back_are_not_known(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_apply, "REMEMBERED", 5)
    storage = SQLiteStorage.create(tmp_path / "store.db")
    since = storage.revision()
    for number in range(12):
        put(storage, f"key-{number}")
    assert storage.changes(since) is None
    assert sorted(storage.changes(storage.revision() - 2).keys) == ["key-10", "key-11"]
    storage.close()


def test_a_commit_of_very_many_keys_is_remembered_as_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_apply, "_MOST_KEYS", 3)
    storage = SQLiteStorage.create(tmp_path / "store.db")
    since = storage.revision()
    put(storage, "a", "b", "c", "d")
    assert storage.changes(since) is None
    storage.close()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM changes WHERE revision = 2",
        "UPDATE changes SET keys = x'61' WHERE revision = 2",
        "UPDATE changes SET since = 0 WHERE revision = 2",
        "UPDATE changes SET keys = 'text' WHERE revision = 2",
        "UPDATE changes SET since = 'text' WHERE revision = 2",
        "DELETE FROM changes WHERE revision = 3",
    ],
)
def test_a_damaged_memory_of_changes_is_noticed(tmp_path, damage):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    since = storage.revision()
    for key in ("one", "two", "three"):
        put(storage, key)
    storage.close()
    db = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    db.execute(damage)
    db.close()
    storage = SQLiteStorage.open(tmp_path / "store.db")
    assert storage.changes(since) is None
    storage.close()


def test_the_stamp_tells_a_file_put_in_the_place_of_another(tmp_path):
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    storage = SQLiteStorage.create(one)
    put(storage, "a")
    storage.backup_to(two)
    before = storage.stamp()
    shutil.move(two, one)
    storage._pool._look_again = 0.0  # a tenth of a second has passed
    assert storage.stamp() != before
    assert storage.changes(0, before) is None


def test_without_a_witness_the_stamp_is_empty(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    put(storage, "a")
    os.truncate(tmp_path / "store.db-guard", 0)
    assert storage.stamp() == b""
    put(storage, "a")
    assert storage.stamp() != b""
    storage.close()


def test_a_witness_that_was_removed_is_followed_to_its_successor(tmp_path):
    storage, other = SQLiteStorage.create(tmp_path / "store.db"), SQLiteStorage.open(tmp_path / "store.db")
    put(storage, "a")
    put(other, "a")
    os.unlink(tmp_path / "store.db-guard")
    for handle in (storage, other):
        handle._pool._look_again = 0.0
    assert storage.stamp() == b""
    put(storage, "a")
    assert storage.stamp() == other.stamp() != b""
    storage.close()
    other.close()
