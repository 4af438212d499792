"""Engines of a server without the server: a real barrier over SQLite, a transaction a write, a snapshot a read.

``Served.request`` answers as HTTP would: a status and the members of the body that matter.
"""

from __future__ import annotations

from urllib.parse import parse_qs, unquote

from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import ManualClock
from wellkept.core import registry
from wellkept.core.client import this_process
from wellkept.core.mount import Mount
from wellkept.core.refusal import Refusal
from wellkept.core.request import MUTATIONS, Raw, Request
from wellkept.core.retry import transact
from wellkept.core.tokens.token import Token
from wellkept.core.view import View, WritingView
from wellkept.errors import WellkeptError
from wellkept.storage.sqlite import SQLiteStorage

OPERATIONS = {
    "GET": "read",
    "POST": "update",
    "PUT": "update",
    "DELETE": "delete",
    "PATCH": "patch",
    "LIST": "list",
    "SCAN": "scan",
}


class Served:
    """Mounts under names of one segment. ``clock`` moves only when told to."""

    def __init__(self, directory, mounts):
        self.clock = ManualClock(1_795_000_000.25)
        self.storage = SQLiteStorage.create(str(directory / "store.db"))
        self.barrier = Barrier.initialize(
            self.storage, KeyFileSeal.create(directory / "key"), clock=self.clock
        )
        self.mounts = {}
        for path, (kind, options) in mounts.items():
            self.mount(path, kind, options)
        self.caller = Token(
            key="k", accessor="a", policies=("root",), path="auth/token/root", cubbyhole="cubby"
        )

    def mount(self, path, kind, options=None):
        mount = Mount(
            path=f"{path}/",
            kind=kind,
            table="secret",
            accessor=f"{kind}_1",
            uuid=path,
            prefix=f"mount/{path}/",
            options=dict(options or {}),
        )
        context = registry.EngineContext(
            mount, self.clock, lambda purpose: self.barrier.derive(f"{path} {purpose}")
        )
        mount.engine = registry.maker("secret", kind)(context)
        self.mounts[path] = mount
        return mount

    def retune(self, path, options):
        """As ``sys/mounts/PATH/tune`` does."""
        mount = self.mounts[path]
        transact(
            self.barrier,
            lambda moment: mount.engine.retune(WritingView(moment, mount.prefix), options, self.clock.time()),
        )
        mount.options = {**mount.options, **options}

    def close(self):
        self.storage.close()

    def request(self, method, path, body=None):
        path, _, query = path.partition("?")
        first, _, rest = unquote(path).partition("/")
        mount = self.mounts[first]
        data = dict(body or {})
        operation = OPERATIONS[method]
        if method in ("GET", "LIST", "SCAN", "DELETE"):
            data = {key: values[0] for key, values in parse_qs(query, keep_blank_values=True).items()}
            if data.pop("list", "") == "true":
                operation = "list"
        if operation in ("update", "patch") and path.endswith("/"):
            return 400, {"errors": ["cannot write to a path ending in '/'"]}
        request = Request(operation, path, data, client=this_process())
        request.mount, request.caller = mount, self.caller
        try:
            return self._answer(operation, self._run(mount, request, rest))
        except Refusal as refusal:
            if refusal.errors:
                return refusal.status, {"errors": list(refusal.errors)}
            if refusal.data is None and not refusal.warnings:
                return refusal.status, {"errors": []}
            return refusal.status, _body(refusal.data, refusal.warnings)
        except WellkeptError as error:
            return error.status, {"errors": [str(error)]}

    def _run(self, mount, request, rest):
        command = mount.engine.parse_request(request, rest)
        writes = request.operation in MUTATIONS if command.writes is None else command.writes
        extra = () if command.outside is None else (command.outside(),)
        now = self.clock.time()
        if writes and command.transaction:
            return transact(
                self.barrier, lambda moment: command.run(WritingView(moment, mount.prefix), now, *extra)
            )
        return self.barrier.snapshot(lambda moment: command.run(View(moment, mount.prefix), now, *extra))

    @staticmethod
    def _answer(operation, response):
        if response.raw is not None:
            return response.status or 200, {}
        if not response.data and not response.warnings and response.status is None and response.lease is None:
            return 204, {}
        body = _body(response.data, response.warnings)
        if response.lease is not None:
            body["lease_duration"] = int(response.lease.ttl)
        return response.status or 200, body


def _body(data, warnings):
    return {"data": _plain(data) if data else data, "warnings": list(warnings) or None}


def _plain(value):
    import json

    if isinstance(value, Raw):
        return json.loads(value)
    if isinstance(value, bytes):
        raise TypeError("bytes in an answer")
    if hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
