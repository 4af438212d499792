"""What every storage must do, as a pytest class to inherit from: SQLite and PostgreSQL, bare and behind the barrier.

::

    class TestMine(StorageConformance):
        def open(self, place):       # place: a directory of this test's own
            return MyStorage(place / "store")

``open`` is called again with the same place for another handle on the same store.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from ..errors import Conflict, InvalidRequest
from ..storage.protocol import Entry, transact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..storage.protocol import Storage, Transaction


class StorageConformance:
    """Inherit, and write ``open``.

    ``coherence``: seconds within which a stamp shows what another handle wrote; 0 for at once.
    """

    coherence = 0.0

    def open(self, place: Path) -> Storage:
        """A handle on the store at ``place``, made when it is not there."""
        raise NotImplementedError

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[Storage]:
        storage = self.open(tmp_path)
        yield storage
        storage.close()

    @pytest.fixture
    def other(self, storage: Storage, tmp_path: Path) -> Iterator[Storage]:
        """A second handle on the same store."""
        other = self.open(tmp_path)
        yield other
        other.close()

    # Single entries.

    def test_what_was_written_is_read_with_its_revision(self, storage: Storage) -> None:
        before = storage.revision()
        _put(storage, "a/b", b"one")
        assert storage.get("a/b") == Entry(b"one", before + 1)
        assert storage.revision() == before + 1

    def test_an_absent_key_is_none(self, storage: Storage) -> None:
        _put(storage, "a/b", b"one")
        assert [storage.get(key) for key in ("a", "a/a", "a/bb", "a/b/c", "b", "A/B")] == [None] * 6

    def test_an_empty_value_is_a_value(self, storage: Storage) -> None:
        _put(storage, "empty", b"")
        entry = storage.get("empty")
        assert entry is not None
        assert entry.value == b""

    def test_a_value_of_a_megabyte_and_any_bytes_come_back_whole(self, storage: Storage) -> None:
        large = bytes(range(256)) * 4096
        _put(storage, "large", large)
        _put(storage, "zeros", bytes(5000))
        assert _values(storage, "") == {"large": large, "zeros": bytes(5000)}

    def test_a_second_write_replaces_the_first(self, storage: Storage) -> None:
        _put(storage, "a", b"one")
        _put(storage, "a", b"two" * 5000)
        _put(storage, "a", b"three")
        assert _values(storage, "") == {"a": b"three"}

    def test_a_deleted_entry_is_absent_everywhere(self, storage: Storage) -> None:
        _put(storage, "a/b", b"one")
        _delete(storage, "a/b")
        assert storage.get("a/b") is None
        assert storage.list("") == []
        assert _values(storage, "") == {}

    def test_deleting_what_is_absent_changes_nothing(self, storage: Storage) -> None:
        before = storage.revision()
        _delete(storage, "nothing")
        assert storage.revision() == before

    @pytest.mark.parametrize("key", ["", "a/", "a\0b", "\udcff", "x" * 5000])
    def test_an_impossible_key_is_refused(self, storage: Storage, key: str) -> None:
        with pytest.raises(InvalidRequest):
            storage.get(key)
        with pytest.raises(InvalidRequest):
            _put(storage, key, b"")

    # Revisions.

    def test_each_entry_written_takes_one_step_of_the_one_counter(self, storage: Storage) -> None:
        before = storage.revision()
        with storage.transaction() as transaction:
            for key in ("c", "a", "b"):
                transaction.put(key, b"")
        entries = [storage.get(key) for key in ("a", "b", "c")]
        assert [entry.revision - before for entry in entries if entry] == [1, 2, 3]
        assert storage.revision() == before + 3

    def test_a_key_that_is_deleted_and_written_again_has_a_new_revision(self, storage: Storage) -> None:
        revisions = []
        for _ in range(3):
            _put(storage, "a", b"same")
            entry = storage.get("a")
            assert entry is not None
            revisions.append(entry.revision)
            _delete(storage, "a")
        assert sorted(set(revisions)) == revisions

    def test_the_revision_tells_other_handles_that_something_changed(
        self, storage: Storage, other: Storage
    ) -> None:
        before = other.revision()
        assert other.revision() == before
        _put(storage, "a", b"")
        assert other.revision() > before

    def test_commit_returns_the_revision_after_it(self, storage: Storage) -> None:
        transaction = storage.transaction()
        transaction.put("a", b"")
        transaction.put("b", b"")
        assert transaction.commit() == storage.revision()

    # What changed.

    def test_the_keys_written_or_deleted_since_a_revision_are_known(self, storage: Storage) -> None:
        _put(storage, "a", b"1")
        since = storage.revision()
        assert storage.changes(since) == (since, [])
        with storage.transaction() as t:
            t.put("b/c", b"2")
            t.put("d", b"3")
        between = storage.revision()
        with storage.transaction() as t:
            t.delete("a")
            t.delete("nothing")
        changes = storage.changes(since)
        assert changes is not None
        assert (changes.revision, sorted(changes.keys)) == (storage.revision(), ["a", "b/c", "d"])
        assert storage.changes(between) == (storage.revision(), ["a"])
        assert storage.changes(storage.revision()) == (storage.revision(), [])

    def test_a_revision_that_is_still_to_come_has_no_known_changes(self, storage: Storage) -> None:
        assert storage.changes(storage.revision() + 1) is None

    def test_the_stamp_stays_while_nothing_is_written_and_differs_after_each_write_anywhere(
        self, storage: Storage, other: Storage
    ) -> None:
        _put(storage, "a", b"1")
        seen = [storage.stamp()]
        assert storage.stamp() == seen[0]
        for writer in (storage, other, storage):
            _put(writer, "a", b"1")
            deadline = time.monotonic() + (self.coherence if writer is other else 0)
            while storage.stamp() in seen:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            seen.append(storage.stamp())
        assert seen[0]

    # Listing.

    def test_children_come_once_in_order_with_folders_marked(self, storage: Storage) -> None:
        _put_all(storage, ["b", "a/1", "a/2/x", "a/2/y", "a", "a!", "a0", "ä/x", "z/deep/er/still"])
        assert storage.list("") == ["a", "a!", "a/", "a0", "b", "z/", "ä/"]
        assert storage.list("a/") == ["1", "2/"]
        assert storage.list("a/2/") == ["x", "y"]
        assert storage.list("z/deep/") == ["er/"]

    def test_an_empty_or_absent_folder_lists_nothing(self, storage: Storage) -> None:
        _put_all(storage, ["a", "b/c"])
        assert [storage.list(folder) for folder in ("a/", "b/c/", "c/", "0/")] == [[], [], [], []]

    def test_a_folder_must_end_in_a_slash(self, storage: Storage) -> None:
        with pytest.raises(InvalidRequest):
            storage.list("a")

    @pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
    def test_pages_together_are_the_whole_list(self, storage: Storage, step: int) -> None:
        names = [f"f/{folder}/{leaf}" for folder in range(9) for leaf in range(folder)]
        _put_all(storage, [*names, *(f"f/{leaf}" for leaf in range(5)), "f0", "e"])
        pages: list[str] = []
        while page := storage.list("f/", after=pages[-1] if pages else "", limit=step):
            assert len(page) <= step
            pages += page
        assert pages == storage.list("f/")
        assert len(pages) == len(set(pages)) == 5 + 8

    def test_a_page_may_begin_behind_a_name_that_is_gone(self, storage: Storage) -> None:
        _put_all(storage, ["f/a", "f/c/x", "f/e"])
        assert storage.list("f/", after="b") == ["c/", "e"]
        assert storage.list("f/", after="c/") == ["e"]
        assert storage.list("f/", after="c") == ["c/", "e"]
        assert storage.list("f/", after="z") == []

    def test_a_limit_of_nothing_lists_nothing(self, storage: Storage) -> None:
        _put(storage, "a", b"")
        assert storage.list("", limit=0) == []

    def test_a_folder_of_many_and_folders_of_many(self, storage: Storage) -> None:
        _put_all(storage, [f"many/{i:04}" for i in range(700)])
        _put_all(storage, [f"deep/{i % 20:02}/{i}" for i in range(700)])
        assert storage.list("many/") == [f"{i:04}" for i in range(700)]
        assert storage.list("deep/") == [f"{i:02}/" for i in range(20)]

    # Scanning.

    def test_a_scan_gives_all_entries_of_a_prefix_in_order(self, storage: Storage) -> None:
        _put_all(storage, ["a", "a/b", "a/c/d", "aa", "b"])
        assert [key for key, _ in storage.scan("a")] == ["a", "a/b", "a/c/d", "aa"]
        assert [key for key, _ in storage.scan("a/")] == ["a/b", "a/c/d"]
        assert [key for key, _ in storage.scan("a", after="a/b")] == ["a/c/d", "aa"]
        assert list(storage.scan("c")) == []

    def test_a_scan_crosses_its_pages(self, storage: Storage) -> None:
        expected = {f"k/{i:04}": bytes([i % 256]) * (i * 7) for i in range(1000)}
        with storage.transaction() as transaction:
            for key, value in expected.items():
                transaction.put(key, value)
        assert _values(storage, "k/") == expected

    def test_writing_during_a_scan_neither_waits_nor_breaks_it(self, storage: Storage) -> None:
        _put_all(storage, [f"k/{i:04}" for i in range(600)])
        seen = []
        for key, _ in storage.scan("k/"):
            seen.append(key)
            if len(seen) % 50 == 0:
                _put(storage, "k/0000", b"changed")
                _delete(storage, "k/0599")
        assert seen[:590] == [f"k/{i:04}" for i in range(590)]

    # Transactions.

    def test_a_transaction_sees_what_it_wrote_and_nobody_else_does(
        self, storage: Storage, other: Storage
    ) -> None:
        _put_all(storage, ["a/1", "a/2", "b/1"])
        transaction = storage.transaction()
        transaction.put("a/3", b"new")
        transaction.delete("a/1")
        transaction.delete("b/1")
        transaction.put("c/d/e", b"")
        assert transaction.get("a/3") == Entry(b"new", 0)
        assert transaction.get("a/1") is None
        assert transaction.list("a/") == ["2", "3"]
        assert transaction.list("") == ["a/", "c/"]
        assert other.list("") == ["a/", "b/"]
        transaction.commit()
        assert other.list("") == ["a/", "c/"]

    def test_pages_inside_a_transaction_see_its_writes(self, storage: Storage) -> None:
        _put_all(storage, [f"f/{i}" for i in range(0, 10, 2)])
        transaction = storage.transaction()
        for i in range(1, 10, 2):
            transaction.put(f"f/{i}", b"")
        transaction.delete("f/4")
        pages: list[str] = []
        while page := transaction.list("f/", after=pages[-1] if pages else "", limit=2):
            pages += page
        assert pages == list("012356789")
        transaction.rollback()

    def test_a_rolled_back_transaction_leaves_nothing(self, storage: Storage) -> None:
        before = storage.revision()
        transaction = storage.transaction()
        transaction.put("a", b"")
        transaction.rollback()
        transaction.rollback()
        assert storage.get("a") is None
        assert storage.revision() == before

    def test_a_block_that_raises_leaves_nothing(self, storage: Storage) -> None:
        with pytest.raises(KeyError):
            _fail_inside(storage)
        assert storage.get("a") is None

    def test_a_finished_transaction_is_of_no_more_use(self, storage: Storage) -> None:
        transaction = storage.transaction()
        transaction.put("a", b"")
        transaction.commit()
        with pytest.raises(RuntimeError):
            transaction.put("b", b"")
        with pytest.raises(RuntimeError):
            transaction.commit()

    def test_a_changed_key_that_was_read_is_a_conflict_and_nothing_is_applied(
        self, storage: Storage, other: Storage
    ) -> None:
        _put(storage, "read", b"old")
        transaction = storage.transaction()
        transaction.get("read")
        transaction.put("written", b"")
        _put(other, "read", b"new")
        _assert_conflict(transaction)
        assert storage.get("written") is None

    def test_a_key_that_was_absent_when_read_and_appeared_is_a_conflict(
        self, storage: Storage, other: Storage
    ) -> None:
        transaction = storage.transaction()
        assert transaction.get("phantom") is None
        transaction.put("written", b"")
        _put(other, "phantom", b"")
        _assert_conflict(transaction)

    def test_a_key_that_was_deleted_since_is_a_conflict(self, storage: Storage, other: Storage) -> None:
        _put(storage, "read", b"old")
        transaction = storage.transaction()
        transaction.get("read")
        transaction.put("written", b"")
        _delete(other, "read")
        _assert_conflict(transaction)

    def test_a_key_deleted_and_written_alike_since_is_a_conflict(
        self, storage: Storage, other: Storage
    ) -> None:
        _put(storage, "read", b"same")
        transaction = storage.transaction()
        transaction.get("read")
        transaction.put("written", b"")
        _delete(other, "read")
        _put(other, "read", b"same")
        _assert_conflict(transaction)

    def test_a_child_that_appeared_in_a_listed_folder_is_a_conflict(
        self, storage: Storage, other: Storage
    ) -> None:
        _put(storage, "f/1", b"")
        transaction = storage.transaction()
        assert transaction.list("f/") == ["1"]
        transaction.put("count", b"1")
        _put(other, "f/2", b"")
        _assert_conflict(transaction)

    def test_a_child_that_vanished_from_a_listed_folder_is_a_conflict(
        self, storage: Storage, other: Storage
    ) -> None:
        _put_all(storage, ["f/1/x", "f/2"])
        transaction = storage.transaction()
        transaction.list("f/")
        transaction.put("count", b"2")
        _delete(other, "f/1/x")
        _assert_conflict(transaction)

    def test_a_folder_seen_empty_because_of_own_deletions_is_checked_too(
        self, storage: Storage, other: Storage
    ) -> None:
        _put(storage, "f/1/x", b"")
        transaction = storage.transaction()
        transaction.delete("f/1/x")
        assert transaction.list("f/") == []
        _put(other, "f/1/y", b"")
        _assert_conflict(transaction)
        assert storage.list("f/1/") == ["x", "y"]

    def test_changes_elsewhere_are_no_conflict(self, storage: Storage, other: Storage) -> None:
        _put_all(storage, ["f/1/x", "read"])
        transaction = storage.transaction()
        transaction.get("read")
        transaction.list("f/")
        transaction.put("written", b"")
        _put_all(other, ["f/1/y", "g/2", "readable"])
        transaction.commit()
        assert storage.get("written") is not None

    def test_writing_without_reading_never_conflicts(self, storage: Storage, other: Storage) -> None:
        transaction = storage.transaction()
        transaction.put("a", b"mine")
        _put(other, "a", b"theirs")
        transaction.commit()
        assert _values(storage, "a") == {"a": b"mine"}

    def test_a_transaction_that_only_read_is_validated_too(self, storage: Storage, other: Storage) -> None:
        _put_all(storage, ["a", "b"])
        transaction = storage.transaction()
        transaction.get("a")
        _put_all(other, ["a", "b"])
        transaction.get("b")
        _assert_conflict(transaction)

    def test_an_expected_revision_is_checked_without_reading(self, storage: Storage, other: Storage) -> None:
        _put(storage, "a", b"")
        entry = storage.get("a")
        assert entry is not None
        for expected, absent in ((entry.revision, "b"), (entry.revision, "c")):
            transaction = storage.transaction()
            transaction.expect("a", expected)
            transaction.expect(absent, None)
            transaction.put("b", b"")
            if absent == "c":
                _put(other, "a", b"again")
                _assert_conflict(transaction)
            else:
                transaction.commit()

    def test_losers_of_a_race_run_again_until_each_is_counted(self, storage: Storage) -> None:
        _put(storage, "counter", b"0")

        def increment() -> None:
            for _ in range(10):
                transact(storage, _increment, attempts=1000)

        threads = [threading.Thread(target=increment) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert _values(storage, "counter") == {"counter": b"80"}

    # Marks.

    def test_a_mark_is_kept_apart_from_entries_and_revisions(self, storage: Storage, other: Storage) -> None:
        before = storage.revision()
        assert storage.get_mark("head") is None
        storage.set_mark("head", b"one")
        storage.set_mark("head", b"two", durable=False)
        assert other.get_mark("head") == b"two"
        assert storage.revision() == before
        assert storage.get("head") is None
        assert storage.list("") == []

    def test_a_mark_disturbs_no_transaction(self, storage: Storage, other: Storage) -> None:
        transaction = storage.transaction()
        transaction.get("a")
        transaction.list("")
        transaction.put("a", b"")
        other.set_mark("head", b"one")
        transaction.commit()

    def test_a_mark_that_is_no_bytes_or_too_large_is_refused(self, storage: Storage) -> None:
        with pytest.raises(InvalidRequest):
            storage.set_mark("head", "text")  # type: ignore[arg-type]
        with pytest.raises(InvalidRequest):
            storage.set_mark("head", bytes(10_000))

    # Handles.

    def test_what_was_written_is_there_after_closing_and_opening(
        self, storage: Storage, tmp_path: Path
    ) -> None:
        _put(storage, "a", b"kept")
        storage.set_mark("head", b"kept")
        storage.close()
        storage.close()
        again = self.open(tmp_path)
        assert _values(again, "") == {"a": b"kept"}
        assert again.get_mark("head") == b"kept"
        again.close()


def _put(storage: Storage, key: str, value: bytes) -> None:
    with storage.transaction() as transaction:
        transaction.put(key, value)


def _put_all(storage: Storage, keys: list[str]) -> None:
    with storage.transaction() as transaction:
        for key in keys:
            transaction.put(key, key.encode())


def _delete(storage: Storage, key: str) -> None:
    with storage.transaction() as transaction:
        transaction.delete(key)


def _values(storage: Storage, prefix: str) -> dict[str, bytes]:
    return {key: entry.value for key, entry in storage.scan(prefix)}


def _increment(transaction: Transaction) -> None:
    entry = transaction.get("counter")
    assert entry is not None
    transaction.put("counter", str(int(entry.value) + 1).encode())


def _fail_inside(storage: Storage) -> None:
    with storage.transaction() as transaction:
        transaction.put("a", b"")
        raise KeyError


def _assert_conflict(transaction: Transaction) -> None:
    with pytest.raises(Conflict) as caught:
        transaction.commit()
    assert caught.value.retry
