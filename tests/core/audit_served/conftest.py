"""A barrier over a cached store, and brokers over it."""

from __future__ import annotations

import pytest

from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import SYSTEM
from wellkept.core.audit_served.broker import Broker, change_table
from wellkept.core.audit_served.chain import Keys
from wellkept.core.request import Client, Request
from wellkept.server.assemble import assemble
from wellkept.server.settings import Settings, StorageSettings
from wellkept.storage.cached import CachedStorage
from wellkept.storage.protocol import transact
from wellkept.storage.sqlite import SQLiteStorage

ROW = {"type": "file", "description": "", "local": False}


class Place:
    """A store in a directory, and what opens it again."""

    def __init__(self, directory):
        self.directory = directory / "store"
        self.directory.mkdir()
        self.seal = KeyFileSeal.create(str(directory / "main.key"))
        storage = SQLiteStorage.create(self.directory / "store.db")
        Barrier.initialize(storage, self.seal).close()
        self._begin()

    def _begin(self):
        self._open = []
        self.barrier = self.another()
        self.key = self.barrier.derive("audit")
        self.keys = Keys(self.key)
        self.log = str(self.directory / "audit-served.jsonl")

    @classmethod
    def again(cls, directory):
        """In another process."""
        place = cls.__new__(cls)
        place.directory = directory / "store"
        place.seal = KeyFileSeal(str(directory / "main.key"))
        place._begin()
        return place

    def another(self):
        """The barrier as another process would have it."""
        storage = CachedStorage(SQLiteStorage.open(self.directory / "store.db"))
        self._open.append(Barrier.unseal(storage, self.seal))
        return self._open[-1]

    def broker(self, barrier=None):
        made = Broker(barrier or self.barrier, self.keys, str(self.directory), SYSTEM, listen=False)
        self._open.append(made)
        return made

    def enable(self, name, kind="file", **options):
        row = {**ROW, "type": kind, "options": options, "uuid": f"uuid of {name}"}
        transact(self.barrier, lambda view: change_table(lambda table: table.update({name: row}), view))

    def disable(self, name):
        transact(self.barrier, lambda view: change_table(lambda table: table.pop(name), view))

    def close(self):
        for each in reversed(self._open):
            each.close()


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.close()


class Server:
    """A whole served store, as a worker process assembles it."""

    def __init__(self, place):
        self.place = place
        settings = Settings(storage=StorageSettings(str(place.directory)), kv_at_secret=True)
        storage = SQLiteStorage.open(place.directory / "store.db")
        barrier = Barrier.unseal(storage, place.seal)
        self._storage = storage
        self._serving = assemble(settings, barrier, SYSTEM)
        self.service = self._serving.service
        self.core = self.service.core
        self.root = self.service.root_token()

    def request(self, operation, path, data=None, **rest):
        rest = {"token": self.root, **rest}
        return Request(operation, path, data, client=Client("", 0, "", "", "10.1.2.3"), **rest)

    def call(self, operation, path, data=None, **rest):
        return self.core.handle(self.request(operation, path, data, **rest))

    def now(self, operation, path, data=None, **rest):
        return self.core.handle_now(self.request(operation, path, data, **rest))

    def close(self):
        self._serving.end()
        self._storage.close()


@pytest.fixture
def server(place):
    made = Server(place)
    yield made
    made.close()


@pytest.fixture
def other(server, place):
    """A second process's server of the same store."""
    made = Server(place)
    yield made
    made.close()


@pytest.fixture
def serve(place):
    """Makes servers of the store."""
    return lambda: Server(place)
