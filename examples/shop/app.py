"""A small shop over PostgreSQL: FastAPI, a connection pool, and a database password that changes while it runs."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from psycopg_pool import ConnectionPool

import wellkept
from settings import ShopSettings

log = logging.getLogger("uvicorn.error")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # The source comes from wellkept.toml and WELLKEPT_ENV; a change is noticed within a second.
    secrets = wellkept.open(ttl=1.0)
    settings = ShopSettings.load(secrets)

    def connection_arguments() -> dict[str, Any]:
        """Asked for each new connection, so a new connection always uses the current password."""
        return {
            "host": settings.database_host,
            "port": settings.database_port,
            "user": settings.database_user,
            "dbname": settings.database_name,
            "password": secrets.get("DATABASE_PASSWORD").reveal(),
            "autocommit": True,
        }

    pool = ConnectionPool("", kwargs=connection_arguments, min_size=2, max_size=4, open=True)

    def on_rotation(change: object) -> None:
        log.info("%r: the pool is drained", change)
        pool.drain()

    secrets.on_change("DATABASE_PASSWORD", on_rotation)
    with pool.connection() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY, item text NOT NULL)")
    app.state.pool, app.state.secrets = pool, secrets
    # A careless line, as they happen. `wellkept run --redact` stands behind the log.
    log.info(
        "connecting with %s",
        psycopg.conninfo.make_conninfo("", **connection_arguments_for_log(connection_arguments())),
    )
    yield
    pool.close()
    secrets.close()


def connection_arguments_for_log(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if key != "autocommit"}


app = FastAPI(title="shop", lifespan=lifespan)


@app.get("/health")
def health() -> dict[str, bool]:
    return {"ok": True}


@app.post("/orders/{item}")
def order(item: str, request: Request) -> dict[str, Any]:
    with request.app.state.pool.connection() as connection:
        row = connection.execute("INSERT INTO orders (item) VALUES (%s) RETURNING id", (item,)).fetchone()
        backend = connection.info.backend_pid
    return {"order": row[0], "item": item, "backend": backend}
