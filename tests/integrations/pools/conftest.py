"""A real PostgreSQL with a role that each test owns, and a credential that the test switches by hand."""

import secrets as random
import threading

import pytest

from wellkept.loader.credential import Credential
from wellkept.secret import Secret
from wellkept.testing.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres():
    with PostgresServer() as server:
        yield server


class Switch:
    """A rotating credential under the test's control: ``stored`` is what a refresh finds."""

    def __init__(self, user, password):
        self.user = user
        self.held = self.stored = password
        self.refreshes = 0
        self.callbacks = []
        self._lock = threading.Lock()

    def current(self):
        return Credential(self.user, Secret(self.held, name="database"))

    def refresh(self, refused=None):
        with self._lock:
            self.refreshes += 1
            self.held = self.stored
        return self.current()

    def on_change(self, callback):
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def rotate(self, password, user=None):
        self.stored = self.held = password
        self.user = user or self.user
        for callback in list(self.callbacks):
            callback(None)


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
