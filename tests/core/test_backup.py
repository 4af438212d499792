"""Backups of a store in use; restoring what is whole, refusing what is not, and never losing what is there."""

import os
import pathlib
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellkept.barrier.seals import KeyFileSeal, PassphraseSeal
from wellkept.core.backup import backup, restore
from wellkept.core.local import create_store, open_store
from wellkept.errors import (
    ConfigError,
    IntegrityError,
    InvalidRequest,
    Sealed,
    StorageUnavailable,
    WellkeptError,
)


@pytest.fixture
def archive(store, tmp_path):
    store.write_many({f"n/{number}": f"value {number}" for number in range(20)})
    store.write("n/0", "second")
    path = tmp_path / "archive"
    store.backup(str(path))
    return path


def files_of(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in pathlib.Path(directory).rglob("*")
        if path.is_file() and not path.name.endswith("-shm")
    }


def test_a_restored_store_has_everything_and_a_log_that_verifies(archive, tmp_path, seal, clock):
    restored = restore(archive, tmp_path / "new", seal, clock=clock)
    assert restored.created == clock.time()
    assert (restored.previous, restored.audit_problem) == (None, None)
    assert restored.entries == 20 + 21
    with open_store(tmp_path / "new", seal, clock=clock) as store:
        assert restored.store_id == store.store_id
        assert store.read("n/0", version=1).secret.reveal() == "value 0"
        assert store.read("n/0").secret.reveal() == "second"
        assert store.audit_verify()["lines"] > restored.lines
        assert [line["path"] for line in store.audit_lines()].count("sys/restore") == 2
        store.write("n/0", "goes on", cas=2)


def test_an_archive_is_the_owners_and_leaves_nothing_beside_it(archive, tmp_path):
    assert archive.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "key", "store"]


def test_no_value_stands_in_an_archive(archive):
    assert b"second" not in archive.read_bytes()


def test_a_backup_while_others_write_is_of_one_moment(store, tmp_path, seal, reopen):
    stop = threading.Event()
    store.write_many({"left": "0", "right": "0"})
    failures = []

    def write():
        other, number = reopen(), 0
        while not stop.is_set():
            number += 1
            try:
                other.write_many({"left": str(number), "right": str(number)})
            except WellkeptError as error:
                failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(5):
            backup(store, tmp_path / f"archive{number}")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    for number in range(5):
        restore(tmp_path / f"archive{number}", tmp_path / f"new{number}", seal)
        with open_store(tmp_path / f"new{number}", seal) as copy:
            assert copy.read("left").info.number == copy.read("right").info.number
            copy.audit_verify()


def test_a_backup_never_replaces_a_file(store, archive, tmp_path):
    before = archive.read_bytes()
    with pytest.raises(InvalidRequest, match="exists already"):
        store.backup(str(archive))
    os.symlink(tmp_path / "elsewhere", tmp_path / "link")
    with pytest.raises(InvalidRequest, match="exists already"):
        store.backup(str(tmp_path / "link"))
    assert archive.read_bytes() == before
    assert not (tmp_path / "elsewhere").exists()


def test_a_backup_into_nowhere_says_so(store, tmp_path):
    with pytest.raises(StorageUnavailable, match="no such file"):
        store.backup(str(tmp_path / "nowhere" / "archive"))
    store.audit_verify()


def test_a_store_with_a_damaged_entry_gives_no_archive(store, tmp_path):
    info = store.write("a", "1")
    swap_values(store, "a", info, "b", store.write("b", "2"))
    with pytest.raises(IntegrityError, match="mount/secret/value/"):
        store.backup(str(tmp_path / "archive"))
    assert not (tmp_path / "archive").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "store"]


