"""Several processes at once, killed at any moment, and forked in the middle of things."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from wellkept.errors import StorageUnavailable
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage

WRITER = """
import os, sys
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage
path, who, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
storage = SQLiteStorage.open(path)
for i in range(first, last):
    def write(transaction):
        transaction.list(f"w/{who}/")
        transaction.put(f"w/{who}/{i:05}", str(i).encode() * 20)
        entry = transaction.get(f"last/{who}")
        transaction.put(f"last/{who}", str(i).encode())
    transact(storage, write, attempts=1000)
    os.write(1, b"%d\\n" % i)
    if i % 97 == 0:
        storage.close()
        storage = SQLiteStorage.open(path)
"""


def start(path, who, first, last):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), who, str(first), str(last)], stdout=subprocess.PIPE
    )


@pytest.mark.slow
def test_killing_writers_at_any_moment_loses_no_acknowledged_write(tmp_path):
    """2,000 writes by 4 processes, which are killed again and again."""
    path = tmp_path / "store.db"
    SQLiteStorage.create(path).close()
    rng = random.Random(11)
    done = dict.fromkeys("abcd", 0)
    kills = 0
    while any(count < 500 for count in done.values()):
        writers = {who: start(path, who, count, 500) for who, count in done.items() if count < 500}
        time.sleep(0.15 + rng.random() * 0.5)
        victims = list(writers.values()) if kills < 12 else []
        for writer in victims:
            time.sleep(rng.random() * 0.01)
            writer.send_signal(signal.SIGKILL)
        kills += len(victims)
        for who, writer in writers.items():
            acknowledged = writer.communicate()[0].split()
            if acknowledged:
                done[who] = int(acknowledged[-1]) + 1
            assert writer.returncode in (0, -signal.SIGKILL)
        storage = SQLiteStorage.open(path)
        for who, count in done.items():
            names = storage.list(f"w/{who}/")
            assert names[:count] == [f"{i:05}" for i in range(count)]
            assert len(names) <= count + 1  # the one in flight may or may not have made it
            last = storage.get(f"last/{who}")
            assert (int(last.value) if last else -1) in (count - 1, count)
        storage.check()
        storage.close()
    assert kills >= 4


def test_processes_that_open_and_close_while_others_write_get_in_no_one_s_way(tmp_path):
    path = tmp_path / "store.db"
    storage = SQLiteStorage.create(path)
    writers = [start(path, who, 0, 120) for who in "abc"]
    while any(writer.poll() is None for writer in writers):
        again = SQLiteStorage.open(path)
        transact(again, lambda t: t.put("mine", b"1"))
        again.close()
    assert [writer.communicate()[0].count(b"\n") for writer in writers] == [120] * 3
    assert storage.check() == 3 * 121 + 1


def in_child(action):
    """Run ``action`` in a fork; its exit status."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_both_sides_of_a_fork_read_and_write(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("before", b"1"))

    def child():
        assert storage.get("before").value == b"1"
        for i in range(20):
            transact(storage, lambda t, i=i: t.put(f"child/{i}", b""))
        assert in_child(lambda: transact(storage, lambda t: t.put("grandchild", b""))) == 0

    assert in_child(child) == 0
    transact(storage, lambda t: t.put("after", b"1"))
    assert storage.list("") == ["after", "before", "child/", "grandchild"]
    assert storage.check() == 23


def test_no_database_file_is_open_across_a_fork(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", b"1"))

    def child():
        held = {os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")}
        assert not [name for name in held if name.startswith(str(tmp_path))]

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs /proc")
    assert in_child(child) == 0


FAMILY = """
import os, sys
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage
storage = SQLiteStorage.open(sys.argv[1])
transact(storage, lambda t: t.put("parent", b"1"))
for use in (False, True):
    pid = os.fork()
    if pid == 0:
        if use:
            transact(storage, lambda t: t.put("child", b"1"))
        sys.exit(0)  # with all that Python does at its end
    assert os.waitpid(pid, 0)[1] == 0
    transact(storage, lambda t: t.put(f"after/{use}", b"1"))
"""


def test_a_child_that_ends_normally_does_not_disturb_its_parent(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    done = subprocess.run(
        [sys.executable, "-c", FAMILY, str(tmp_path / "store.db")], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert storage.list("") == ["after/", "child", "parent"]
    assert storage.check() == 4


def test_forks_while_threads_write_lose_nothing(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    stop = threading.Event()
    written = [0, 0, 0]

    def work(who):
        while not stop.is_set():
            transact(storage, lambda t: t.put(f"t{who}/{written[who]:06}", b"x" * 100), attempts=1000)
            storage.list(f"t{who}/", limit=3)
            written[who] += 1

    threads = [threading.Thread(target=work, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    try:
        for i in range(15):
            assert in_child(lambda i=i: transact(storage, lambda t: t.put(f"c/{i}", b""), attempts=1000)) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert all(written)
    assert storage.check() == 15 + sum(written)


def test_a_child_of_a_fork_that_python_did_not_see_coming_is_refused(tmp_path, monkeypatch):
    """Such as a server's that forks in C; here, by taking the hook away that runs before a fork."""
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", b"1"))
    monkeypatch.setattr(type(storage._pool), "before_fork", lambda self: None)

    def child():
        with pytest.raises(StorageUnavailable, match="after the fork"):
            storage.get("a")
        storage.close()

    assert in_child(child) == 0
    transact(storage, lambda t: t.put("a", b"2"))
    assert SQLiteStorage.open(tmp_path / "store.db").get("a").value == b"2"


def test_a_signal_handler_may_read_while_it_interrupts_a_read(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", b"1"))
    seen = []

    def handler(*_):
        signal.setitimer(signal.ITIMER_REAL, 0)  # not again before this one is done
        seen.append(storage.get("a").value)
        signal.setitimer(signal.ITIMER_REAL, 0.0005)

    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005)
    try:
        while len(seen) < 100:
            assert storage.get("a").value == b"1"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert set(seen) == {b"1"}


def test_many_threads_share_few_connections(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: [t.put(f"k/{i}", str(i).encode()) for i in range(50)])
    wrong = []

    def read():
        for i in range(200):
            entry = storage.get(f"k/{i % 50}")
            if entry is None or entry.value != str(i % 50).encode():
                wrong.append(i)

    threads = [threading.Thread(target=read) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(storage._pool._idle) <= 8


def test_a_fork_waits_for_a_snapshot_that_reads_on_without_blocking_it(tmp_path):
    storage = SQLiteStorage.create(tmp_path / "store.db")
    transact(storage, lambda t: t.put("a", b"1"))
    inside = threading.Event()

    def look(moment):
        inside.set()
        while not storage._pool._forking:
            time.sleep(0.001)
        assert (
            storage.get("a").value == b"1"
        )  # a second read of the same thread, while the fork waits for the first
        return moment.get("a").value

    seen = []
    thread = threading.Thread(target=lambda: seen.append(storage.snapshot(look)))
    thread.start()
    inside.wait()
    assert in_child(lambda: storage.get("a")) == 0
    thread.join()
    assert seen == [b"1"]
