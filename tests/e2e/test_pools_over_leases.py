"""Sixty seconds of queries on credentials that live for four: no query fails, whatever the pool.

A real OpenBao makes the users (TTL 4 s, maximum 8 s) in a real PostgreSQL and drops them on time. The same
minute with credentials that are simply fetched and kept shows failures, so this test can fail.
"""

import asyncio
import threading
import time

import pytest

import wellkept
from wellkept.integrations.pools import bind
from wellkept.integrations.pools.asyncpg import create_pool
from wellkept.testing.openbao import OpenBaoServer
from wellkept.testing.postgres import PostgresServer

SECONDS = 60.0
QUERIES = 5_000
QUERY = "SELECT item FROM goods"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres():
    with PostgresServer() as server:
        server.execute("CREATE TABLE goods (item text)")
        server.execute("INSERT INTO goods VALUES ('teapot')")
        server.execute("CREATE ROLE shop")
        server.execute("GRANT SELECT ON goods TO shop")
        yield server


@pytest.fixture(scope="module")
def openbao(postgres):
    with OpenBaoServer() as server:
        server.request("POST", "sys/mounts/database", {"type": "database"})
        server.request(
            "POST",
            "database/config/shop",
            {
                "plugin_name": "postgresql-database-plugin",
                "allowed_roles": "*",
                "connection_url": "postgresql://{{username}}:{{password}}@"
                f"{postgres.host}:{postgres.port}/postgres?sslmode=disable",
                "username": "postgres",
                "password": postgres.password,
            },
        )
        server.request(
            "POST",
            "database/roles/shop",
            {
                "db_name": "shop",
                "default_ttl": "4s",
                "max_ttl": "8s",
                "creation_statements": [
                    "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE shop"
                ],
                "revocation_statements": [
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'",
                    'DROP ROLE IF EXISTS "{{name}}"',
                ],
            },
        )
        yield server


@pytest.fixture
def lease(openbao, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", openbao.root_token)
    with wellkept.open(openbao.url()) as secrets:
        yield secrets.lease("database/creds/shop")


class Tally:
    """What a minute of queries came to. ``users`` are the database users that did the work."""

    def __init__(self):
        self.done, self.failures, self.users = 0, [], set()
        self._lock = threading.Lock()
        self._end = time.monotonic() + SECONDS

    @property
    def running(self):
        return time.monotonic() < self._end

    def count(self, user):
        with self._lock:
            self.done += 1
            self.users.add(user)

    def failed(self, error):
        with self._lock:
            self.failures.append(f"{type(error).__name__}: {error}"[:200])


def on_threads(tally, query, threads=4):
    def work():
        while tally.running:
            try:
                tally.count(query())
            except Exception as error:
                tally.failed(error)
            time.sleep(0.004)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def load_psycopg_pool(tally, postgres, lease):
    from psycopg_pool import ConnectionPool

    conninfo = f"host={postgres.host} port={postgres.port} dbname=postgres"
    with ConnectionPool(conninfo, min_size=2, max_size=4, open=False) as pool:
        bind(pool, lease)
        pool.open(wait=True)

        def query():
            with pool.connection() as connection:
                assert connection.execute(QUERY).fetchone() == ("teapot",)
                return connection.info.user

        on_threads(tally, query)


def load_sqlalchemy(tally, postgres, lease):
    from sqlalchemy import create_engine, text

    engine = create_engine(f"postgresql+psycopg://{postgres.host}:{postgres.port}/postgres", pool_size=4)
    bind(engine, lease)

    def query():
        with engine.connect() as connection:
            row = connection.execute(text(QUERY.replace("item", "item, current_user"))).one()
            assert row[0] == "teapot"
            return row[1]

    on_threads(tally, query)
    engine.dispose()


def load_asyncpg(tally, postgres, lease):
    asyncio.run(on_tasks(tally, postgres, lease))


async def on_tasks(tally, postgres, lease, tasks=4):
    async with create_pool(
        lease, host=postgres.host, port=postgres.port, database="postgres", min_size=2, max_size=4
    ) as pool:

        async def work():
            while tally.running:
                try:
                    row = await pool.fetchrow(QUERY.replace("item", "item, current_user"))
                    assert row[0] == "teapot"
                    tally.count(row[1])
                except Exception as error:
                    tally.failed(error)
                await asyncio.sleep(0.004)

        await asyncio.gather(*(work() for _ in range(tasks)))


def test_no_pool_fails_a_query(postgres, lease):
    loads = {load.__name__: (load, Tally()) for load in (load_psycopg_pool, load_sqlalchemy, load_asyncpg)}
    threads = [threading.Thread(target=load, args=(tally, postgres, lease)) for load, tally in loads.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, (_, tally) in loads.items():
        assert tally.failures == [], name
        assert tally.done >= QUERIES, name
        assert len(tally.users) >= SECONDS / 8, f"{name}: hardly any credential was replaced"


def test_the_same_load_on_credentials_that_nobody_follows_fails(postgres, lease):
    """Recycled every three seconds, as a pool's ``max_lifetime`` would, with the credentials it was made with."""
    import psycopg

    pair = lease.current()
    conninfo = (
        f"host={postgres.host} port={postgres.port} dbname=postgres "
        f"user={pair.username} password={pair.password.reveal()}"
    )
    failures = 0
    for _ in range(5):
        try:
            with psycopg.connect(conninfo) as connection:
                end = time.monotonic() + 3
                while time.monotonic() < end:
                    connection.execute(QUERY)
                    time.sleep(0.05)
        except psycopg.Error:
            failures += 1
            time.sleep(0.5)
    assert failures > 0