@pytest.mark.parametrize("lost", [1, 3, None])
def test_a_log_that_was_cut_is_backed_up_as_the_evidence_it_is(store, tmp_path, audit_path, seal, lost):
    store.write("a", "1")
    lines = audit_path.read_bytes().splitlines(keepends=True)
    if lost is None:
        audit_path.unlink()
    else:
        audit_path.write_bytes(b"".join(lines[:-lost]))
    store.backup(str(tmp_path / "archive"))
    restored = restore(tmp_path / "archive", tmp_path / "new", seal)
    assert "dropped" in restored.audit_problem
    with open_store(tmp_path / "new", seal) as copy:
        assert copy.read("a").secret.reveal() == "1"
        with pytest.raises(IntegrityError, match="dropped"):
            copy.audit_verify()


def swap_values(store, one, one_info, other, other_info):
    """Two ciphertexts change places underneath the barrier."""
    storage = store._barrier.storage
    keys = [f"mount/secret/value/{name}/{info.uuid}" for name, info in ((one, one_info), (other, other_info))]
    first, second = (storage.get(key).value for key in keys)
    with storage.transaction() as transaction:
        transaction.put(keys[0], second)
        transaction.put(keys[1], first)


def test_a_swapped_pair_of_values_is_refused(store, audit_path):
    infos = [store.write(name, name) for name in ("a", "b")]
    swap_values(store, "a", infos[0], "b", infos[1])
    for name in ("a", "b"):
        with pytest.raises(IntegrityError, match=f"mount/secret/value/{name}/"):
            store.read(name)
    assert b'"outcome":"error","error":"IntegrityError"' in audit_path.read_bytes()


def test_a_value_of_an_older_version_in_place_of_the_newer_is_refused(store):
    old, new = store.write("a", "old"), store.write("a", "new")
    swap_values(store, "a", old, "a", new)
    with pytest.raises(IntegrityError):
        store.read("a")


