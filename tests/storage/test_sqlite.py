"""SQLite's implementation of the protocol, and what is its own: files, modes, foreign files, copies."""

from __future__ import annotations

import os
import sqlite3
import stat

import pytest

from wellkept.errors import IntegrityError, StorageUnavailable, ValueTooLarge, WellkeptError
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage
from wellkept.testing.storage_conformance import StorageConformance


class TestConformance(StorageConformance):
    def open(self, place):
        path = place / "store.db"
        return SQLiteStorage.open(path) if path.exists() else SQLiteStorage.create(path)


def modes(directory):
    return {name: stat.S_IMODE(os.stat(directory / name).st_mode) for name in os.listdir(directory)}


def test_all_files_are_closed_to_others_whatever_the_umask(tmp_path):
    old = os.umask(0)
    try:
        storage = SQLiteStorage.create(tmp_path / "new" / "store.db")
        transact(storage, lambda t: t.put("a", b"1"))
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(tmp_path / "new").st_mode) == 0o700
    assert set(modes(tmp_path / "new")) == {"store.db", "store.db-wal", "store.db-shm", "store.db-guard"}
    assert set(modes(tmp_path / "new").values()) == {0o600}


def test_closing_leaves_one_database_file_without_a_log(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", b"1"))
    storage.close()
    assert sorted(os.listdir(tmp_path)) == ["store.db", "store.db-guard"]


def test_creating_refuses_to_replace_anything(tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(b"precious")
    with pytest.raises(StorageUnavailable, match="already"):
        SQLiteStorage.create(path)
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["store.db"]


@pytest.mark.parametrize("content", [None, b"", b"x", b"SQLite format 3\0", b"x" * 100_000])
def test_opening_what_is_no_store_is_refused_and_leaves_no_trace(tmp_path, content):
    path = tmp_path / "store.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StorageUnavailable if content is None else IntegrityError):
        SQLiteStorage.open(path)
    assert not path.exists() if content is None else path.read_bytes() == content


def test_opening_a_directory_a_pipe_or_another_program_s_database_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    foreign = sqlite3.connect(tmp_path / "foreign.db")
    foreign.execute("CREATE TABLE names (key, id, revision, link)")
    foreign.close()
    for name in ("", "pipe", "foreign.db", "foreign.db/below"):
        with pytest.raises(WellkeptError):
            SQLiteStorage.open(tmp_path / name)


def test_opening_in_a_missing_directory_says_that_there_is_no_store(tmp_path):
    with pytest.raises(StorageUnavailable, match="no store"):
        SQLiteStorage.open(tmp_path / "missing" / "store.db")
    assert os.listdir(tmp_path) == []


def test_a_store_of_a_newer_format_is_refused_with_the_way_out(tmp_path):
    SQLiteStorage.create(tmp_path / "store.db").close()
    db = sqlite3.connect(tmp_path / "store.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StorageUnavailable, match="upgrade wellkept"):
        SQLiteStorage.open(tmp_path / "store.db")


@pytest.mark.parametrize("name", ["a b", "a?b=c", "a#b", "a%41", "a;b'c", "ü", "a\\b"])
def test_any_file_name_works(tmp_path, name):
    storage = SQLiteStorage.create(tmp_path / name / name)
    transact(storage, lambda t: t.put("a", b"1"))
    assert os.path.exists(tmp_path / name / name)
    storage.close()
    assert SQLiteStorage.open(tmp_path / name / name).list("") == ["a"]


def test_a_relative_path_still_means_the_same_file_after_chdir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    storage = SQLiteStorage.create("store.db")
    monkeypatch.chdir("/")
    transact(storage, lambda t: t.put("a", b"1"))
    assert storage.path == str(tmp_path / "store.db")


def test_a_closed_storage_says_so(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    storage.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        storage.get("a")


def test_a_value_above_the_limit_is_refused_naming_both_sizes(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    with pytest.raises(ValueTooLarge, match=r"33554433 bytes.*33554432"):
        storage.transaction().put("a", bytes(32 * 1024 * 1024 + 1))


def test_a_copy_is_complete_independent_and_made_beside_running_writers(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", b"1"))
    storage.backup_to(tmp_path / "copy.db")
    transact(storage, lambda t: t.put("a", b"2"))
    copy = SQLiteStorage.open(tmp_path / "copy.db")
    assert copy.get("a").value == b"1"
    assert copy.revision() == 1
    assert copy.check() == 1
    with pytest.raises(StorageUnavailable, match="already"):
        storage.backup_to(tmp_path / "copy.db")


def test_an_older_copy_may_be_put_in_the_place_of_the_store(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", b"1"))
    storage.backup_to(tmp_path / "copy.db")
    transact(storage, lambda t: t.put("a", b"2"))
    storage.close()
    os.replace(tmp_path / "copy.db", tmp_path / "store.db")
    again = SQLiteStorage.open(tmp_path / "store.db")
    assert again.get("a").value == b"1"
    transact(again, lambda t: t.put("a", b"3"))
    again.close()
    assert SQLiteStorage.open(tmp_path / "store.db").get("a").value == b"3"


def test_a_store_that_is_replaced_while_open_is_noticed_by_readers_and_writers(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", b"old"))
    new = SQLiteStorage.create(tmp_path / "new.db")
    transact(new, lambda t: t.put("a", b"new"))
    new.close()
    os.replace(tmp_path / "store.db", tmp_path / "aside.db")
    with pytest.raises(StorageUnavailable, match="no store"):
        storage.get("a")
    for suffix in ("-wal", "-shm", "-guard"):
        os.replace(tmp_path / f"store.db{suffix}", tmp_path / f"aside.db{suffix}")
    os.replace(tmp_path / "new.db", tmp_path / "store.db")
    assert storage.get("a").value == b"new"
    transact(storage, lambda t: t.put("b", b"new"))
    storage.close()
    assert SQLiteStorage.open(tmp_path / "store.db").list("") == ["a", "b"]
    assert SQLiteStorage.open(tmp_path / "aside.db").get("a").value == b"old"


def test_size_counts_the_file_and_its_log(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    before = storage.size()
    transact(storage, lambda t: t.put("a", bytes(100_000)))
    assert storage.size() > before + 100_000


def test_a_deleted_value_is_overwritten_in_the_file(tmp_path):
    needle = b"0123456789abcdef" * 8
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", needle))
    transact(storage, lambda t: t.put("b", bytes(300)))
    storage.close()
    assert needle in (tmp_path / "store.db").read_bytes()
    storage = SQLiteStorage.open(tmp_path / "store.db")
    transact(storage, lambda t: t.delete("a"))
    storage.close()
    assert needle not in (tmp_path / "store.db").read_bytes()


def test_the_cost_of_get_and_list_does_not_grow_with_the_store(tmp_path):
    """Counted in steps of SQLite's virtual machine, so that no clock is needed."""

    def steps(storage, action):
        db = storage._pool._idle[-1]
        count = [0]
        db.set_progress_handler(lambda: count.__setitem__(0, count[0] + 1), 1)
        action(storage)
        db.set_progress_handler(None, 1)
        return count[0]

    costs = []
    for total in (100, 20_000):
        storage = SQLiteStorage.create(tmp_path / str(total) / "store.db")
        with storage.transaction() as transaction:
            for i in range(total):
                transaction.put(f"prod/{i // 20:05}/name{i % 20:02}", bytes(100))
                if total == 20_000:
                    transaction.put(f"prod/00001/folder/{i}", b"")
        folders = len(storage.list("prod/"))
        costs.append(
            [
                steps(storage, lambda s: s.get("prod/00001/name07")),
                steps(storage, lambda s: s.get("prod/00001/nothing")),
                steps(storage, lambda s: s.list("prod/00002/")),
                steps(storage, lambda s: s.list("prod/00001/")) // 2,
                steps(storage, lambda s: s.list("prod/")) // folders,
            ]
        )
    assert all(large <= small * 2 for small, large in zip(*costs, strict=True)), costs
