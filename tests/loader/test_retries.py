import pytest

from wellkept.clock import ManualClock
from wellkept.errors import Denied, Malformed, NotFound, Throttled, Unavailable


class Sleeps(ManualClock):
    """Writes down what it is asked to sleep."""

    def __init__(self):
        super().__init__()
        self.slept = []
        self.sleep = self._note

    def _note(self, seconds):
        self.slept.append(seconds)
        self.advance(seconds)


@pytest.fixture
def clock():
    return Sleeps()


@pytest.mark.parametrize("blocking", [True, False])
def test_throttled_then_fine_is_fine(scripted, opened, clock, blocking):
    source = scripted(blocking=blocking)
    source.failures = [Throttled("slow down"), Throttled("slow down"), Unavailable("down")]
    assert opened(source, clock=clock, refresh=False).get("name").reveal() == "one"
    assert len(source.reads) == 4
    assert len(clock.slept) == 3


def test_an_outage_is_retried_with_growing_jittered_pauses_within_the_deadline(source, opened, clock):
    source.failure = Unavailable("down")
    start = clock.monotonic()
    with pytest.raises(Unavailable, match="down"):
        opened(source, deadline=30, clock=clock, refresh=False).get("name")
    assert clock.monotonic() - start < 30
    bounds = [min(5.0, 0.05 * 2**attempt) for attempt in range(len(clock.slept))]
    assert len(clock.slept) > 5
    assert all(0 <= slept <= bound for slept, bound in zip(clock.slept, bounds, strict=True))
    assert len({slept / bound for slept, bound in zip(clock.slept, bounds, strict=True)}) == len(bounds)


def test_a_throttling_source_gets_at_least_the_pause_that_it_asked_for(source, opened, clock):
    source.failures = [Throttled("later", retry_after=3.0)]
    opened(source, clock=clock, refresh=False).get("name")
    assert 3.0 <= clock.slept[0] <= 3.05


def test_a_pause_that_would_outlast_the_deadline_is_not_begun(source, opened, clock):
    source.failure = Throttled("later", retry_after=60.0)
    with pytest.raises(Throttled):
        opened(source, deadline=10, clock=clock, refresh=False).get("name")
    assert clock.slept == []
    assert len(source.reads) == 1


@pytest.mark.parametrize(
    "failure", [Denied("no"), NotFound("none"), Malformed("what?")], ids=lambda e: type(e).__name__
)
def test_what_is_final_is_not_retried(source, opened, clock, failure):
    source.failure = failure
    with pytest.raises(type(failure)):
        opened(source, clock=clock, refresh=False).get("name")
    assert len(source.reads) == 1
    assert clock.slept == []


def test_a_blip_is_retried_before_the_stale_value_is_served(source, opened, clock):
    secrets = opened(source, ttl=10, max_stale=60, clock=clock, refresh=False)
    secrets.get("name")
    source.values["name"] = "two"
    source.failures = [Unavailable("blip"), Throttled("blip")]
    clock.advance(11)
    assert secrets.get("name").reveal() == "two"


def test_with_a_stale_value_at_hand_three_attempts_are_enough(source, opened, clock):
    secrets = opened(source, ttl=10, max_stale=60, clock=clock, refresh=False)
    secrets.get("name")
    source.failure = Unavailable("down")
    clock.advance(11)
    secrets.get("name")
    assert len(source.reads) == 1 + 3


def test_only_what_failed_is_asked_for_again(scripted, opened, clock):
    source = scripted({"a": "1", "b": "2", "c": "3"})
    source.failures = [None, Throttled("slow down"), None]
    found = opened(source, clock=clock, refresh=False).get_many(["a", "b", "c"])
    assert [secret.reveal() for secret in found.values()] == ["1", "2", "3"]
    assert source.reads == [("a", "b", "c"), "b"]


def test_each_of_a_failed_batch_is_told_of_its_own_failure(scripted, opened, clock):
    source = scripted({"a": "1", "b": "2"})
    source.failure = {"a": Unavailable("a is down"), "b": Throttled("b is throttled")}
    each = opened(source, deadline=1, clock=clock, refresh=False).get_each(["a", "b"])
    assert [str(error) for error in each.values()] == ["a is down", "b is throttled"]
    assert [error.name for error in each.values()] == ["a", "b"]


async def test_a_task_retries_without_sleeping_on_the_event_loop(scripted, opened, clock):
    source = scripted(blocking=False)
    source.failures = [Unavailable("down")]
    import threading

    me = threading.get_ident()
    sleepers = []
    clock.sleep = lambda seconds: sleepers.append(threading.get_ident())
    assert (await opened(source, clock=clock, refresh=False).aget("name")).reveal() == "one"
    assert sleepers
    assert me not in sleepers
