import asyncio
import functools
import threading

import pytest

from wellkept.errors import ConfigError, Denied
from wellkept.loader.events import Change


@pytest.fixture
def changes():
    return []


def values(changes):
    return [(change.name, change.old.reveal(), change.new.reveal()) for change in changes]


def test_a_change_is_told_once(source, opened, changes):
    secrets = opened(source)
    secrets.get("name")
    secrets.on_change("name", changes.append)
    secrets.refresh("name")
    assert changes == []
    source.values["name"] = "two"
    for _ in range(3):
        secrets.refresh("name")
    assert values(changes) == [("name", "one", "two")]
    source.values["name"] = "three"
    secrets.refresh("name")
    assert values(changes)[1:] == [("name", "two", "three")]


def test_whoever_reads_notices(source, opened, clock, changes):
    secrets = opened(source, ttl=10, clock=clock, refresh=False)
    secrets.get("name")
    secrets.on_change("name", changes.append)
    source.values["name"] = "two"
    clock.advance(10)
    assert secrets.get("name").reveal() == "two"
    assert values(changes) == [("name", "one", "two")]


def test_the_background_read_notices(source, opened, clock, changes, eventually):
    secrets = opened(source, ttl=10, clock=clock)
    secrets.get("name")
    secrets.on_change("name", changes.append)
    source.values["name"] = "two"
    clock.advance(9.5)
    eventually(lambda: changes)
    assert values(changes) == [("name", "one", "two")]


def test_each_change_is_told_once_however_many_threads_notice(source, opened, changes):
    secrets = opened(source, ttl=0.001)
    source.values["name"] = "0"
    secrets.get("name")
    secrets.on_change("name", changes.append)
    stop = threading.Event()

    def read():
        while not stop.is_set():
            secrets.refresh("name")

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(1, 101):
        source.values["name"] = str(number)
        secrets.refresh("name")
    stop.set()
    for reader in readers:
        reader.join()
    told = values(changes)
    assert all(old == told[index - 1][2] for index, (_, old, _) in enumerate(told) if index)
    assert len(told) == 100


def test_the_first_value_is_no_change(source, opened, changes):
    secrets = opened(source)
    secrets.on_change("name", changes.append)
    secrets.get("name")
    assert changes == []
    source.values["name"] = "two"
    secrets.refresh("name")
    assert values(changes) == [("name", "one", "two")]


def test_a_new_version_of_the_same_value_is_no_change(source, opened, changes):
    from wellkept.secret import Secret

    secrets = opened(source)
    source.values["name"] = Secret("one", name="name", version="1")
    secrets.get("name")
    secrets.on_change("name", changes.append)
    source.values["name"] = Secret("one", name="name", version="2")
    assert secrets.refresh("name").version == "2"
    assert changes == []


def test_a_change_across_an_invalidate_or_a_denial_is_told(source, opened, changes):
    secrets = opened(source)
    secrets.get("name")
    secrets.on_change("name", changes.append)
    secrets.invalidate("name")
    source.values["name"] = "two"
    secrets.get("name")
    source.failure = Denied("no")
    with pytest.raises(Denied):
        secrets.refresh("name")
    source.failure = None
    source.values["name"] = "three"
    secrets.get("name")
    assert values(changes) == [("name", "one", "two"), ("name", "two", "three")]


def test_only_the_field_that_changed_is_told(source, opened, changes):
    source.values["name"] = '{"user": "u", "password": "p"}'
    secrets = opened(source)
    secrets.get("name")
    users = []
    secrets.on_change("name#password", changes.append)
    secrets.on_change("name#user", users.append)
    source.values["name"] = '{"user": "u", "password": "q"}'
    secrets.refresh("name")
    source.values["name"] = '{"user": "u"}'
    secrets.refresh("name")
    source.values["name"] = '{"user": "u", "password": "r"}'
    secrets.refresh("name")
    assert values(changes) == [("name#password", "p", "q"), ("name#password", "q", "r")]
    assert users == []


def test_unsubscribing_ends_it_and_may_be_done_twice(source, opened, changes):
    secrets = opened(source)
    secrets.get("name")
    stop = secrets.on_change("name", changes.append)
    again = secrets.on_change("name", changes.append)
    stop()
    stop()
    source.values["name"] = "two"
    secrets.refresh("name")
    assert len(changes) == 1
    again()
    source.values["name"] = "three"
    secrets.refresh("name")
    assert len(changes) == 1


