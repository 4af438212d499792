"""A barrier over a cached store, and brokers over it."""

from __future__ import annotations

import pytest

from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import SYSTEM
from wellkept.core.audit_served.broker import Broker, change_table
from wellkept.core.audit_served.chain import Keys
from wellkept.core.request import Client, Request
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
        self._open = []
        self.barrier = self.another()
        self.keys = Keys(self.barrier.derive("audit"))
        self.log = str(self.directory / "audit-served.jsonl")

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


def request(path="secret/data/app", operation="read", **rest):
    return Request(operation, path, client=Client("", 0, "", "", "10.1.2.3"), **rest)
