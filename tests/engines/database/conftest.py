"""Real database servers for the session, each started when a test first asks for it."""

from __future__ import annotations

import pytest

from wellkept.testing.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres():
    with PostgresServer() as running:
        yield running
