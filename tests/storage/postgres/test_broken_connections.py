"""Connections that break: before a commit, in the middle of it, after it; a database that goes away; a new password."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import psycopg
import pytest

from wellkept.errors import StorageUnavailable
from wellkept.storage.postgres import PostgresStorage
from wellkept.storage.protocol import transact
from wellkept.testing.postgres import PostgresServer


def put(storage, key, value):
    transact(storage, lambda transaction: transaction.put(key, value))


@pytest.fixture
def breaking(monkeypatch):
    """Breaks the connection at the end of a transaction, once: ``"before"`` or ``"after"`` the commit."""
    whole = psycopg.Connection.transaction
    plan = []

    @contextmanager
    def transaction(self, *args, **options):
        when = plan[0] if plan else None
        with whole(self, *args, **options) as block:
            yield block
            if when == "before":
                plan.clear()
                self.close()
                raise psycopg.OperationalError("cut")
        if when == "after":
            plan.clear()
            self.close()
            raise psycopg.OperationalError("cut")

    monkeypatch.setattr(psycopg.Connection, "transaction", transaction)
    return plan


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_whose_answer_was_lost_is_made_exactly_once(opened, breaking, when):
    storage = opened()
    put(storage, "a", b"1")
    before = storage.revision()
    seen = storage.get("a")
    breaking.append(when)
    transaction = storage.transaction()
    assert transaction.get("a") == seen
    transaction.put("a", b"2")
    assert transaction.commit() == before + 1
    assert not breaking
    assert storage.get("a").value == b"2"
    assert storage.revision() == before + 1


def test_reads_go_on_after_the_database_closed_every_connection(opened, server):
    storage = opened()
    put(storage, "a", b"1")
    for _ in range(3):
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wellkept'"
        )
        assert storage.get("a").value == b"1"
        put(storage, "b", b"2")


def test_a_database_that_is_gone_is_said_so_and_served_again_when_it_is_back():
    with PostgresServer() as server:
        storage = PostgresStorage.create(server.url(), patience=0.5)
        put(storage, "a", b"1")
        assert storage.stamp() == storage.stamp()
        server.stop("immediate")
        with pytest.raises(StorageUnavailable) as caught:
            storage.get("a")
        assert server.password not in str(caught.value)
        deadline = threading.Event()
        for _ in range(100):
            if storage.stamp() == b"":
                break
            deadline.wait(0.1)
        assert storage.stamp() == b""
        server.start()
        storage._patience = 20
        assert storage.get("a").value == b"1"
        storage.close()


def test_a_new_password_needs_no_restart(server):
    server.execute("CREATE ROLE keeper LOGIN PASSWORD 'one'")
    server.execute("CREATE SCHEMA kept AUTHORIZATION keeper")
    current = ["one"]
    url = f"postgresql://keeper@{server.host}:{server.port}/postgres"
    storage = PostgresStorage.create(url, password=lambda: current[0], schema="kept", patience=10)
    put(storage, "a", b"1")
    server.execute("ALTER ROLE keeper PASSWORD 'two'")
    current[0] = "two"
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'")
    assert storage.get("a").value == b"1"
    storage.close()


def test_a_store_is_made_once_and_a_missing_one_is_not_made_by_opening(server, opened):
    opened()
    with pytest.raises(StorageUnavailable, match="already"):
        PostgresStorage.create(server.url(), schema=opened.schema)
    with pytest.raises(StorageUnavailable, match="no store"):
        PostgresStorage.open(server.url(), schema="nowhere")


def test_several_servers_that_start_at_once_make_one_store(server):
    results = []

    def start():
        try:
            results.append(PostgresStorage.create(server.url(), schema="together"))
        except StorageUnavailable as error:
            results.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [each for each in results if isinstance(each, PostgresStorage)]
    assert len(made) == 1
    assert len(results) == 6
    made[0].close()
