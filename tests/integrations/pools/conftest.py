"""A real PostgreSQL with a role that each test owns, and a credential that the test switches by hand."""

import secrets as random

import pytest

from switch import Switch
from wellkept.testing.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres():
    with PostgresServer() as server:
        yield server


class Role:
    """A login role of the server and the switch that holds its password."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.name = "app_" + random.token_hex(4)
        password = random.token_urlsafe(12)
        postgres.execute(f"CREATE ROLE {self.name} LOGIN PASSWORD '{password}'")
        self.switch = Switch(self.name, password)

    def change_password(self):
        """Change it in PostgreSQL only; returns the new one."""
        password = random.token_urlsafe(12)
        self.postgres.execute(f"ALTER ROLE {self.name} PASSWORD '{password}'")
        return password


@pytest.fixture
def role(postgres):
    return Role(postgres)
