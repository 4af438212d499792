"""A source that hangs and ignores its timeout: the gate stays closed for as long as a test looks on."""

import asyncio
import os
import threading

import pytest

from wellkept.errors import DeadlineExceeded, NotFound, Unavailable
from wellkept.loader import lookup
from wellkept.loader import secrets as front
from wellkept.secret import Secret
from wellkept.sources.base import BaseSource


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "wellkept-reader"]


def test_a_read_ends_at_its_deadline_while_the_source_still_hangs(source, opened):
    source.gate.clear()
    secrets = opened(source, deadline=0.05)
    with pytest.raises(DeadlineExceeded, match=r"'name': scripted: gave no answer within 0.05 s"):
        secrets.get("name")
    assert not source.gate.is_set()
    assert secrets.health().hanging == 1


async def test_a_task_ends_at_its_deadline_while_the_source_still_hangs(source, opened):
    source.gate.clear()
    secrets = opened(source, deadline=0.05)
    with pytest.raises(DeadlineExceeded):
        await secrets.aget("name")
    with pytest.raises(DeadlineExceeded):
        await secrets.aget_many(["name", "other"])


def test_a_batch_ends_at_its_deadline_and_gives_what_it_has(scripted, opened):
    source = scripted({"a": "1", "b": "2"})
    secrets = opened(source, deadline=0.05)
    secrets.get("a")
    source.gate.clear()
    each = secrets.get_each(["a", "b"])
    assert each["a"].reveal() == "1"
    assert isinstance(each["b"], DeadlineExceeded)


def test_a_hanging_source_costs_the_stale_value_nothing_but_the_wait(source, opened, clock):
    secrets = opened(source, ttl=10, max_stale=3600, deadline=0.05, clock=clock, refresh=False)
    secrets.get("name")
    source.gate.clear()
    clock.advance(11)
    assert secrets.get("name").reveal() == "one"
    assert secrets.get("name").reveal() == "one"
    assert not secrets.health().ok


def test_the_source_is_told_how_much_time_there_is(source, opened):
    opened(source, deadline=5).get("name")
    assert 4 < source.timeouts[0] <= 5


def test_who_joins_a_flight_keeps_the_deadline_of_its_own(source, opened, eventually):
    """One joins when the first has used up half of its time, and outlasts it with a read of its own."""
    source.gate.clear()
    secrets = opened(source, deadline=1.0)
    outcomes = {}

    def read(who):
        outcomes[who] = secrets.get_each(["name"])["name"]

    first = threading.Thread(target=read, args=("first",))
    first.start()
    assert source.entered.wait(10)
    eventually(lambda: secrets._cache.cell("name", None).flight.limit.remaining() < 0.5)
    second = threading.Thread(target=read, args=("second",))
    second.start()
    first.join()
    assert isinstance(outcomes["first"], DeadlineExceeded)
    assert "second" not in outcomes
    eventually(lambda: len(source.reads) == 2)
    source.gate.set()
    second.join()
    assert outcomes["second"].reveal() == "one"


def test_hanging_reads_of_one_secret_do_not_pile_up(source, opened):
    source.gate.clear()
    secrets = opened(source, deadline=0.01)
    before = len(threads())
    for _ in range(20):
        with pytest.raises(DeadlineExceeded):
            secrets.get("name")
    assert len(threads()) - before <= 3
    assert secrets.health().hanging <= 3


def test_hanging_reads_of_many_secrets_do_not_pile_up(source, opened, monkeypatch):
    monkeypatch.setattr(front, "READERS", 4)
    source.gate.clear()
    secrets = opened(source, deadline=0.01)
    before = len(threads())
    for number in range(30):
        with pytest.raises(DeadlineExceeded):
            secrets.get(f"name-{number}")
    assert len(threads()) - before <= 4
    assert len(secrets._workers._waiting) <= 1


def test_a_read_that_comes_home_late_is_still_of_use(source, opened, eventually):
    source.gate.clear()
    secrets = opened(source, deadline=0.01)
    for _ in range(6):
        with pytest.raises(DeadlineExceeded):
            secrets.get("name")
    source.gate.set()
    eventually(lambda: secrets.age("name") < 60)
    reads = len(source.reads)
    assert secrets.get("name").reveal() == "one"
    assert len(source.reads) == reads
    eventually(lambda: secrets.health().hanging == 0)


def test_a_read_that_comes_home_late_counts_its_age_from_when_it_asked(source, opened, clock, eventually):
    source.gate.clear()
    secrets = opened(source, ttl=10, max_stale=60, deadline=2, clock=clock, refresh=False)
    reader = threading.Thread(target=secrets.get_each, args=(["name"],))
    reader.start()
    assert source.entered.wait(10)
    clock.advance(61)
    reader.join()
    source.gate.set()
    eventually(lambda: secrets.age("name") == 61)
    source.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        secrets.get("name")