def test_a_value_that_is_missing_is_no_missing_secret(store):
    info = store.write("a", "1")
    with store._barrier.storage.transaction() as transaction:
        transaction.delete(f"mount/secret/value/a/{info.uuid}")
    with pytest.raises(IntegrityError, match="version 1 of 'a' is missing"):
        store.read("a")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_change_of_any_byte_is_refused_and_nothing_is_made(archive, tmp_path, seal, data):
    content = bytearray(archive.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    altered = tmp_path / "altered"
    altered.write_bytes(content)
    with pytest.raises(IntegrityError):
        restore(altered, tmp_path / "new", seal)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("keep", [0, 1, 17, 18, 100, 5000, -33, -32, -1])
def test_an_archive_cut_short_is_refused(archive, tmp_path, seal, keep):
    cut = tmp_path / "cut"
    cut.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(IntegrityError):
        restore(cut, tmp_path / "new", seal)
    cut.write_bytes(archive.read_bytes() + b"x")
    with pytest.raises(IntegrityError):
        restore(cut, tmp_path / "new", seal)
    assert not (tmp_path / "new").exists()


def test_a_header_with_another_shape_is_refused(archive, tmp_path, seal):
    content = archive.read_bytes()
    bad = tmp_path / "bad"
    for old, new in (
        (b'"store.db"', b'"../../db"'),
        (b'"size":', b'"size":-'),
        (b'"members":[', b'"members":[['),
        (b'"name":"audit.jsonl"', b'"name":"store.db"'),
        (b"\n{", b"\n["),
    ):
        bad.write_bytes(content.replace(old, new, 1))
        with pytest.raises(IntegrityError):
            restore(bad, tmp_path / "new", seal)
    assert not (tmp_path / "new").exists()


def test_another_key_does_not_open_an_archive(archive, tmp_path):
    with pytest.raises(Sealed):
        restore(archive, tmp_path / "new", KeyFileSeal.create(tmp_path / "other"))
    with pytest.raises(Sealed):
        restore(archive, tmp_path / "new", PassphraseSeal(lambda: "x"))
    assert not (tmp_path / "new").exists()


def test_an_archive_that_is_not_there_says_so(tmp_path, seal):
    with pytest.raises(StorageUnavailable, match="no such file"):
        restore(tmp_path / "none", tmp_path / "new", seal)
    assert not (tmp_path / "new").exists()


def test_a_store_that_is_there_is_left_alone(archive, store, tmp_path, seal):
    store.write("later", "x")
    before = files_of(tmp_path / "store")
    with pytest.raises(ConfigError, match="already"):
        restore(archive, tmp_path / "store", seal)
    assert files_of(tmp_path / "store") == before


def test_replacing_moves_the_old_store_aside_whole(archive, store, tmp_path, seal, clock):
    store.write("later", "x")
    restored = restore(archive, tmp_path / "store", seal, replace=True, clock=clock)
    with open_store(restored.previous, seal, clock=clock) as old:
        assert old.read("later").secret.reveal() == "x"
        old.audit_verify()
    with open_store(tmp_path / "store", seal, clock=clock) as new:
        assert new.list() == ["n/"]
        new.audit_verify()


def test_a_handle_that_was_open_goes_on_with_the_restored_store(archive, store, tmp_path, seal):
    store.write("later", "x")
    restore(archive, tmp_path / "store", seal, replace=True)
    assert store.list() == ["n/"]
    store.write("more", "y")
    store.audit_verify()
    with open_store(tmp_path / "store", seal) as new:
        assert new.read("more").secret.reveal() == "y"
        new.audit_verify()


@pytest.mark.parametrize("failing", range(1, 8))
def test_a_failure_while_replacing_puts_the_old_store_back(
    archive, store, tmp_path, seal, monkeypatch, failing
):
    store.write("later", "x")
    store.close()
    count = [0]
    real = os.rename

    def rename(source, target, **options):
        count[0] += 1
        if count[0] == failing:
            raise OSError(5, "Input/output error")
        return real(source, target, **options)

    monkeypatch.setattr(os, "rename", rename)
    try:
        restore(archive, tmp_path / "store", seal, replace=True)
    except StorageUnavailable:
        monkeypatch.undo()
        with open_store(tmp_path / "store", seal) as old:
            assert old.read("later").secret.reveal() == "x"
            old.audit_verify()
        assert not [path for path in (tmp_path / "store").iterdir() if path.is_dir()]
    else:
        assert count[0] < failing


def test_a_tampered_archive_never_replaces_a_store(archive, store, tmp_path, seal):
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    store.write("later", "x")
    with pytest.raises(IntegrityError):
        restore(archive, tmp_path / "store", seal, replace=True)
    assert store.read("later").secret.reveal() == "x"
    assert sorted(files_of(tmp_path / "store")) == [
        "audit.jsonl",
        "store.db",
        "store.db-guard",
        "store.db-wal",
    ]


def test_a_directory_with_other_things_in_it_may_be_restored_into(archive, tmp_path, seal):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "note").write_text("mine")
    restore(archive, tmp_path / "new", seal)
    with open_store(tmp_path / "new", seal) as store:
        store.audit_verify()
    assert (tmp_path / "new" / "note").read_text() == "mine"


def test_an_archive_is_opened_by_the_seal_of_its_time(store, tmp_path, seal):
    store.write("a", "1")
    store.backup(str(tmp_path / "before"))
    other = KeyFileSeal.create(tmp_path / "other")
    store.rekey(other)
    store.rotate_key()
    store.rewrite()
    store.backup(str(tmp_path / "after"))
    restore(tmp_path / "before", tmp_path / "one", seal)
    restore(tmp_path / "after", tmp_path / "two", other)
    with pytest.raises(Sealed):
        restore(tmp_path / "after", tmp_path / "three", seal)


def test_an_archive_of_another_store_does_not_pass_for_one_of_this_key(archive, tmp_path, seal, clock):
    with create_store(tmp_path / "second", seal, clock=clock) as second:
        second.backup(str(tmp_path / "archive2"))
    one, two = archive.read_bytes(), (tmp_path / "archive2").read_bytes()
    (tmp_path / "mixed").write_bytes(one[:-32] + two[-32:])
    with pytest.raises(IntegrityError, match="seal"):
        restore(tmp_path / "mixed", tmp_path / "new", seal)
