"""A source that keeps to its timeout is read by the thread that asks; tasks and stale values have another read."""

from __future__ import annotations

import threading

import pytest

from wellkept.errors import NotFound, Unavailable
from wellkept.secret import Secret
from wellkept.sources.base import BaseSource


class Bounded(BaseSource):
    url = "bounded:"
    bounded = True

    def __init__(self):
        self.threads, self.timeouts = [], []
        self.failures = []

    def read(self, name, *, version=None, timeout=None):
        self.threads.append(threading.current_thread())
        self.timeouts.append(timeout)
        if self.failures:
            raise self.failures.pop(0)
        return Secret(f"value {len(self.threads)}", name=name)


@pytest.fixture
def source():
    return Bounded()


def test_a_thread_reads_itself(source, opened):
    secrets = opened(source, deadline=3)
    assert secrets.get("name").reveal() == "value 1"
    assert secrets.refresh("name").reveal() == "value 2"
    assert secrets.get_many(["a", "b"])
    assert set(source.threads) == {threading.current_thread()}
    assert all(0 < timeout <= 3 for timeout in source.timeouts)


async def test_for_a_task_another_thread_reads(source, opened):
    secrets = opened(source)
    assert (await secrets.aget("name")).reveal() == "value 1"
    assert (await secrets.arefresh("name")).reveal() == "value 2"
    assert threading.current_thread() not in source.threads


def test_while_a_stale_value_may_have_to_stand_in_another_thread_reads(source, opened, clock):
    secrets = opened(source, ttl=10, max_stale=60, clock=clock)
    secrets.get("name")
    clock.advance(11)
    assert secrets.get("name").reveal() == "value 2"
    assert source.threads[0] is threading.current_thread()
    assert source.threads[1] is not threading.current_thread()


def test_failures_are_raised_and_transient_ones_retried_all_the_same(source, opened):
    secrets = opened(source)
    source.failures = [Unavailable("down"), Unavailable("down")]
    assert secrets.get("name").reveal() == "value 3"
    source.failures = [NotFound("none")]
    with pytest.raises(NotFound):
        secrets.get("other")


def test_an_interrupt_ends_the_callers_read_and_leaves_nothing_behind(source, opened):
    secrets = opened(source)
    source.failures = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        secrets.get("name")
    assert secrets.get("name").reveal() == "value 2"
