"""Every pool against a real PostgreSQL that really checks passwords."""

import asyncio

import pytest

from wellkept.errors import ConfigError
from wellkept.integrations.pools import bind, retry_on_auth_failure
from wellkept.integrations.pools.asyncpg import create_pool


def backend(connection):
    return connection.info.backend_pid


@pytest.fixture
def psycopg_pool(postgres):
    from psycopg_pool import ConnectionPool

    conninfo = f"host={postgres.host} port={postgres.port} dbname=postgres"
    with ConnectionPool(conninfo, min_size=1, max_size=2, open=False) as pool:
        yield pool


def test_a_psycopg_pool_opens_new_connections_with_the_new_password(psycopg_pool, role):
    bind(psycopg_pool, role.switch)
    psycopg_pool.open()
    with psycopg_pool.connection() as connection:
        first = backend(connection)
    role.switch.rotate(role.change_password())
    with psycopg_pool.connection() as connection:
        assert backend(connection) != first
        assert connection.execute("SELECT current_user").fetchone() == (role.name,)


def test_a_connection_in_use_finishes_its_work_and_is_then_replaced(psycopg_pool, role):
    bind(psycopg_pool, role.switch)
    psycopg_pool.open()
    with psycopg_pool.connection() as connection:
        used = backend(connection)
        role.switch.rotate(role.change_password())
        assert connection.execute("SELECT 1").fetchone() == (1,)
    for _ in range(4):
        with psycopg_pool.connection() as connection:
            assert backend(connection) != used


def test_a_refused_password_is_read_again_once(psycopg_pool, role):
    bind(psycopg_pool, role.switch)
    role.switch.stored = role.change_password()  # the holder has not noticed yet
    psycopg_pool.open()
    with psycopg_pool.connection(timeout=10) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (role.name,)
    assert role.switch.refreshes >= 1


def test_without_binding_a_changed_password_breaks_the_pool(postgres, role):
    from psycopg_pool import ConnectionPool, PoolTimeout

    conninfo = f"host={postgres.host} port={postgres.port} dbname=postgres user={role.name} password={role.switch.held}"
    with ConnectionPool(conninfo, min_size=1, max_size=1) as pool:
        pool.wait(10)
        role.change_password()
        pool.drain()
        with pytest.raises(PoolTimeout):
            pool.getconn(timeout=1)


def test_unbinding_ends_the_following(psycopg_pool, role):
    original = psycopg_pool.connection_class
    bind(psycopg_pool, role.switch)()
    assert psycopg_pool.connection_class is original
    assert role.switch.callbacks == []


async def test_an_async_psycopg_pool_follows(postgres, role):
    from psycopg_pool import AsyncConnectionPool

    conninfo = f"host={postgres.host} port={postgres.port} dbname=postgres"
    async with AsyncConnectionPool(conninfo, min_size=1, max_size=2, open=False) as pool:
        bind(pool, role.switch)
        await pool.open()
        async with pool.connection() as connection:
            first = backend(connection)
        password = await asyncio.to_thread(role.change_password)
        await asyncio.to_thread(role.switch.rotate, password)
        for _ in range(100):
            async with pool.connection() as connection:
                if backend(connection) != first:
                    break
            await asyncio.sleep(0.02)
        else:
            raise AssertionError("the old connection was never replaced")


def test_a_sqlalchemy_engine_follows(postgres, role):
    from sqlalchemy import create_engine, text

    engine = create_engine(f"postgresql+psycopg://{postgres.host}:{postgres.port}/postgres")
    bind(engine, role.switch)
    with engine.connect() as used:
        first = used.execute(text("SELECT pg_backend_pid()")).scalar()
        role.switch.rotate(role.change_password())
        assert used.execute(text("SELECT 1")).scalar() == 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar() != first
    role.switch.stored = role.change_password()
    engine.dispose()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_user")).scalar() == role.name
    engine.dispose()


async def test_an_async_sqlalchemy_engine_follows(postgres, role):
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(f"postgresql+asyncpg://{postgres.host}:{postgres.port}/postgres")
    bind(engine, role.switch)
    async with engine.connect() as connection:
        first = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar()
    role.switch.rotate(await asyncio.to_thread(role.change_password))
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar() != first
    await engine.dispose()


async def test_an_asyncpg_pool_follows(postgres, role):
    async with create_pool(
        role.switch, host=postgres.host, port=postgres.port, database="postgres", min_size=1, max_size=2
    ) as pool:
        first = await pool.fetchval("SELECT pg_backend_pid()")
        password = await asyncio.to_thread(role.change_password)
        await asyncio.to_thread(role.switch.rotate, password)
        await asyncio.sleep(0)
        assert await pool.fetchval("SELECT pg_backend_pid()") != first
        role.switch.stored = await asyncio.to_thread(role.change_password)
        await pool.expire_connections()
        assert await pool.fetchval("SELECT current_user") == role.name
        assert role.switch.refreshes == 1


def test_a_decorated_function_reads_the_credential_again_once_and_no_more(postgres, role):
    import psycopg

    attempts = []

    @retry_on_auth_failure(role.switch)
    def query():
        attempts.append(1)
        pair = role.switch.current()
        with psycopg.connect(postgres.url(user=pair.username, password=pair.password.reveal())) as connection:
            return connection.execute("SELECT current_user").fetchone()[0]

    role.switch.stored = role.change_password()
    assert query() == role.name
    assert len(attempts) == 2
    role.change_password()
    with pytest.raises(psycopg.OperationalError):
        query()
    assert len(attempts) == 4


def test_a_failure_that_is_not_about_the_credential_is_not_retried(role):
    attempts = []

    @retry_on_auth_failure(role.switch)
    def query():
        attempts.append(1)
        raise ValueError("something else")

    with pytest.raises(ValueError, match="something else"):
        query()
    assert len(attempts) == 1
    assert role.switch.refreshes == 0


async def test_an_async_function_is_retried_too(role):
    import asyncpg

    attempts = []

    @retry_on_auth_failure(role.switch)
    async def query():
        attempts.append(1)
        if len(attempts) == 1:
            raise asyncpg.InvalidPasswordError("password authentication failed")
        return "fine"

    assert await query() == "fine"
    assert role.switch.refreshes == 1


def test_an_unknown_pool_is_refused_by_name(role):
    with pytest.raises(ConfigError, match="cannot bind a builtins.object"):
        bind(object(), role.switch)
