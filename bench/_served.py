"""A served store in this process, without a transport: for measuring what lies behind the transport."""

import shutil
import tempfile
from types import TracebackType
from typing import Any

from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import SYSTEM
from wellkept.core.request import Client, Request, Response
from wellkept.server.assemble import assemble
from wellkept.server.settings import Settings, StorageSettings
from wellkept.storage.sqlite import SQLiteStorage

CLIENT = Client("", 0, "", "", "127.0.0.1")
POLICY = 'path "secret/*" { capabilities = ["create", "read", "update", "delete", "list"] }'


class Served:
    """In a temporary directory. ``call`` is ``Core.handle``, ``root`` and ``token`` are tokens' texts."""

    def __init__(self, directory: str = "") -> None:
        self._temporary = "" if directory else tempfile.mkdtemp(prefix="wellkept-bench-")
        self.directory = directory or self._temporary
        storage = SQLiteStorage.create(f"{self.directory}/store.db")
        seal = KeyFileSeal.create(f"{self.directory}/main.key")
        settings = Settings(storage=StorageSettings(self.directory), kv_at_secret=True)
        self.serving = assemble(settings, Barrier.initialize(storage, seal), SYSTEM, first=True)
        self.core = self.serving.service.core
        self.storage = self.serving.barrier.storage
        self.root = self.serving.service.root_token()
        self.call("update", "sys/policies/acl/bench", {"policy": POLICY})
        made = self.call("update", "auth/token/create", {"policies": ["bench"], "ttl": "12h"})
        assert made.auth is not None
        self.token = made.auth.client_token

    def request(
        self, operation: Any, path: str, data: dict[str, Any] | None = None, token: str = ""
    ) -> Request:
        return Request(operation, path, data, client=CLIENT, token=token or self.root)

    def call(
        self, operation: Any, path: str, data: dict[str, Any] | None = None, token: str = ""
    ) -> Response:
        return self.core.handle(self.request(operation, path, data, token))

    def __enter__(self) -> "Served":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.serving.end()
        self.storage.close()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)
