"""Full, read-only, locked: a clear error, nothing acknowledged is lost, and work goes on when the cause is gone."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from wellkept.errors import StorageUnavailable
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage


def write_until_refused(storage, most=500):
    """(what was acknowledged, the errors met)"""
    written, errors = {}, []
    for i in range(most):
        key, value = f"k/{i}", os.urandom(3000)
        try:
            transact(storage, lambda t, key=key, value=value: t.put(key, value))
            written[key] = value
        except StorageUnavailable as error:
            errors.append(error)
            if len(errors) == 20:
                break
    return written, errors


def holds(storage, written):
    return {key: storage.get(key).value for key in written} == written


def test_a_file_that_may_not_grow_refuses_writes_and_keeps_what_it_has(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        written, errors = write_until_refused(storage)
        assert written
        assert all("nothing was written" in str(error) for error in errors)
        assert holds(storage, written)
        assert holds(SQLiteStorage.open(tmp_path / "store.db"), written)
        with pytest.raises(StorageUnavailable):
            storage.backup_to(tmp_path / "copy.db")
        assert not [name for name in os.listdir(tmp_path) if name.startswith("copy")]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    transact(storage, lambda t: t.put("after", b"1"))
    storage.close()
    again = SQLiteStorage.open(tmp_path / "store.db")
    assert again.check() == len(written) + 1
    assert holds(again, written)


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 400 KiB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)], capture_output=True
    )
    if done.returncode:
        pytest.skip("mounting a file system needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_refuses_writes_and_keeps_what_it_has(tiny_disk):
    storage = SQLiteStorage.create(tiny_disk / "store.db")
    written, errors = write_until_refused(storage)
    assert written
    assert all("disk is full" in str(error) for error in errors)
    assert holds(storage, written)
    storage.close()
    again = SQLiteStorage.open(tiny_disk / "store.db")
    assert again.check() == len(written)
    assert holds(again, written)
    again.close()


def fill_up(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def test_a_full_disk_refuses_a_new_store_and_leaves_nothing_half_made(tiny_disk):
    fill_up(tiny_disk / "filler")
    with pytest.raises(StorageUnavailable):
        SQLiteStorage.create(tiny_disk / "store.db")
    assert os.listdir(tiny_disk) == ["filler"]


def test_a_read_only_disk_is_said_to_be_one(tiny_disk):
    storage = SQLiteStorage.create(tiny_disk / "store.db")
    storage.close()
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    for action in (SQLiteStorage.open, lambda path: SQLiteStorage.create(path.parent / "new.db")):
        with pytest.raises(StorageUnavailable):
            action(tiny_disk / "store.db")


@pytest.mark.parametrize("what", ["store.db", "."])
def test_a_store_marked_read_only_is_read_but_not_written_even_by_root(tmp_path, what):
    place = tmp_path / "place"
    storage = SQLiteStorage.create(place / "store.db")
    transact(storage, lambda t: t.put("a", b"1"))
    os.chmod(place / what, 0o444 if what == "store.db" else 0o555)
    try:
        for action in (
            lambda: transact(storage, lambda t: t.put("a", b"2")),
            lambda: storage.set_mark("head", b""),
        ):
            with pytest.raises(StorageUnavailable, match="read-only"):
                action()
        assert storage.get("a").value == b"1"
    finally:
        os.chmod(place / what, 0o700)
    transact(storage, lambda t: t.put("a", b"2"))


def test_a_reader_needs_no_lock_and_a_writer_waits_no_longer_than_told(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db", busy_timeout=0.2)
    transact(storage, lambda t: t.put("a", b"1"))
    foreign = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    assert storage.get("a").value == b"1"
    with pytest.raises(StorageUnavailable, match="locked"):
        transact(storage, lambda t: t.put("a", b"2"))
    foreign.execute("ROLLBACK")
    foreign.close()
    transact(storage, lambda t: t.put("a", b"2"))


STUCK_WRITER = """
import sys, time
from wellkept.storage.sqlite import SQLiteStorage
storage = SQLiteStorage.open(sys.argv[1])
def hang(db, path, state):
    print("holding", flush=True)
    time.sleep(600)
storage._pool.write(hang)
"""


def test_a_process_that_hangs_while_writing_blocks_others_for_a_bounded_time_and_only_while_it_lives(
    tmp_path,
):
    storage = SQLiteStorage.create(tmp_path / "store.db", busy_timeout=0.2)
    stuck = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STUCK_WRITER), str(tmp_path / "store.db")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stuck.stdout.readline() == "holding\n"
    with pytest.raises(StorageUnavailable, match="has been writing"):
        transact(storage, lambda t: t.put("a", b"1"))
    stuck.kill()
    stuck.communicate()
    transact(storage, lambda t: t.put("a", b"1"))


def test_errors_carry_no_exception_of_the_driver(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    os.chmod(tmp_path / "store.db", 0o400)
    os.unlink(tmp_path / "store.db-guard")
    os.mkdir(tmp_path / "store.db-guard")
    for action in (
        lambda: storage.set_mark("a", b""),
        lambda: SQLiteStorage.create(tmp_path / "store.db" / "below" / "x"),
        lambda: SQLiteStorage.open(tmp_path / "nothing"),
    ):
        with pytest.raises(StorageUnavailable) as caught:
            action()
        assert caught.value.__context__ is None


def test_what_root_makes_beside_a_users_store_belongs_to_the_user(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("giving a file away needs root")
    SQLiteStorage.create(tmp_path / "store.db").close()
    os.unlink(tmp_path / "store.db-guard")
    os.chown(tmp_path / "store.db", 12345, 12346)
    storage = SQLiteStorage.open(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", b"1"))
    owners = {
        (os.stat(tmp_path / name).st_uid, os.stat(tmp_path / name).st_gid) for name in os.listdir(tmp_path)
    }
    assert owners == {(12345, 12346)}
