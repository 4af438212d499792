"""One PostgreSQL for the session; each test has a schema of its own."""

from __future__ import annotations

import itertools

import pytest

from wellkept.storage.postgres import PostgresStorage
from wellkept.testing.postgres import PostgresServer

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server():
    with PostgresServer() as running:
        yield running


@pytest.fixture
def opened(server):
    """Opens handles on a new, empty store: ``opened()``."""
    schema, handles = f"s{next(_numbers)}", []

    def make(**options):
        maker = PostgresStorage.open if handles else PostgresStorage.create
        handles.append(maker(server.url(), schema=schema, **options))
        return handles[-1]

    make.schema = schema
    yield make
    for handle in handles:
        handle.close()
