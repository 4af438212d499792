"""Threads that wait a moment for more work instead of ending at once."""

from __future__ import annotations

import threading

from wellkept.loader import workers
from wellkept.loader.waiting import Latch
from wellkept.loader.workers import Workers


class Note:
    """A job that writes down the thread it ran on."""

    def __init__(self, seen, gate=None):
        self.seen = seen
        self.gate = gate
        self.done = Latch()

    def wanted(self):
        return True

    def run(self):
        self.seen.append(threading.current_thread())
        if self.gate is not None:
            self.gate.wait(10)
        self.done.open()


def rested(crew, count):
    """Wait until ``count`` threads of ``crew`` rest."""
    while len(crew._resting) < count:
        threading.Event().wait(0.001)


def test_work_that_comes_soon_after_finds_the_thread_that_is_there():
    seen, crew = [], Workers("test", 4)
    for _ in range(5):
        note = Note(seen)
        assert crew.submit(note)
        assert note.done.wait(10)
        rested(crew, 1)
    assert len(set(seen)) == 1


def test_resting_threads_do_not_count_as_busy_and_all_are_used_before_another_is_started():
    seen, gate, crew = [], Latch(), Workers("test", 8)
    first = [Note(seen, gate) for _ in range(3)]
    for note in first:
        crew.submit(note)
    gate.open()
    assert all(note.done.wait(10) for note in first)
    rested(crew, 3)
    assert crew.busy == 0
    gate = Latch()
    second = [Note(seen, gate) for _ in range(4)]
    for note in second:
        crew.submit(note)
    gate.open()
    assert all(note.done.wait(10) for note in second)
    assert len(set(seen)) == 4


def test_a_thread_with_nothing_to_do_ends(monkeypatch):
    monkeypatch.setattr(workers, "LINGER", 0.01)
    seen, crew = [], Workers("test", 1)
    crew.submit(Note(seen))
    while not seen:
        threading.Event().wait(0.001)
    seen[0].join(10)
    assert not seen[0].is_alive()
    assert crew.busy == 0
    again = Note(seen)
    assert crew.submit(again), "a thread is hired anew"
    assert again.done.wait(10)
