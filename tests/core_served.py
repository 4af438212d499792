"""A served store for tests: ``Served.call`` answers as HTTP would, with a status and a body's members."""

from __future__ import annotations

import json
from dataclasses import asdict
from urllib.parse import parse_qsl

from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import ManualClock
from wellkept.core.audit import Audit
from wellkept.core.audit_chain import Chain
from wellkept.core.audit_file import AuditFile
from wellkept.core.refusal import Refusal
from wellkept.core.request import Client, Raw, Request
from wellkept.core.service import open_service
from wellkept.errors import WellkeptError
from wellkept.storage.sqlite import SQLiteStorage

OPERATIONS = {
    "GET": "read",
    "POST": "update",
    "PUT": "update",
    "DELETE": "delete",
    "PATCH": "patch",
    "LIST": "list",
}


class Answer:
    """``status``, and of the body ``data``, ``errors``, ``warnings``, ``auth``, ``wrap_info``, ``lease_id``."""

    def __init__(self, status, **members):
        self.status = status
        self.data = members.get("data")
        self.errors = members.get("errors")
        self.warnings = members.get("warnings") or []
        self.auth = members.get("auth")
        self.wrap_info = members.get("wrap_info")
        self.lease_id = members.get("lease_id", "")
        self.lease_duration = members.get("lease_duration", 0)
        self.renewable = members.get("renewable", False)

    def __repr__(self):
        return f"<{self.status} {self.errors or self.data}>"

    @property
    def token(self):
        return self.auth["client_token"] if self.auth else self.wrap_info["token"]


class Served:
    """A store of its own in ``directory``, served by one ``Service``; ``again`` opens another process's view."""

    def __init__(self, directory, *, clock=None, **options):
        self.clock = clock or ManualClock()
        self.audit_path = str(directory / "audit.jsonl")
        self.storage = SQLiteStorage.create(str(directory / "store.db"))
        self.seal = KeyFileSeal.create(directory / "key")
        self.barrier = Barrier.initialize(self.storage, self.seal, clock=self.clock)
        self.service = self._open(first=True, **options)
        self.root = self.service.root_token()
        self.address = "127.0.0.1"

    def _open(self, *, first=False, **options):
        chain = Chain(self.barrier.derive("audit"))
        audit = Audit(AuditFile(self.audit_path, chain, self.barrier), chain, self.clock)
        if first:
            audit.file.initialise()
        return open_service(self.barrier, audit, self.clock, secret=True, **options)

    def restart(self):
        """As after a crash: everything that was in memory is gone."""
        self.service.close()
        self.service = self._open()

    def close(self):
        self.service.close()
        self.storage.close()

    def call(self, method, path, body=None, *, token=None, wrap=None, address=None):
        path, _, query = path.partition("?")
        data = dict(parse_qsl(query, keep_blank_values=True)) | (body or {})
        operation = OPERATIONS[method]
        request = Request(
            operation,
            path,
            data,
            client=Client("", 0, "", "", address or self.address),
            token=self.root if token is None else token,
            wrap_ttl=wrap,
        )
        try:
            response = self.service.core.handle(request)
        except Refusal as refusal:
            return Answer(refusal.status, errors=list(refusal.errors), data=refusal.data)
        except WellkeptError as error:
            return Answer(error.status, errors=[str(error)])
        return _answer(response)

    def token(self, *policies, **fields):
        """A new token with these policies."""
        answer = self.call("POST", "auth/token/create", {"policies": list(policies), **fields})
        assert answer.status == 200, answer
        return answer.token

    def policy(self, name, text):
        assert self.call("POST", f"sys/policies/acl/{name}", {"policy": text}).status in (200, 204)


def _answer(response):
    auth = None
    if response.auth is not None:
        auth = asdict(response.auth)
        auth["policies"] = list(auth["policies"])
        auth["token_type"] = auth["issued_type"]
    wrap = None if response.wrap_info is None else asdict(response.wrap_info)
    lease = response.lease
    empty = not (response.data or auth or wrap or lease or response.warnings or response.raw)
    return Answer(
        response.status or (204 if empty else 200),
        data=_plain(response.data),
        warnings=list(response.warnings),
        auth=auth,
        wrap_info=wrap,
        lease_id="" if lease is None else lease.lease_id,
        lease_duration=0 if lease is None else lease.duration,
        renewable=lease is not None and lease.renewable,
    )


def _plain(data):
    return {name: json.loads(value) if isinstance(value, Raw) else value for name, value in data.items()}