def test_a_callback_that_fails_disturbs_nobody_and_is_reported_without_its_text(
    source, opened, changes, caplog
):
    secrets = opened(source)
    secrets.get("name")

    def fail(change):
        raise RuntimeError(f"could not connect with {change.new.reveal()}")

    def leave(change):
        raise SystemExit(change.new.reveal())

    secrets.on_change("name", fail)
    secrets.on_change("name", leave)
    secrets.on_change("name", changes.append)
    for value in ("the value s3cret one", "the value s3cret two"):
        source.values["name"] = value
        secrets.refresh("name")
    assert len(changes) == 2
    assert "RuntimeError at test_events.py" in caplog.text
    assert "SystemExit" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_callback_may_read_refresh_and_unsubscribe(source, opened, changes):
    secrets = opened(source, deadline=20)
    secrets.get("name")

    def rebind(change):
        changes.append((secrets.get("name").reveal(), secrets.refresh("name").reveal()))
        stop()

    stop = secrets.on_change("name", rebind)
    source.values["name"] = "two"
    secrets.refresh("name")
    assert changes == [("two", "two")]


def test_a_callback_that_hangs_holds_up_no_reader(source, opened, clock):
    secrets = opened(source, ttl=10, deadline=0.2, clock=clock)
    secrets.get("name")
    hang = threading.Event()
    secrets.on_change("name", lambda change: hang.wait(30))
    for value in ("two", "three", "four"):
        source.values["name"] = value
        clock.advance(10)
        assert secrets.get("name").reveal() == value
        assert secrets.refresh("name").reveal() == value
    assert not hang.is_set()
    hang.set()


async def test_a_coroutine_function_is_called_on_its_loop(source, opened, changes):
    secrets = opened(source)
    await secrets.aget("name")
    loop = asyncio.get_running_loop()

    async def rebind(change):
        assert asyncio.get_running_loop() is loop
        changes.append(change)

    class Rebinder:
        async def __call__(self, change):
            await rebind(change)

    secrets.on_change("name", rebind)
    secrets.on_change("name", Rebinder())
    secrets.on_change("name", functools.partial(rebind))
    source.values["name"] = "two"
    await secrets.arefresh("name")
    for _ in range(3):
        await asyncio.sleep(0)
    assert values(changes) == [("name", "one", "two")] * 3


async def test_a_plain_function_runs_on_the_loop_that_was_given(source, opened, changes):
    secrets = opened(source)
    await secrets.aget("name")
    threads = []
    secrets.on_change(
        "name", lambda change: threads.append(threading.get_ident()), loop=asyncio.get_running_loop()
    )
    source.values["name"] = "two"
    await secrets.arefresh("name")
    await asyncio.sleep(0)
    assert threads == [threading.get_ident()]


async def test_a_coroutine_that_fails_is_reported_without_its_text(source, opened, caplog):
    secrets = opened(source)
    await secrets.aget("name")

    async def fail(change):
        await asyncio.sleep(0)
        raise RuntimeError(change.new.reveal())

    secrets.on_change("name", fail)
    source.values["name"] = "the value s3cret"
    await secrets.arefresh("name")
    for _ in range(10):
        await asyncio.sleep(0.001)
    assert "RuntimeError at test_events.py" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_loop_that_was_closed_is_reported(source, opened, caplog):
    secrets = opened(source)
    secrets.get("name")

    async def rebind(change):
        raise AssertionError("never called")

    async def subscribe():
        secrets.on_change("name", rebind)

    asyncio.run(subscribe())
    source.values["name"] = "two"
    secrets.refresh("name")
    assert "its event loop is closed" in caplog.text


def test_a_coroutine_function_without_a_loop_is_refused(source, opened):
    async def rebind(change):
        raise AssertionError("never called")

    with pytest.raises(ConfigError, match="loop="):
        opened(source).on_change("name", rebind)


def test_what_is_no_function_is_refused(source, opened):
    with pytest.raises(ConfigError):
        opened(source).on_change("name", "rebind")


def test_a_change_prints_without_values(source, opened, changes):
    secrets = opened(source)
    source.values["name"] = "the value s3cret one"
    secrets.get("name")
    secrets.on_change("name", changes.append)
    source.values["name"] = "the value s3cret two"
    secrets.refresh("name")
    (change,) = changes
    assert isinstance(change, Change)
    assert "s3cret" not in f"{change} {change!r} {change.old}"
