"""Real database servers for the session, each started when a test first asks for it."""

from __future__ import annotations

import pytest

from wellkept.testing.mariadb import MariaDBServer
from wellkept.testing.postgres import PostgresServer
from wellkept.testing.redis import RedisServer


@pytest.fixture(scope="session")
def postgres():
    with PostgresServer() as running:
        yield running


@pytest.fixture(scope="session")
def mariadb():
    with MariaDBServer() as running:
        yield running


@pytest.fixture(scope="session")
def redis_server():
    with RedisServer() as running:
        yield running
