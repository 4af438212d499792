import pytest

from wellkept.errors import (
    DeadlineExceeded,
    Denied,
    IntegrityError,
    Malformed,
    NotFound,
    Throttled,
    Unavailable,
)

TRANSIENT = [
    Unavailable("down"),
    Throttled("slow down"),
    Throttled("later", retry_after=5.0),
    DeadlineExceeded("late"),
]
FINAL = [Denied("no"), NotFound("none"), Malformed("what?"), IntegrityError("tampered with")]


def kind(error):
    return type(error).__name__


@pytest.mark.parametrize("failure", TRANSIENT, ids=kind)
@pytest.mark.parametrize("refresh", [True, False])
@pytest.mark.parametrize("blocking", [True, False])
def test_a_transient_failure_serves_the_old_value_until_max_stale_and_not_longer(
    scripted, opened, clock, failure, refresh, blocking
):
    source = scripted(blocking=blocking)
    secrets = opened(source, ttl=10, max_stale=60, clock=clock, refresh=refresh)
    secrets.get("name")
    read_at = clock.monotonic()
    source.failure = failure
    clock.advance(30)
    assert secrets.get("name").reveal() == "one"
    clock.advance(read_at + 59.999 - clock.monotonic())
    assert secrets.get("name").reveal() == "one"
    clock.advance(read_at + 60 - clock.monotonic())
    with pytest.raises(type(failure)):
        secrets.get("name")


@pytest.mark.parametrize("failure", TRANSIENT[:2], ids=kind)
def test_retrying_does_not_itself_outlive_the_stale_value(source, opened, clock, failure):
    secrets = opened(source, ttl=10, max_stale=60, clock=clock, refresh=False)
    secrets.get("name")
    source.failure = failure
    for age in (10, 59.0, 59.9, 59.97, 59.99):
        clock.advance(max(0.0, age - secrets.age("name")))
        assert secrets.get("name").reveal() == "one"
        assert secrets.age("name") < 60


@pytest.mark.parametrize("failure", TRANSIENT[:2], ids=kind)
def test_without_max_stale_nothing_is_served_past_the_ttl(source, opened, clock, failure):
    secrets = opened(source, ttl=10, max_stale=0, clock=clock, refresh=False)
    secrets.get("name")
    source.failure = failure
    clock.advance(9.9)
    assert secrets.get("name").reveal() == "one"
    clock.advance(0.1)
    with pytest.raises(type(failure)):
        secrets.get("name")


@pytest.mark.parametrize("failure", FINAL, ids=kind)
@pytest.mark.parametrize("refresh", [True, False])
def test_a_denied_read_never_serves_a_stale_value(source, opened, clock, failure, refresh):
    secrets = opened(source, ttl=10, max_stale=60, clock=clock, refresh=refresh)
    secrets.get("name")
    source.failure = failure
    clock.advance(11)
    for _ in range(3):
        with pytest.raises(type(failure)):
            secrets.get("name")
        if not isinstance(failure, NotFound):
            with pytest.raises(type(failure)):
                secrets.get_optional("name")


@pytest.mark.parametrize("failure", FINAL, ids=kind)
def test_what_was_denied_is_not_brought_back_by_an_outage(source, opened, clock, failure):
    secrets = opened(source, ttl=10, max_stale=60, deadline=1, clock=clock, refresh=False)
    secrets.get("name")
    source.failure = failure
    clock.advance(11)
    with pytest.raises(type(failure)):
        secrets.get("name")
    source.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        secrets.get("name")
    with pytest.raises(Unavailable):
        secrets.previous("name")


def test_a_background_read_that_is_denied_drops_the_value_before_it_expires(
    source, opened, clock, eventually
):
    secrets = opened(source, ttl=10, max_stale=60, clock=clock)
    secrets.get("name")
    source.failure = Denied("no longer")
    clock.advance(9.5)
    eventually(lambda: len(source.reads) > 1 and secrets.age("name") == float("inf"))
    with pytest.raises(Denied):
        secrets.get("name")


def test_the_value_comes_back_as_soon_as_the_source_does(source, opened, clock):
    secrets = opened(source, ttl=10, max_stale=60, clock=clock, refresh=False)
    secrets.get("name")
    source.failure = Unavailable("down")
    clock.advance(11)
    assert secrets.get("name").reveal() == "one"
    source.failure = None
    source.values["name"] = "two"
    assert secrets.get("name").reveal() == "two"


def test_a_source_that_keeps_failing_is_not_asked_at_every_read(source, opened, clock):
    secrets = opened(source, ttl=10, max_stale=3600, clock=clock, refresh=False)
    secrets.get("name")
    source.failure = Unavailable("down")
    clock.advance(11)
    for _ in range(1000):
        assert secrets.get("name").reveal() == "one"
    assert len(source.reads) <= 1 + 2 * 3


def test_a_throttling_source_is_left_alone_for_as_long_as_it_asked(source, opened, clock):
    secrets = opened(source, ttl=10, max_stale=3600, deadline=5, clock=clock, refresh=False)
    secrets.get("name")
    source.failure = Throttled("later", retry_after=120.0)
    clock.advance(11)
    secrets.get("name")
    asked = len(source.reads)
    clock.advance(119)
    secrets.get("name")
    assert len(source.reads) == asked
    clock.advance(2)
    secrets.get("name")
    assert len(source.reads) > asked


def test_stale_values_show_in_age_and_health(source, opened, clock):
    secrets = opened(source, ttl=10, max_stale=60, clock=clock, refresh=False)
    assert secrets.age("name") == float("inf")
    secrets.get("name")
    health = secrets.health()
    assert health.ok
    fine = health.secrets["name"]
    assert (fine.age, fine.stale, fine.version, fine.failures, fine.last_error) == (0.0, False, None, 0, None)
    source.failure = Unavailable("down")
    clock.advance(20)
    secrets.get("name")
    health = secrets.health()
    assert not health.ok
    assert health.secrets["name"].stale
    assert health.secrets["name"].last_error == "Unavailable"
    assert 20 <= health.secrets["name"].age == secrets.age("name") < 21


def test_a_secret_that_was_refused_shows_in_health(source, opened):
    source.failure = Denied("no")
    secrets = opened(source)
    with pytest.raises(Denied):
        secrets.get("name")
    assert not secrets.health().ok
    assert secrets.health().secrets["name"].last_error == "Denied"
    assert secrets.age("name") == float("inf")


def test_each_secret_of_a_batch_is_bridged_by_itself(scripted, opened, clock):
    source = scripted({"a": "1", "b": "2", "c": "3"})
    secrets = opened(source, ttl=10, max_stale=60, deadline=1, clock=clock, refresh=False)
    secrets.get_many(["a", "b"])
    source.failure = {"a": Unavailable("down"), "b": Denied("no"), "c": Unavailable("down")}
    clock.advance(11)
    each = secrets.get_each(["a", "b", "c"])
    assert each["a"].reveal() == "1"
    assert isinstance(each["b"], Denied)
    assert isinstance(each["c"], Unavailable)
    assert each["c"].name == "c"
