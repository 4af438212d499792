import asyncio
import threading

import pytest

from wellkept.errors import InvalidRequest
from wellkept.loader.secrets import Secrets


def test_closed_secrets_say_so_whatever_is_asked_of_them(source):
    secrets = Secrets(source)
    secrets.get("name")
    secrets.close()
    asked = [
        lambda: secrets.get("name"),
        lambda: secrets["name"],
        lambda: secrets.get_many(["name"]),
        lambda: secrets.get_each(["name"]),
        lambda: secrets.get_optional("name"),
        lambda: secrets.refresh("name"),
        lambda: secrets.refresh(),
        lambda: secrets.invalidate(),
        lambda: secrets.previous("name"),
        lambda: secrets.on_change("name", print),
        lambda: asyncio.run(secrets.aget("name")),
    ]
    for ask in asked:
        with pytest.raises(InvalidRequest, match="closed"):
            ask()
    assert source.closed == 1
    assert "(closed)" in repr(secrets)
    assert secrets.health().secrets == {}


def test_close_may_be_called_twice(source):
    secrets = Secrets(source)
    secrets.close()
    secrets.close()


def test_leaving_the_block_closes(source):
    with Secrets(source) as secrets:
        secrets.get("name")
    assert source.closed == 1


async def test_leaving_the_async_block_closes(source):
    async with Secrets(source) as secrets:
        await secrets.aget("name")
    assert source.closed == 1
    with pytest.raises(InvalidRequest):
        await secrets.aget("name")


def test_whoever_waits_is_told_at_once(source, eventually):
    source.gate.clear()
    secrets = Secrets(source)
    errors = []

    def read():
        try:
            secrets.get("name")
        except InvalidRequest as error:
            errors.append(str(error))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    assert source.entered.wait(10)
    eventually(lambda: len(secrets._cache.cell("name", None).flight.latch._waiters) == 4)
    secrets.close()
    for reader in readers:
        reader.join(10)
    assert len(errors) == 4
    assert all("closed" in error for error in errors)
    source.gate.set()


def test_a_value_that_arrives_after_close_is_not_kept(source, eventually):
    source.gate.clear()
    secrets = Secrets(source, deadline=0.05)
    assert "name" in secrets.get_each(["name"])
    secrets.close()
    source.gate.set()
    eventually(lambda: secrets._workers.busy == 0)
    assert secrets._cache.live == {}
    assert secrets._cache.cells == {}


def test_a_callback_may_close(source, eventually):
    secrets = Secrets(source)
    secrets.get("name")
    secrets.on_change("name", lambda change: secrets.close())
    source.values["name"] = "two"
    secrets.refresh("name")
    eventually(lambda: source.closed == 1)


def test_neither_source_nor_values_show_in_repr(source, opened):
    source.values["name"] = "the value s3cret"
    secrets = opened(source)
    secrets.get("name")
    assert "s3cret" not in repr(secrets)
    assert "s3cret" not in repr(secrets._cache.__dict__)
