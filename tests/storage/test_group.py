"""Group commit: one commit for many, each with its own outcome; and what it promised survives a kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from wellkept.errors import AuditError, Conflict, IntegrityError, StorageUnavailable
from wellkept.storage.cached import CachedStorage
from wellkept.storage.group import GroupCommit
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage
from wellkept.storage.transaction import Applied, Change


class Gate:
    """A storage that commits when it is let, and shows which transactions came together."""

    def __init__(self):
        self.groups = []
        self.entered = threading.Semaphore(0)
        self.let = threading.Semaphore(0)
        self.fail = None

    def apply_many(self, batch):
        self.groups.append([next(iter(change.writes)) for change in batch])
        self.entered.release()
        self.let.acquire()
        if self.fail is not None:
            self.fail(batch)
        outcomes = [
            Conflict("taken", retry=True) if "loser" in change.writes else len(self.groups)
            for change in batch
        ]
        return Applied(outcomes, 0, 1, {"x": None})


def change(key):
    return Change({}, (), {key: b""})


class Crowd:
    """Threads that apply, one a key; their outcomes by key."""

    def __init__(self, group):
        self._group = group
        self._threads = []
        self.outcomes = {}

    def start(self, *keys):
        for key in keys:
            thread = threading.Thread(target=self._run, args=(key,))
            thread.start()
            self._threads.append(thread)
        deadline = time.monotonic() + 10
        while len(self._group._queue) < len(keys) and time.monotonic() < deadline:
            time.sleep(0.001)

    def _run(self, key):
        try:
            self.outcomes[key] = self._group.apply(change(key))
        except BaseException as error:
            self.outcomes[key] = error

    def join(self):
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()


def crowd(gate, **options):
    """One that is inside its commit, and more that wait behind it."""
    group = GroupCommit(gate, **options)
    people = Crowd(group)
    first = threading.Thread(target=people._run, args=("first",))
    first.start()
    people._threads.append(first)
    gate.entered.acquire()
    return people


def test_those_who_wait_share_one_commit_and_the_first_waits_for_nobody():
    gate = Gate()
    people = crowd(gate)
    people.start("a", "b", "c")
    gate.let.release()
    gate.let.release()
    people.join()
    assert [sorted(group) for group in gate.groups] == [["first"], ["a", "b", "c"]]
    assert people.outcomes == {"first": 1, "a": 2, "b": 2, "c": 2}


def test_a_conflict_fails_only_its_own():
    gate = Gate()
    people = crowd(gate)
    people.start("a", "loser", "c")
    gate.let.release()
    gate.let.release()
    people.join()
    assert isinstance(people.outcomes.pop("loser"), Conflict)
    assert people.outcomes == {"first": 1, "a": 2, "c": 2}


def test_what_keeps_the_commit_from_happening_fails_all_of_the_group_and_no_other():
    gate = Gate()
    people = crowd(gate)
    people.start("a", "b")
    gate.let.release()
    gate.entered.acquire()

    def full(batch):
        raise StorageUnavailable("full")

    gate.fail = full
    gate.let.release()
    people.join()
    assert people.outcomes["first"] == 1
    assert {type(people.outcomes[key]) for key in "ab"} == {StorageUnavailable}
    assert people.outcomes["a"] is not people.outcomes["b"]
    gate.fail = None
    gate.let.release()
    assert people._group.apply(change("later"))


def test_damage_met_by_one_does_not_fail_the_others():
    gate = Gate()
    people = crowd(gate)
    people.start("a", "damaged", "c")

    def damaged(batch):
        if any("damaged" in each.writes for each in batch):
            raise IntegrityError("damaged")

    gate.fail = damaged
    for _ in range(5):
        gate.let.release()
    people.join()
    assert isinstance(people.outcomes["damaged"], IntegrityError)
    assert isinstance(people.outcomes["a"], int)
    assert isinstance(people.outcomes["c"], int)


def test_what_goes_before_is_done_once_a_group_and_its_failure_leaves_nothing_done():
    gate, calls = Gate(), []

    def before():
        calls.append(len(gate.groups))
        if len(calls) == 2:
            raise AuditError("no record")

    people = crowd(gate, before=before)
    people.start("a", "b")
    gate.let.release()
    people.join()
    assert calls == [0, 1]
    assert len(gate.groups) == 1
    assert {type(people.outcomes[key]) for key in "ab"} == {AuditError}


def test_a_waiting_transaction_whose_thread_is_interrupted_blocks_nobody():
    gate = Gate()
    people = crowd(gate)
    group = people._group
    interrupted = []

    def alarm(*_):
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            group.apply(change("interrupted"))
        except KeyboardInterrupt:
            interrupted.append(True)
    finally:
        signal.signal(signal.SIGALRM, old)
    people.start("a")
    gate.let.release()
    gate.let.release()
    people.join()
    assert interrupted
    assert isinstance(people.outcomes["a"], int)
    assert not group._led


def test_counting_on_many_threads_loses_nothing(tmp_path):
    storage = CachedStorage(SQLiteStorage.create(tmp_path / "store.db"))

    def count(transaction):
        entry = transaction.get("counter")
        transaction.put("counter", str(int(entry.value if entry else b"0") + 1).encode())

    def run():
        for _ in range(10):
            transact(storage, count, attempts=1000)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.get("counter").value == b"80"
    assert storage.below.check() == 1
    storage.close()


KILLED = """
import sys, threading
from wellkept.storage.cached import CachedStorage
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage
storage = CachedStorage(SQLiteStorage.open(sys.argv[1]))
begin = int(sys.argv[2])
def run(me):
    number = begin
    while True:
        number += 1
        transact(storage, lambda t: (t.put(f"w/{me}", str(number).encode()), t.put(f"w/{me}/{number % 7}", b"x")))
        sys.stdout.write(f"{me} {number}\\n")
        sys.stdout.flush()
