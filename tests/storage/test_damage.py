"""Damage: whatever happens to the bytes, what is answered is right or an error, and nothing more is lost."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3

import pytest

from wellkept.errors import IntegrityError, WellkeptError
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage

FOLDERS = ("", "data/", "data/a/", "data/b/", "meta/", "meta/a/", "meta/b/")
PAGE = 4096


def fill(path, count=60):
    """A store with small, large and deleted entries; returns it open, and what is in it."""
    rng = random.Random(7)
    storage = SQLiteStorage.create(path)
    truth = {}
    for i in range(count):
        key = f"{'data' if i % 2 else 'meta'}/{'a' if i % 3 else 'b'}/{i}"
        truth[key] = rng.randbytes(rng.choice([0, 20, 300, 2000, 9000]))
        transact(storage, lambda t, key=key: t.put(key, truth[key]))
    for key in list(truth)[::7]:
        del truth[key]
        transact(storage, lambda t, key=key: t.delete(key))
    storage.set_mark("head", b"the head")
    return storage, truth


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A store that was closed well: one file."""
    place = tmp_path_factory.mktemp("closed")
    storage, truth = fill(place / "store.db")
    storage.close()
    return place, truth


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A store whose processes died: part of it only in the log."""
    place, copy = tmp_path_factory.mktemp("live"), tmp_path_factory.mktemp("killed")
    storage, truth = fill(place / "store.db", 30)
    storage.close()
    storage = SQLiteStorage.open(place / "store.db")
    for i in range(12):
        truth[f"data/a/late{i}"] = bytes([i]) * 500
        transact(storage, lambda t, i=i: t.put(f"data/a/late{i}", truth[f"data/a/late{i}"]))
    for name in ("store.db", "store.db-wal", "store.db-guard"):
        shutil.copy(place / name, copy / name)
    storage.close()
    return copy, truth


def children(truth, folder):
    names = {key[len(folder) :] for key in truth if key.startswith(folder)}
    return sorted({name.split("/")[0] + ("/" if "/" in name else "") for name in names})


def examine(path, truth):
    """Ask for everything there is: (errors, wrong answers)."""
    errors, wrong = [], []

    def ask(what, action, expected):
        try:
            if action() != expected:
                wrong.append(what)
        except WellkeptError as error:
            errors.append(error)

    try:
        storage = SQLiteStorage.open(path)
    except WellkeptError as error:
        return [error], []
    for key, value in truth.items():
        ask(key, lambda key=key: getattr(storage.get(key), "value", None), value)
    for folder in FOLDERS:
        ask(folder, lambda folder=folder: storage.list(folder), children(truth, folder))
    ask("absent", lambda: storage.get("data/a/nothing"), None)
    ask("mark", lambda: storage.get_mark("head"), b"the head")
    ask("scan", lambda: {key: entry.value for key, entry in storage.scan("")}, truth)
    storage.close()
    return errors, wrong


def copy_of(place, tmp_path):
    work = tmp_path / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(place, work)
    return work


def flip(path, offset, bit):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ bit]))


def places(size, rng, count):
    """Offsets all over the file, more of them where pages keep their structure."""
    for _ in range(count):
        page = rng.randrange(size // PAGE)
        yield page * PAGE + rng.choice([rng.randrange(PAGE), rng.randrange(48)])


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_bit_in_the_database_gives_the_truth_or_an_error_and_loses_nothing(closed, tmp_path, seed):
    place, truth = closed
    rng = random.Random(seed)
    noticed = 0
    for offset in places(os.path.getsize(place / "store.db"), rng, 60):
        work = copy_of(place, tmp_path)
        bit = 1 << rng.randrange(8)
        flip(work / "store.db", offset, bit)
        errors, wrong = examine(work / "store.db", truth)
        assert not wrong, (offset, bit, wrong)
        noticed += bool(errors)
        flip(work / "store.db", offset, bit)
        assert examine(work / "store.db", truth) == ([], []), (offset, bit)
    assert noticed > 10


@pytest.mark.parametrize("seed", range(2))
def test_a_flipped_bit_in_the_log_is_noticed_before_an_older_state_is_served(killed, tmp_path, seed):
    place, truth = killed
    rng = random.Random(seed)
    for _ in range(60):
        work = copy_of(place, tmp_path)
        offset, bit = rng.randrange(os.path.getsize(place / "store.db-wal")), 1 << rng.randrange(8)
        flip(work / "store.db-wal", offset, bit)
        errors, wrong = examine(work / "store.db", truth)
        assert not wrong, (offset, bit, wrong)
        flip(work / "store.db-wal", offset, bit)
        assert examine(work / "store.db", truth) == ([], []), (offset, bit, errors)


def test_a_lost_log_is_noticed(killed, tmp_path):
    place, _ = killed
    work = copy_of(place, tmp_path)
    os.unlink(work / "store.db-wal")
    with pytest.raises(IntegrityError, match="acknowledged write"):
        SQLiteStorage.open(work / "store.db")


@pytest.mark.parametrize("what", ["store.db", "store.db-wal"])
def test_a_file_cut_anywhere_is_refused_and_left_as_it_is(killed, tmp_path, what):
    place, truth = killed
    whole = (place / what).read_bytes()
    rng = random.Random(3)
    edges = [0, 1, 16, 31, 32, 100, 511, 512, 4095, 4096, len(whole) - 1, len(whole) - PAGE]
    for length in [*edges, *(rng.randrange(len(whole)) for _ in range(30))]:
        work = copy_of(place, tmp_path)
        (work / what).write_bytes(whole[:length])
        errors, wrong = examine(work / "store.db", truth)
        assert not wrong, (length, wrong)
        assert errors or what == "store.db", length  # the log may hold all that was cut off
        assert all(isinstance(error, IntegrityError) for error in errors)
        if errors:
            assert (work / what).read_bytes() == whole[:length]
            (work / what).write_bytes(whole)
        assert examine(work / "store.db", truth) == ([], []), length


def test_a_closed_database_cut_anywhere_is_refused_at_once(closed, tmp_path):
    place, _ = closed
    whole = (place / "store.db").read_bytes()
    for length in [0, 1, 100, 511, 512, 513, *range(1000, len(whole), 3989), len(whole) - 1]:
        work = copy_of(place, tmp_path)
        (work / "store.db").write_bytes(whole[:length])
        with pytest.raises(IntegrityError):
            SQLiteStorage.open(work / "store.db")
        assert (work / "store.db").read_bytes() == whole[:length]


def test_an_emptied_database_does_not_cost_the_log_beside_it(killed, tmp_path):
    place, _ = killed
    work = copy_of(place, tmp_path)
    (work / "store.db").write_bytes(b"")
    with pytest.raises(IntegrityError, match="cut short"):
        SQLiteStorage.open(work / "store.db")
    assert (work / "store.db-wal").read_bytes() == (place / "store.db-wal").read_bytes()


@pytest.mark.parametrize("how", ["zeros", "noise", "another page", "two swapped"])
def test_a_damaged_page_gives_the_truth_or_an_error(closed, tmp_path, how):
    place, truth = closed
    whole = (place / "store.db").read_bytes()
    rng = random.Random(how)
    pages = len(whole) // PAGE
    for at in range(pages):
        data = bytearray(whole)
        here = slice(at * PAGE, (at + 1) * PAGE)
        other = rng.randrange(pages)
        there = slice(other * PAGE, (other + 1) * PAGE)
        if how == "zeros":
            data[here] = bytes(PAGE)
        elif how == "noise":
            data[here] = rng.randbytes(PAGE)
        else:
            data[here] = whole[there]
            if how == "two swapped":
                data[there] = whole[here]
        work = copy_of(place, tmp_path)
        (work / "store.db").write_bytes(data)
        _, wrong = examine(work / "store.db", truth)
        assert not wrong, (at, other, wrong)


TAMPERING = {
    "values swapped": "UPDATE blobs SET value = (SELECT value FROM blobs AS o WHERE o.id = 7 - blobs.id) "
    "WHERE id IN (3, 4)",
    "values and checksums swapped": "UPDATE blobs SET (value, crc) = "
    "(SELECT value, crc FROM blobs AS o WHERE o.id = 7 - blobs.id) WHERE id IN (3, 4)",
    "pointers swapped": "UPDATE names SET id = 7 - id WHERE id IN (3, 4)",
    "a name changed": "UPDATE names SET key = CAST('data/a/zzz' AS BLOB) WHERE id = 3",
    "a name removed": "DELETE FROM names WHERE id = 3",
    "the last name removed": "DELETE FROM names WHERE key = (SELECT max(key) FROM names)",
    "a value removed": "DELETE FROM blobs WHERE id = 3",
    "a name of another type": "UPDATE names SET key = CAST(key AS TEXT) WHERE id = 3",
    "a value of another type": "UPDATE blobs SET value = 'text' WHERE id = 3",
    "a link of another type": "UPDATE names SET link = 'text' WHERE id = 3",
    "a pointer of another type": "UPDATE names SET id = 'text' WHERE id = 3",
    "a revision changed": "UPDATE names SET revision = revision + 1 WHERE id = 3",
    "a mark changed": "UPDATE marks SET value = x'00' WHERE name = CAST('head' AS BLOB)",
    "the state changed": "UPDATE marks SET value = zeroblob(24) WHERE name = x''",
    "the state removed": "DELETE FROM marks WHERE name = x''",
    "the first name removed": "DELETE FROM names WHERE key = x''",
    "all names removed": "DELETE FROM names",
    "a table dropped": "DROP TABLE blobs",
    "a trigger added": "CREATE TRIGGER t AFTER UPDATE ON blobs BEGIN DELETE FROM names; END",
    "a table replaced by a view": "DROP TABLE blobs; CREATE VIEW blobs AS SELECT 1 AS id, x'' AS value, 0 AS crc",
}


@pytest.mark.parametrize("statements", TAMPERING.values(), ids=TAMPERING.keys())
def test_rows_altered_by_hand_are_noticed(closed, tmp_path, statements):
    place, truth = closed
    work = copy_of(place, tmp_path)
    db = sqlite3.connect(work / "store.db")
    db.executescript(statements)
    db.close()
    errors, wrong = examine(work / "store.db", truth)
    assert not wrong
    assert errors
    assert all(isinstance(error, IntegrityError) for error in errors)


def test_a_damaged_entry_is_not_overwritten_nor_another_one_in_its_stead(closed, tmp_path):
    place, truth = closed
    work = copy_of(place, tmp_path)
    db = sqlite3.connect(work / "store.db")
    first, second = (
        row[0].decode() for row in db.execute("SELECT key FROM names WHERE id IN (3, 4) ORDER BY id")
    )
    db.execute("UPDATE names SET id = 4 WHERE id = 3")
    db.commit()
    db.close()
    storage = SQLiteStorage.open(work / "store.db")
    for action in (lambda t: t.put(first, b"new"), lambda t: t.delete(first)):
        with pytest.raises(IntegrityError, match=first):
            transact(storage, action)
    assert storage.get(second).value == truth[second]


def test_a_full_check_counts_what_is_sound_and_names_what_is_not(closed, tmp_path):
    place, truth = closed
    work = copy_of(place, tmp_path)
    storage = SQLiteStorage.open(work / "store.db")
    assert storage.check() == len(truth)
    storage.close()
    db = sqlite3.connect(work / "store.db")
    db.execute("INSERT INTO blobs (value, crc) VALUES (x'00', 0)")
    db.commit()
    db.close()
    with pytest.raises(IntegrityError, match="without a name"):
        SQLiteStorage.open(work / "store.db").check()


def test_an_error_of_damage_carries_no_exception_of_the_driver(closed, tmp_path):
    place, _ = closed
    work = copy_of(place, tmp_path)
    data = bytearray((work / "store.db").read_bytes())
    data[PAGE:] = bytes(len(data) - PAGE)
    (work / "store.db").write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        SQLiteStorage.open(work / "store.db")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
