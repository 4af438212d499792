"""Rotation, rewriting and rekeying: online, resumable, atomic."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from wellkept.barrier import Barrier
from wellkept.barrier.envelope import term_of
from wellkept.barrier.seals import KeyFileSeal
from wellkept.errors import Conflict, IntegrityError, Sealed, StorageUnavailable
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage


def terms_in(storage):
    return {term_of(key, entry.value) for key, entry in storage.scan("") if not key.startswith("barrier/")}


def test_after_a_rotation_old_values_are_read_and_new_ones_lie_under_the_new_term(barrier, storage, put):
    put(barrier, "old", b"1")
    assert barrier.rotate() == 2
    put(barrier, "new", b"2")
    assert (barrier.get("old").value, barrier.get("new").value) == (b"1", b"2")
    assert term_of("old", storage.get("old").value) == 1
    assert term_of("new", storage.get("new").value) == 2


def test_another_handle_writes_under_the_new_term_and_reads_what_lies_under_it(barrier, storage, reopen, put):
    other = reopen()
    put(barrier, "a", b"1")
    barrier.rotate()
    put(barrier, "b", b"2")
    assert other.get("b").value == b"2"
    late = reopen()
    barrier.rotate()
    put(late, "c", b"3")
    assert term_of("c", storage.get("c").value) == 3
    assert dict(barrier.scan("")) == dict(other.scan("")) == dict(late.scan(""))


def test_a_transaction_that_began_before_a_rotation_loses_and_wins_when_run_again(barrier, storage, reopen):
    other = reopen()
    transaction = other.transaction()
    transaction.put("a", b"1")
    barrier.rotate()
    with pytest.raises(Conflict) as caught:
        transaction.commit()
    assert caught.value.retry
    again = other.transaction()
    again.put("a", b"1")
    again.commit()
    assert term_of("a", storage.get("a").value) == 2


def test_rewriting_brings_everything_under_the_new_term_and_forgets_the_old(barrier, storage, reopen, put):
    other = reopen()
    for i in range(200):
        put(barrier, f"k/{i}", str(i).encode())
    barrier.rotate()
    barrier.rotate()
    seen = []
    assert barrier.rewrite(seen.append) == 200
    assert seen == sorted(seen)
    assert seen[-1] == 200
    assert terms_in(storage) == {3}
    assert barrier.key_status()["terms"] == [3]
    assert other.get("k/7").value == b"7"
    assert reopen().get("k/7").value == b"7"
    assert barrier.rewrite() == 0


def test_rewriting_goes_on_while_others_write(barrier, storage, reopen, put):
    for i in range(300):
        put(barrier, f"k/{i}", b"0")
    barrier.rotate()
    stop = threading.Event()
    counts = [0, 0]

    def work(who):
        mine = reopen()
        while not stop.is_set():
            transact(mine, lambda t: t.put(f"k/{counts[who] % 300}", b"1"), attempts=1000)
            transact(mine, lambda t: t.put(f"w{who}/{counts[who]}", b"1"), attempts=1000)
            counts[who] += 1

    threads = [threading.Thread(target=work, args=(who,)) for who in range(2)]
    for thread in threads:
        thread.start()
    try:
        barrier.rewrite()
        barrier.rotate()
        barrier.rewrite()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert terms_in(storage) == {3}
    assert len(barrier.list("w0/")) == counts[0]
    assert len(dict(barrier.scan(""))) == 300 + sum(counts)


def test_an_interrupted_rewrite_loses_nothing_and_is_finished_by_the_next(barrier, storage, reopen, put):
    for i in range(300):
        put(barrier, f"k/{i}", str(i).encode())
    barrier.rotate()

    def stop_at(count):
        if count >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        barrier.rewrite(stop_at)
    other = reopen()
    assert other.key_status()["terms"] == [1, 2]
    assert {key: entry.value for key, entry in other.scan("k/")} == {
        f"k/{i}": str(i).encode() for i in range(300)
    }
    assert 0 < other.rewrite() < 300
    assert terms_in(storage) == {2}


REWRITER = """
import sys
from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.storage.sqlite import SQLiteStorage
barrier = Barrier.unseal(SQLiteStorage.open(sys.argv[1]), KeyFileSeal(sys.argv[2]))
print("open", flush=True)
barrier.rotate()
barrier.rewrite()
"""


def test_a_rewrite_killed_at_any_moment_leaves_every_value_readable(barrier, storage, seal, reopen, tmp_path):
    truth = {f"k/{i}": os.urandom(200) for i in range(600)}
    transact(barrier, lambda t: [t.put(key, value) for key, value in truth.items()])
    for delay in (0.0, 0.005, 0.015, 0.03):
        worker = subprocess.Popen(
            [sys.executable, "-c", REWRITER, str(tmp_path / "store.db"), seal.path], stdout=subprocess.PIPE
        )
        worker.stdout.readline()
        time.sleep(delay)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        opened = reopen()
        assert {key: entry.value for key, entry in opened.scan("k/")} == truth
        opened.close()
    opened = reopen()
    opened.rotate()
    opened.rewrite()
    assert len(terms_in(storage)) == 1
    assert {key: entry.value for key, entry in opened.scan("k/")} == truth


def test_a_damaged_entry_stops_the_rewrite_and_no_key_is_forgotten(barrier, storage, put):
    put(barrier, "a", b"1")
    put(barrier, "b", b"1")
    sealed = bytearray(storage.get("a").value)
    sealed[-1] ^= 1
    transact(storage, lambda t: t.put("a", bytes(sealed)))
    barrier.rotate()
    with pytest.raises(IntegrityError, match="'a'"):
        barrier.rewrite()
    assert barrier.key_status()["terms"] == [1, 2]
    assert barrier.get("b").value == b"1"


def test_a_new_term_is_taken_by_itself_when_one_has_been_used_enough(
    barrier, storage, reopen, put, monkeypatch
):
    monkeypatch.setattr(Barrier, "rotate_after", 10)
    other = reopen()
    for i in range(35):
        put(other if i % 2 else barrier, f"k/{i}", b"1")
    status = barrier.key_status()
    assert status["term"] in (4, 5)
    assert status["encryptions"] <= 10
    assert len(dict(barrier.scan(""))) == 35


def test_a_failing_automatic_rotation_does_not_spoil_the_write_that_was_acknowledged(
    barrier, put, monkeypatch
):
    monkeypatch.setattr(Barrier, "rotate_after", 1)

    def fail(barrier, unless_used_less_than):
        raise StorageUnavailable("disk full")

    monkeypatch.setattr("wellkept.barrier.keys.rotate", fail)
    put(barrier, "a", b"1")
    assert barrier.get("a").value == b"1"


def test_the_key_status_counts_from_the_rotation_and_tells_its_time(barrier, put, clock):
    clock.advance(60)
    created = clock.time()
    barrier.rotate()
    for i in range(5):
        put(barrier, f"k/{i}", b"")
    status = barrier.key_status()
    assert (status["term"], status["created"], status["terms"]) == (2, created, [1, 2])
    assert 5 <= status["encryptions"] <= 6


def test_after_a_rekey_the_new_seal_opens_and_the_old_one_does_not(
    barrier, reopen, put, tmp_path, passphrase
):
    put(barrier, "a", b"1")
    derived = barrier.derive("audit")
    root = barrier.roots
    barrier.rekey(passphrase("open sesame"))
    assert barrier.roots != root
    with pytest.raises(Sealed):
        reopen()
    opened = reopen(passphrase("open sesame"))
    assert opened.get("a").value == b"1"
    assert opened.derive("audit") == derived
    new_key = KeyFileSeal.create(tmp_path / "new-key")
    opened.rekey(new_key)
    assert reopen(new_key).get("a").value == b"1"
    with pytest.raises(Sealed):
        reopen(passphrase("open sesame"))


def test_the_old_root_key_does_not_open_the_key_ring_after_a_rekey(barrier, storage, tmp_path):
    from wellkept.barrier.keyring import KeyRing

    old = barrier.roots[0]
    barrier.rekey(KeyFileSeal.create(tmp_path / "new-key"))
    entry = storage.get("barrier/keyring")
    assert KeyRing.unseal(old, barrier.store_id, entry.value, entry.revision) is None


def test_the_handle_that_rekeyed_goes_on_and_others_read_on_but_must_open_anew_to_write(
    barrier, reopen, put, tmp_path
):
    other = reopen()
    put(barrier, "a", b"1")
    barrier.rekey(KeyFileSeal.create(tmp_path / "new-key"))
    put(barrier, "a", b"2")
    barrier.rotate()
    assert other.get("a").value == b"2"
    with pytest.raises(Sealed, match="open the store anew"):
        put(other, "a", b"3")
    assert barrier.get("a").value == b"2"


def test_between_the_commit_of_a_rekey_and_its_end_other_threads_read_on(barrier, put, monkeypatch, tmp_path):
    put(barrier, "a", b"1")
    apply = SQLiteStorage.apply

    def apply_and_look(*args):
        result = apply(*args)
        barrier.refresh()
        assert barrier.get("a").value == b"1"
        return result

    monkeypatch.setattr(SQLiteStorage, "apply", apply_and_look)
    barrier.rekey(KeyFileSeal.create(tmp_path / "new-key"))


def test_a_rekey_that_fails_leaves_the_old_seal_in_force(barrier, reopen, put, monkeypatch, tmp_path):
    new_key = KeyFileSeal.create(tmp_path / "new-key")
    put(barrier, "a", b"1")
    monkeypatch.setattr(SQLiteStorage, "apply", _full)
    with pytest.raises(StorageUnavailable):
        barrier.rekey(new_key)
    monkeypatch.undo()
    put(barrier, "b", b"1")
    barrier.rotate()
    assert reopen().get("b").value == b"1"
    with pytest.raises(Sealed):
        reopen(new_key)


REKEYER = """
import sys
from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.storage.sqlite import SQLiteStorage
keys = [KeyFileSeal(path) for path in sys.argv[2:4]]
barrier = Barrier.unseal(SQLiteStorage.open(sys.argv[1]), keys[int(sys.argv[4])])
print("open", flush=True)
for i in range(1000):
    barrier.rekey(keys[(int(sys.argv[4]) + i + 1) % 2])
