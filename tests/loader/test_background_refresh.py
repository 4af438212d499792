import gc
import threading

import pytest

from wellkept.errors import Unavailable
from wellkept.loader import refresher
from wellkept.loader.secrets import Secrets


def running():
    return [thread for thread in threading.enumerate() if thread.name == "wellkept-refresher"]


def test_a_value_is_read_again_before_it_expires(source, opened, clock, eventually):
    secrets = opened(source, ttl=10, clock=clock)
    secrets.get("name")
    source.values["name"] = "two"
    clock.advance(9.001)
    eventually(lambda: len(source.reads) == 2)
    eventually(lambda: secrets.get("name").reveal() == "two")
    assert secrets.age("name") == 0


def test_not_before_80_percent_of_the_ttl(source, opened, clock):
    secrets = opened(source, ttl=10, clock=clock)
    secrets.get("name")
    clock.advance(7.999)
    assert secrets._tender.tend() > 0
    assert source.reads == ["name"]


def test_readers_do_not_wait_for_a_background_read(source, opened, clock, eventually):
    secrets = opened(source, ttl=10, clock=clock)
    secrets.get("name")
    source.gate.clear()
    clock.advance(9.5)
    eventually(lambda: len(source.reads) == 2)
    assert secrets.get("name").reveal() == "one"
    assert not source.gate.is_set()


def test_one_batch_for_what_is_due_together(scripted, opened, clock, eventually):
    source = scripted({"a": "1", "b": "2", "c": "3"})
    secrets = opened(source, ttl=10, clock=clock)
    for name in ("a", "b", "c"):
        secrets.get(name)
    for cell in secrets._cache.cells.values():
        cell.refresh_at = clock.monotonic() + 8.1  # jitter aside
    clock.advance(9)
    eventually(lambda: len(source.reads) == 4)
    assert source.reads[3] == ("a", "b", "c")


def test_it_comes_back_by_itself_after_an_outage(source, opened, clock, eventually):
    secrets = opened(source, ttl=10, max_stale=600, clock=clock)
    secrets.get("name")
    source.failure = Unavailable("down")
    for _ in range(4):
        seen = len(source.reads)
        clock.advance(31)
        eventually(lambda seen=seen: len(source.reads) > seen)
    source.failure = None
    source.values["name"] = "two"
    clock.advance(31)
    eventually(lambda: secrets.age("name") < 31)
    assert secrets.get("name").reveal() == "two"
    assert secrets.health().ok


def test_a_background_read_does_not_move_a_manual_clock(source, opened, clock, eventually):
    secrets = opened(source, ttl=10, clock=clock)
    secrets.get("name")
    source.failure = Unavailable("down")
    clock.advance(9.5)
    now = clock.monotonic()
    eventually(lambda: len(source.reads) == 2)
    eventually(lambda: secrets.health().secrets["name"].failures == 1)
    assert clock.monotonic() == now


def test_a_hanging_background_read_stops_neither_the_refresher_nor_the_others(
    scripted, opened, clock, eventually
):
    source = scripted({"stuck": "1", "fine": "2"})
    secrets = opened(source, ttl=10, deadline=0.05, clock=clock)
    secrets.get("stuck")
    source.gate.clear()
    clock.advance(9.5)
    eventually(lambda: len(source.reads) == 2)
    eventually(lambda: secrets.health().hanging >= 1)
    reads = len(source.reads)
    source.gate.set()
    secrets.get("fine")
    source.values["fine"] = "20"
    clock.advance(9.5)
    eventually(lambda: secrets.get("fine").reveal() == "20")
    assert len(source.reads) >= reads + 2


def test_the_refresher_survives_whatever_goes_wrong_in_it(
    source, opened, clock, eventually, monkeypatch, caplog
):
    monkeypatch.setattr(refresher, "POLL", 0.001)
    secrets = opened(source, ttl=10, clock=clock)
    calls = []
    tend = secrets._tender.tend

    def stumble():
        calls.append(1)
        if len(calls) < 3:
            raise RuntimeError("the value s3cret")
        return tend()

    monkeypatch.setattr(secrets._tender, "tend", stumble)
    secrets.get("name")
    source.values["name"] = "two"
    clock.advance(9.5)
    eventually(lambda: len(calls) > 3 and secrets.get("name").reveal() == "two")
    assert "RuntimeError" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_name_that_nobody_asks_for_any_more_is_left_alone(source, opened, clock, eventually):
    secrets = opened(source, ttl=10, clock=clock)
    secrets.get("name")
    for count in range(1, refresher.IDLE_READS + 1):
        clock.advance(9.5)
        eventually(lambda count=count: len(source.reads) == 1 + count)
        eventually(lambda: secrets._cache.cell("name", None).flight is None)
    clock.advance(9.5)
    secrets._tender.tend()
    clock.advance(9.5)
    secrets._tender.tend()
    assert len(source.reads) == 1 + refresher.IDLE_READS


def test_a_watched_name_is_never_left_alone(source, opened, clock, eventually):
    secrets = opened(source, ttl=10, clock=clock)
    secrets.get("name")
    secrets.on_change("name", lambda change: None)
    for count in range(1, refresher.IDLE_READS + 4):
        clock.advance(9.5)
        eventually(lambda count=count: len(source.reads) == 1 + count)
        eventually(lambda: secrets._cache.cell("name", None).flight is None)


def test_a_name_still_in_use_goes_on_being_refreshed(source, opened, clock, eventually):
    secrets = opened(source, ttl=10, clock=clock)
    secrets.get("name")
    for count in range(1, refresher.IDLE_READS + 4):
        clock.advance(9.5)
        eventually(lambda count=count: len(source.reads) == 1 + count)
        eventually(lambda: secrets._cache.cell("name", None).flight is None)
        secrets.get("name")


def test_on_the_real_clock_a_rotation_is_noticed_without_anybody_reading(source, opened):
    secrets = opened(source, ttl=0.05)
    noticed = threading.Event()
    secrets.get("name")
    secrets.on_change("name", lambda change: noticed.set())
    source.values["name"] = "two"
    assert noticed.wait(10)


def test_a_name_read_later_with_an_earlier_due_moment_wakes_the_refresher(source, opened, clock):
    secrets = opened(source, ttl=10, clock=clock)
    secrets._refresher._planned = 1e9
    secrets._refresher._wake.clear()
    secrets._refresher._thread = threading.current_thread()  # as if it slept
    secrets.get("name")
    assert secrets._refresher._wake.is_set()
    secrets._refresher._thread = None


def test_nothing_starts_before_the_first_read(source, opened):
    before = threading.active_count()
    secrets = opened(source)
    assert threading.active_count() == before
    secrets.get("name")
    assert threading.active_count() > before


@pytest.mark.parametrize("options", [{"refresh": False}, {"ttl": 0}])
def test_no_thread_where_there_is_nothing_to_refresh(scripted, opened, options):
    before = len(running())
    opened(scripted(blocking=False), **options).get("name")
    assert len(running()) == before


def test_the_thread_ends_with_close(source):
    before = len(running())
    secrets = Secrets(source)
    secrets.get("name")
    assert len(running()) == before + 1
    secrets.close()
    assert len(running()) == before


def test_the_thread_ends_when_nobody_holds_the_secrets_any_more(scripted, eventually):
    before = len(running())
    secrets = Secrets(scripted(blocking=False))
    secrets.get("name")
    assert len(running()) == before + 1
    del secrets
    gc.collect()
    eventually(lambda: len(running()) == before)
