import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from wellkept.errors import NotFound, Unavailable

MANY = 64


def joined(secrets, name="name"):
    """How many threads and tasks wait for the flight of ``name``."""
    flight = secrets._cache.cell(name, None).flight
    return 0 if flight is None else len(flight.latch._waiters)


@pytest.mark.parametrize("blocking", [True, False])
def test_64_threads_that_miss_the_same_name_make_one_read(scripted, opened, eventually, blocking):
    source = scripted(blocking=blocking)
    source.gate.clear()
    secrets = opened(source)
    with ThreadPoolExecutor(MANY) as pool:
        reads = [pool.submit(secrets.get, "name") for _ in range(MANY)]
        eventually(lambda: joined(secrets) == (MANY if blocking else MANY - 1))
        source.gate.set()
        assert {read.result().reveal() for read in reads} == {"one"}
    assert source.reads == ["name"]


async def test_64_tasks_that_miss_the_same_name_make_one_read(source, opened):
    source.gate.clear()
    secrets = opened(source)
    tasks = [asyncio.create_task(secrets.aget("name")) for _ in range(MANY)]
    while joined(secrets) < MANY:
        await asyncio.sleep(0.001)
    source.gate.set()
    assert {secret.reveal() for secret in await asyncio.gather(*tasks)} == {"one"}
    assert source.reads == ["name"]


def test_threads_tasks_loops_and_batches_together_make_one_read(source, opened, eventually):
    source.gate.clear()
    secrets = opened(source)

    async def tasks():
        return await asyncio.gather(*(secrets.aget("name") for _ in range(16)))

    with ThreadPoolExecutor(52) as pool:
        reads = [pool.submit(secrets.get, "name") for _ in range(32)]
        loops = [pool.submit(asyncio.run, tasks()) for _ in range(4)]
        batches = [pool.submit(secrets.get_many, ["name"]) for _ in range(16)]
        eventually(lambda: joined(secrets) == 32 + 4 * 16 + 16)
        source.gate.set()
        assert all(read.result().reveal() == "one" for read in reads)
        assert all(secret.reveal() == "one" for loop in loops for secret in loop.result())
        assert all(batch.result()["name"].reveal() == "one" for batch in batches)
    assert source.reads == ["name"]


def test_everybody_who_waits_gets_the_error_and_an_object_of_their_own(source, opened, eventually):
    source.failure = NotFound("there is none", name="name")
    source.gate.clear()
    secrets = opened(source)
    errors = []

    def read():
        try:
            secrets.get("name")
        except NotFound as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    eventually(lambda: joined(secrets) == MANY)
    source.gate.set()
    for thread in threads:
        thread.join()
    assert len({id(error) for error in errors}) == MANY
    assert all(error.__context__ is None and error.__cause__ is None for error in errors)
    assert source.reads == ["name"]


async def test_cancelling_one_waiter_harms_nobody(source, opened):
    source.gate.clear()
    secrets = opened(source)
    tasks = [asyncio.create_task(secrets.aget("name")) for _ in range(8)]
    while joined(secrets) < 8:
        await asyncio.sleep(0.001)
    tasks[0].cancel()  # the one that began the read
    tasks[5].cancel()
    await asyncio.sleep(0)
    source.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result).__name__ for result in results].count("CancelledError") == 2
    assert sum(getattr(result, "reveal", lambda: None)() == "one" for result in results) == 6
    assert source.reads == ["name"]


def test_a_loop_that_is_gone_when_the_read_ends_is_no_trouble(source, opened, eventually):
    source.gate.clear()
    secrets = opened(source)

    async def give_up():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(secrets.aget("name"), 0.01)

    asyncio.run(give_up())
    source.gate.set()
    eventually(lambda: secrets.age("name") < 60)
    assert secrets.get("name").reveal() == "one"
    assert source.reads == ["name"]


def test_one_secrets_serves_one_loop_after_the_other(source, opened):
    secrets = opened(source, ttl=0)
    for _ in range(3):
        assert asyncio.run(secrets.aget("name")).reveal() == "one"


def test_a_batch_reads_what_is_missing_once_and_joins_what_is_under_way(scripted, opened, eventually):
    source = scripted({"a": "1", "b": "2", "c": "3"})
    secrets = opened(source)
    secrets.get("a")
    source.gate.clear()
    source.entered.clear()
    with ThreadPoolExecutor(2) as pool:
        single = pool.submit(secrets.get, "b")
        assert source.entered.wait(10)
        batch = pool.submit(secrets.get_many, ["a", "b", "c"])
        eventually(lambda: len(source.reads) == 3)
        source.gate.set()
        assert {name: secret.reveal() for name, secret in batch.result().items()} == {
            "a": "1",
            "b": "2",
            "c": "3",
        }
        assert single.result().reveal() == "2"
    assert source.reads == ["a", "b", "c"]


def test_a_batch_is_one_read_and_keeps_the_order_asked_for(scripted, opened):
    source = scripted({"b": "2", "a": "1"})
    assert list(opened(source).get_many(["b", "a", "b"])) == ["b", "a"]
    assert source.reads == [("b", "a")]


def test_a_batch_raises_what_is_final_before_what_is_transient(scripted, opened, clock):
    source = scripted({"a": "1", "b": "2", "c": "3"})
    source.failure = {"a": Unavailable("down"), "c": NotFound("gone", name="c")}
    secrets = opened(source, clock=clock, refresh=False)
    with pytest.raises(NotFound):
        secrets.get_many(["a", "b", "c"])
    each = secrets.get_each(["a", "b", "c"])
    assert [type(outcome).__name__ for outcome in each.values()] == ["Unavailable", "Secret", "NotFound"]


def test_an_interrupt_in_an_inline_read_reaches_the_caller_and_frees_the_others(scripted, opened):
    source = scripted(blocking=False)
    source.failures = [KeyboardInterrupt()]
    secrets = opened(source)
    with pytest.raises(KeyboardInterrupt):
        secrets.get("name")
    assert secrets.get("name").reveal() == "one"