"""


def test_a_rekey_killed_at_any_moment_leaves_the_old_or_the_new_seal_in_force(
    barrier, seal, reopen, put, tmp_path
):
    put(barrier, "a", b"1")
    seals = [seal, KeyFileSeal.create(tmp_path / "second-key")]
    now = 0
    for delay in (0.001, 0.004, 0.01, 0.02):
        worker = subprocess.Popen(
            [sys.executable, "-c", REKEYER, str(tmp_path / "store.db"), *(s.path for s in seals), str(now)],
            stdout=subprocess.PIPE,
        )
        worker.stdout.readline()
        time.sleep(delay)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        opening = []
        for i, candidate in enumerate(seals):
            try:
                assert reopen(candidate).get("a").value == b"1"
                opening.append(i)
            except Sealed:
                pass
        assert len(opening) == 1
        now = opening[0]


def test_rotating_rekeying_and_writing_at_once_end_in_a_sound_store(barrier, reopen, put, tmp_path):
    final = KeyFileSeal.create(tmp_path / "final")
    errors = []

    def rotate():
        for _ in range(10):
            try:
                barrier.rotate()
            except Conflict:
                pass

    def write():
        for i in range(100):
            transact(barrier, lambda t, i=i: t.put(f"k/{i}", b"1"), attempts=1000)

    def guarded(action):
        try:
            action()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(action,)) for action in (rotate, write, write)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        barrier.rekey(final)
    for thread in threads:
        thread.join()
    assert not errors
    assert len(dict(reopen(final).scan(""))) == 100


def _full(*_):
    raise StorageUnavailable("the disk is full")