for me in range(64):
    threading.Thread(target=run, args=(me,), daemon=True).start()
threading.Event().wait()
"""

ROUNDS = int(os.environ.get("WELLKEPT_CRASH_ROUNDS", "3"))


@pytest.mark.slow
def test_killing_64_writers_at_any_moment_loses_no_acknowledged_write(tmp_path):
    path = tmp_path / "store.db"
    SQLiteStorage.create(path).close()
    acknowledged = {}
    for turn in range(ROUNDS):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path), str(turn * 1_000_000)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        timer = threading.Timer(random.uniform(0.0, 0.5), process.kill)
        timer.start()
        rest = process.stdout.read()
        process.wait()
        for line in (first + rest).split(b"\n")[:-1]:
            me, number = map(int, line.split())
            acknowledged[me] = max(acknowledged.get(me, 0), number)
        storage = SQLiteStorage.open(path)
        for me, number in acknowledged.items():
            assert int(storage.get(f"w/{me}").value) >= number
        storage.check()
        storage.close()
    assert acknowledged


def test_what_one_thread_hands_over_together_is_one_group_in_which_a_conflict_fails_alone():
    gate = Gate()
    gate.let.release()
    group = GroupCommit(gate)
    first, lost, last = group.apply_all([change("a"), change("loser"), change("b")])
    assert gate.groups == [["a", "loser", "b"]]
    assert (first, last) == (1, 1)
    assert isinstance(lost, Conflict)
    assert lost.retry
    assert group.apply_all([]) == []


def test_what_is_handed_over_together_waits_for_the_commit_that_is_under_way():
    gate = Gate()
    group = GroupCommit(gate)
    before = threading.Thread(target=group.apply, args=(change("first"),))
    before.start()
    gate.entered.acquire()
    outcomes = []
    together = threading.Thread(target=lambda: outcomes.extend(group.apply_all([change("a"), change("b")])))
    together.start()
    while len(group._queue) < 2:
        time.sleep(0.001)
    gate.let.release(2)
    together.join(10)
    before.join(10)
    assert gate.groups == [["first"], ["a", "b"]]
    assert outcomes == [2, 2]