def test_a_late_read_does_not_overwrite_a_newer_one(source, opened, eventually):
    class Slow(type(source)):
        def read(self, name, *, version=None, timeout=None):
            value = self.values[name]
            self.reads.append(name)
            if len(self.reads) == 1:
                assert self.gate.wait(30)
            return Secret(value, name=name)

    slow = Slow()
    slow.gate.clear()
    secrets = opened(slow, deadline=0.5)
    with pytest.raises(DeadlineExceeded):
        secrets.get("name")
    slow.values["name"] = "two"
    eventually(lambda: secrets.get_each(["name"])["name"] == Secret("two"))
    slow.gate.set()
    eventually(lambda: secrets.health().hanging == 0)
    assert secrets.get("name").reveal() == "two"


def test_a_source_that_hangs_outside_python_cannot_hold_a_caller(tmp_path, opened):
    """Opening a named pipe that nobody writes to hangs in the kernel, whatever timeout was meant."""
    pipe = tmp_path / ".env"
    os.mkfifo(pipe)
    secrets = opened(f"dotenv:{pipe}", deadline=0.05)
    with pytest.raises(DeadlineExceeded):
        secrets.get("NAME")
    writer = os.open(pipe, os.O_WRONLY)  # lets the reader go
    os.close(writer)


def test_without_threads_to_be_had_a_read_fails_and_does_not_hang(source, opened):
    secrets = opened(source, refresh=False)

    starts = []

    def refused(thread):
        starts.append(thread)
        raise RuntimeError("can't start new thread")

    secrets._workers._start = refused
    with pytest.raises(Unavailable, match="no thread"):
        secrets.get("name")
    assert len(starts) == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionResetError(104, "the value s3cret"), Unavailable),
        (TimeoutError("the value s3cret"), Unavailable),
        (ValueError("the value s3cret"), "Malformed"),
        (SystemExit("the value s3cret"), Unavailable),
    ],
)
def test_what_a_source_did_not_sort_is_sorted_and_says_no_value(source, opened, clock, error, kind):
    source.failure = error
    secrets = opened(source, clock=clock, refresh=False)
    outcome = secrets.get_each(["name"])["name"]
    assert type(outcome).__name__ == (kind if isinstance(kind, str) else kind.__name__)
    assert "s3cret" not in str(outcome)
    assert outcome.__context__ is None
    assert outcome.__cause__ is None


def test_a_source_that_answers_nonsense_is_malformed(opened):
    class Nonsense(BaseSource):
        url = "nonsense:"

        def read(self, name, *, version=None, timeout=None):
            return "not wrapped s3cret"

        def read_many(self, names, *, timeout=None):
            return {names[0]: "not wrapped s3cret"}

    secrets = opened(Nonsense())
    outcomes = [secrets.get_each(["a"])["a"], *secrets.get_each(["b", "c"]).values()]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Malformed"] * 3
    assert not any("s3cret" in str(outcome) for outcome in outcomes)


def test_the_margin_before_the_end_of_a_stale_value_leaves_room_to_serve_it(scripted, opened, clock):
    source = scripted()
    secrets = opened(source, ttl=10, max_stale=60, deadline=30, clock=clock, refresh=False)
    secrets.get("name")
    source.gate.clear()
    clock.advance(60 - 3 * lookup.MARGIN)
    assert secrets.get("name").reveal() == "one"  # long before the deadline of 30 s


def test_time_that_runs_out_between_attempts_names_what_they_said(source, opened, clock):
    source.failure = Unavailable("the disk is on fire")
    pausing = threading.Event()
    clock.sleep = lambda seconds: pausing.wait(30)
    secrets = opened(source, deadline=2, clock=clock, refresh=False)
    with pytest.raises(Unavailable, match="on fire"):
        secrets.get("name")
    assert not pausing.is_set()
    pausing.set()


async def test_reads_do_not_hold_up_the_event_loop(source, opened):
    source.gate.clear()
    secrets = opened(source)
    task = asyncio.create_task(secrets.aget("name"))
    for _ in range(10):
        await asyncio.sleep(0)
    source.gate.set()
    assert (await task).reveal() == "one"


def test_the_error_of_an_absent_secret_keeps_name_and_source(source, opened):
    with pytest.raises(NotFound) as caught:
        opened(source).get("absent")
    assert (caught.value.name, caught.value.source) == ("absent", "scripted:")
