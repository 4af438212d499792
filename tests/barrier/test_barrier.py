"""The barrier: a storage like any other from above, and nothing readable or exchangeable below."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from wellkept.barrier import Barrier, read_seal_config
from wellkept.barrier.envelope import OVERHEAD
from wellkept.barrier.seals import KeyFileSeal
from wellkept.errors import Conflict, IntegrityError, InvalidRequest, Sealed, WellkeptError
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage
from wellkept.testing.storage_conformance import StorageConformance


class TestConformance(StorageConformance):
    def open(self, place):
        path, key = place / "store.db", place / "key"
        if path.exists():
            return Barrier.unseal(SQLiteStorage.open(path), KeyFileSeal(key))
        return Barrier.initialize(SQLiteStorage.create(path), KeyFileSeal.create(key))


def test_what_one_handle_writes_another_reads(barrier, reopen, put):
    put(barrier, "a/b", b"value")
    assert reopen().get("a/b") == barrier.get("a/b")
    assert barrier.get("a/b").value == b"value"


def test_the_barriers_own_entries_are_neither_seen_nor_touched_through_it(barrier, put):
    put(barrier, "a", b"")
    assert barrier.list("") == ["a"]
    assert barrier.list("", limit=1) == ["a"]
    assert [key for key, _ in barrier.scan("")] == ["a"]
    for action in (
        lambda: barrier.get("barrier/seal"),
        lambda: barrier.list("barrier/"),
        lambda: put(barrier, "barrier/keyring", b""),
        lambda: transact(barrier, lambda t: t.delete("barrier/seal")),
        lambda: transact(barrier, lambda t: t.get("barrier/seal")),
        lambda: transact(barrier, lambda t: t.list("barrier/")),
    ):
        with pytest.raises(InvalidRequest):
            action()


def test_the_top_folder_is_paged_as_if_the_barrier_kept_nothing_there(barrier, put):
    for name in ("a", "b/x", "bas", "c"):
        put(barrier, name, b"")
    pages = []
    while page := barrier.list("", after=pages[-1] if pages else "", limit=1):
        pages += page
    assert pages == ["a", "b/", "bas", "c"]


def test_a_store_is_initialised_once(barrier, storage, seal):
    with pytest.raises(Conflict, match="already"):
        Barrier.initialize(storage, seal)


def test_a_storage_without_a_seal_says_that_it_was_never_initialised(storage, seal):
    for action in (lambda: read_seal_config(storage), lambda: Barrier.unseal(storage, seal)):
        with pytest.raises(Sealed, match="never initialised"):
            action()


def test_the_seal_configuration_is_readable_without_a_key_and_holds_none(barrier, storage, seal):
    config = read_seal_config(storage)
    assert config["kind"] == "keyfile"
    assert config["store_id"] == barrier.store_id
    key = Path(seal.path).read_text().strip()
    assert key not in str(config)
    assert b64encode(bytes.fromhex(key)).decode() not in str(config)


@pytest.mark.parametrize("store_id", ["UPPER", "a/b", "../x", "a b", "x" * 65])
def test_an_identifier_that_could_not_name_a_key_file_is_refused(storage, seal, store_id):
    with pytest.raises(InvalidRequest):
        Barrier.initialize(storage, seal, store_id=store_id)


def test_a_seal_of_another_kind_is_refused_by_name(barrier, storage, passphrase):
    with pytest.raises(Sealed, match=r"keyfile.*passphrase"):
        Barrier.unseal(storage, passphrase("x"))


def test_derived_keys_are_stable_and_differ_by_purpose_store_and_length(barrier, reopen, tmp_path, seal):
    assert barrier.derive("audit") == reopen().derive("audit")
    assert len(barrier.derive("audit")) == 32
    assert len(barrier.derive("audit", 64)) == 64
    other = Barrier.initialize(SQLiteStorage.create(tmp_path / "other.db"), seal)
    assert len({barrier.derive("audit"), barrier.derive("tokens"), other.derive("audit")}) == 3


def test_a_barrier_over_a_copy_reads_it_and_over_another_store_does_not(
    barrier, storage, put, tmp_path, seal
):
    put(barrier, "a", b"value")
    storage.backup_to(tmp_path / "copy.db")
    put(barrier, "a", b"later")
    assert barrier.over(SQLiteStorage.open(tmp_path / "copy.db")).get("a").value == b"value"
    other = SQLiteStorage.create(tmp_path / "other.db")
    Barrier.initialize(other, seal)
    with pytest.raises((Sealed, IntegrityError)):
        barrier.over(other)


# What lies below.


def test_each_write_encrypts_anew(barrier, storage, put):
    seen = set()
    for _ in range(20):
        put(barrier, "a", b"same")
        seen.add(storage.get("a").value)
    assert len(seen) == 20
    assert {len(sealed) for sealed in seen} == {4 + OVERHEAD}


ENCODINGS = [
    lambda raw: raw,
    lambda raw: raw.hex().encode(),
    lambda raw: b64encode(raw)[4:-4],
    lambda raw: b64encode(b"x" + raw)[4:-4],
    lambda raw: b64encode(b"xx" + raw)[4:-4],
    lambda raw: raw[::-1],
    lambda raw: raw.decode("latin-1").encode("utf-16-le"),
]


def test_no_value_and_no_key_stands_in_any_file_in_any_encoding(barrier, storage, seal, put, tmp_path):
    needles = [os.urandom(24), b"correct-horse-battery-staple", b"sk_live_0123456789abcdef"]
    for i, needle in enumerate(needles):
        put(barrier, f"secret/{i}", needle)
        put(barrier, f"secret/large{i}", needle * 500)
        transact(barrier, lambda t, i=i: t.delete(f"secret/large{i}"))
    barrier.rotate()
    needles += [bytes.fromhex(Path(seal.path).read_text()), *barrier.roots, barrier.ring.seed]
    needles += [term.key for term in barrier.ring.terms]
    needles.append(barrier.derive("audit"))

    def found():
        for name in os.listdir(tmp_path):
            content = (tmp_path / name).read_bytes()
            for needle in needles:
                if any(form(needle) in content for form in ENCODINGS):
                    yield name, needle

    os.unlink(seal.path)
    assert set(os.listdir(tmp_path)) == {
        "store.db",
        "store.db-wal",
        "store.db-shm",
        "store.db-guard",
    }
    assert list(found()) == []
    storage.close()
    assert list(found()) == []


def test_nothing_that_prints_shows_a_key(barrier, put):
    put(barrier, "a", b"value")
    shown = " ".join(
        repr(thing)
        for thing in (barrier, barrier.ring, barrier.ring.terms, barrier.storage, barrier.key_status())
    )
    for key in (*barrier.roots, barrier.ring.seed, barrier.ring.active.key):
        assert repr(key)[2:10] not in shown
        assert key.hex()[:8] not in shown


def raw(tmp_path, *statements):
    db = sqlite3.connect(tmp_path / "store.db")
    for statement in statements:
        db.execute(*statement) if isinstance(statement, tuple) else db.execute(statement)
    db.commit()
    db.close()


def forge(path, key, sealed):
    """Put ``sealed`` at ``key`` below the barrier, with all that storage itself checks made right."""
    storage = SQLiteStorage.open(path)
    transact(storage, lambda t: t.put(key, sealed))
    storage.close()


def test_two_entries_that_change_places_are_both_refused_by_name(barrier, storage, put, tmp_path):
    put(barrier, "a/first", b"one")
    put(barrier, "a/second", b"two")
    first, second = storage.get("a/first").value, storage.get("a/second").value
    forge(tmp_path / "store.db", "a/first", second)
    forge(tmp_path / "store.db", "a/second", first)
    for key in ("a/first", "a/second"):
        with pytest.raises(IntegrityError, match=key):
            barrier.get(key)
        with pytest.raises(IntegrityError, match=key):
            transact(barrier, lambda t, key=key: t.get(key))
    with pytest.raises(IntegrityError, match="a/first"):
        list(barrier.scan(""))


def test_an_entry_that_is_copied_to_another_name_is_refused(barrier, storage, put, tmp_path):
    put(barrier, "a", b"one")
    forge(tmp_path / "store.db", "b", storage.get("a").value)
    with pytest.raises(IntegrityError, match="'b'"):
        barrier.get("b")


def test_an_entry_from_another_store_is_refused(barrier, put, tmp_path, seal):
    other_storage = SQLiteStorage.create(tmp_path / "other.db")
    other = Barrier.initialize(other_storage, seal)
    put(barrier, "a", b"ours")
    put(other, "a", b"theirs")
    forge(tmp_path / "store.db", "a", other_storage.get("a").value)
    with pytest.raises(IntegrityError, match="'a'"):
        barrier.get("a")


@pytest.mark.parametrize("entry", ["barrier/seal", "barrier/keyring"])
def test_a_seal_or_key_ring_from_another_store_is_refused(barrier, storage, reopen, tmp_path, seal, entry):
    other_storage = SQLiteStorage.create(tmp_path / "other.db")
    Barrier.initialize(other_storage, seal)
    forge(tmp_path / "store.db", entry, other_storage.get(entry).value)
    with pytest.raises((IntegrityError, Sealed)):
        reopen()


def test_every_single_bit_of_an_entry_matters(barrier, storage, put, tmp_path):
    put(barrier, "a", b"value")
    sealed = storage.get("a").value
    for at in range(len(sealed) * 8):
        broken = bytearray(sealed)
        broken[at // 8] ^= 1 << at % 8
        transact(storage, lambda t, broken=broken: t.put("a", bytes(broken)))
        with pytest.raises(IntegrityError, match="'a'"):
            barrier.get("a")


def test_an_entry_cut_to_any_length_is_refused(barrier, storage, put):
    put(barrier, "a", b"value")
    sealed = storage.get("a").value
    for length in range(len(sealed)):
        transact(storage, lambda t, length=length: t.put("a", sealed[:length]))
        with pytest.raises(IntegrityError, match="'a'"):
            barrier.get("a")


def test_a_seal_configuration_altered_in_any_byte_opens_nothing_and_raises_nothing_else(
    barrier, storage, seal, reopen
):
    good = storage.get("barrier/seal").value
    rng = random.Random(5)
    for at in range(len(good)):
        broken = bytearray(good)
        broken[at] = rng.randrange(256)
        transact(storage, lambda t, broken=broken: t.put("barrier/seal", bytes(broken)))
        try:
            opened = reopen()
        except WellkeptError:
            continue
        assert opened.store_id == barrier.store_id  # only what says nothing was touched, such as the time


NONSENSE = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{}",
    b'{"format": 1}',
    b"[" * 100_000,
    b"1" * 5000,
    b'{"format": 1, "store_id": "\\ud800", "kind": "keyfile", "wrapped": {}}',
    b'{"format": 1, "store_id": "../../x", "kind": "keyfile", "wrapped": {}}',
    b'{"format": 1, "store_id": "x", "kind": "keyfile", "wrapped": {}}',
    b'{"format": 1, "store_id": "x", "kind": "keyfile", "wrapped": {"nonce": 5, "sealed": []}}',
    b'{"format": 1, "store_id": "x", "kind": "keyfile", "wrapped": {"nonce": "\xc3\xa9", "sealed": "!"}}',
    b'{"format": 2, "store_id": "x", "kind": "keyfile", "wrapped": {}}',
    b'{"format": 1, "store_id": "x", "kind": "martian", "wrapped": {}}',
    b"x" * 70_000,
]


@pytest.mark.parametrize("content", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize("entry", ["barrier/seal", "barrier/keyring"])
def test_nonsense_in_the_barriers_own_entries_is_a_clear_error(barrier, storage, reopen, entry, content):
    transact(storage, lambda t: t.put(entry, content))
    with pytest.raises((IntegrityError, Sealed)) as caught:
        reopen()
    assert caught.value.__context__ is None


def test_a_missing_key_ring_is_damage(barrier, storage, reopen):
    transact(storage, lambda t: t.delete("barrier/keyring"))
    with pytest.raises(IntegrityError, match="key ring"):
        reopen()


def test_bits_flipped_anywhere_in_the_file_never_give_a_wrong_value(tmp_path, seal, put):
    place = tmp_path / "original"
    storage = SQLiteStorage.create(place / "store.db")
    barrier = Barrier.initialize(storage, seal)
    truth = {f"s/{i % 3}/{i}": os.urandom(50 * i) for i in range(30)}
    transact(barrier, lambda t: [t.put(key, value) for key, value in truth.items()])
    storage.close()
    size = os.path.getsize(place / "store.db")
    rng = random.Random(9)
    for _ in range(150):
        work = tmp_path / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(place, work)
        with open(work / "store.db", "r+b") as file:
            at = rng.randrange(size)
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << rng.randrange(8)]))
        answers = {}
        try:
            opened = Barrier.unseal(SQLiteStorage.open(work / "store.db"), seal)
        except WellkeptError:
            continue
        for key in truth:
            try:
                entry = opened.get(key)
                answers[key] = entry and entry.value
            except WellkeptError:
                pass
        assert all(truth[key] == value for key, value in answers.items()), at
        opened.close()


def test_importing_storage_and_barrier_loads_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules);"
        "from wellkept.storage.sqlite import SQLiteStorage; from wellkept.barrier import Barrier;"
        "from wellkept.barrier.seals import KeyFileSeal;"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {
        "dataclasses",
        "inspect",
        "pathlib",
        "logging",
        "subprocess",
        "asyncio",
        "tempfile",
        "shutil",
        "uuid",
    }
    heavy |= {
        "socket",
        "ssl",
        "hashlib",
        "base64",
        "random",
        "datetime",
        "argparse",
        "ctypes",
        "importlib.metadata",
    }
    assert not heavy & set(loaded)
