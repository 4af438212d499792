"""The same request to both servers: each side's own tokens and ids put in, both answers in comparable form."""

from __future__ import annotations

import http.client
import json
import re
from typing import Any, NamedTuple

_REFERENCE = re.compile(r"<(\w+):(\d+)>")
_ABSENT = "s.absent"


class Step(NamedTuple):
    """A request. ``path`` is in the form of the wire, without ``/v1/``, its query included. ``body``: bytes as they
    are, anything else as JSON, ``None`` for none. ``<token:0>`` in any text is the first token that the side gave
    out in this sequence; so are ``accessor``, ``wrap``, ``secret``, ``sealed``, ... (see ``SAVED``)."""

    method: str
    path: str
    body: Any = None
    token: str = "root"
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        body = (
            ""
            if self.body is None
            else f" {self.body if isinstance(self.body, bytes) else json.dumps(self.body)}"
        )
        notes = [*([] if self.token == "root" else [f"token {self.token!r}"]), *map(": ".join, self.headers)]
        noted = f"   ({', '.join(notes)})" if notes else ""
        return f"{self.method} {self.path}{body[:400]}{noted}"


class Answer(NamedTuple):
    status: int
    kind: str
    body: Any


SAVED = {
    "token": ("auth.client_token", "data.id"),
    "accessor": ("auth.accessor", "data.accessor"),
    "wrap": ("wrap_info.token",),
    "secret": ("data.secret_id",),
    "secretaccessor": ("data.secret_id_accessor",),
    "roleid": ("data.role_id",),
    "sealed": ("data.ciphertext",),
    "signed": ("data.signature",),
    "hmac": ("data.hmac",),
    "lease": ("lease_id",),
}
"""What answers give that later requests may name, by the names for it."""


class Side:
    """One server (theirs or ours: ``host``, ``port``, ``root_token``), and what it gave out since ``begin``."""

    def __init__(self, server) -> None:
        self._server = server
        self.given: dict[str, list[str]] = {}

    def begin(self) -> None:
        self.given = {name: [] for name in SAVED}

    def ask(self, step: Step) -> Answer:
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=60)
        headers = {name: self._filled(value) for name, value in step.headers}
        token = {"root": self._server.root_token, "none": ""}.get(step.token) or self._filled(step.token)
        if step.token != "none":
            headers.setdefault("X-Vault-Token", token)
        if step.method == "PATCH":
            headers.setdefault("Content-Type", "application/merge-patch+json")
        body = step.body
        if body is not None and not isinstance(body, bytes):
            body = self._filled(json.dumps(body)).encode()
        try:
            connection.request(step.method, f"/v1/{self._filled(step.path)}", body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        kind = answer.getheader("Content-Type") or ""
        try:
            return Answer(answer.status, kind, json.loads(content) if content else None)
        except ValueError:
            return Answer(answer.status, kind, content.decode("utf-8", "replace"))

    def keep(self, name: str, value: str) -> None:
        if value not in self.given[name]:
            self.given[name].append(value)

    def _filled(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            found = self.given.get(match.group(1))
            return found[int(match.group(2)) % len(found)] if found else _ABSENT

        return _REFERENCE.sub(value, text)


class Difference(NamedTuple):
    """``where`` names the member that differs, from the outside in: ``status``, ``data.keys``, ..."""

    step: Step
    theirs: Answer
    ours: Answer
    where: str

    def __str__(self) -> str:
        return f"{self.step}\n    differs in {self.where}\n    OpenBao {self.theirs}\n    ours    {self.ours}"


class Sides:
    """Both. ``ask`` gives what differs."""

    def __init__(self, theirs, ours) -> None:
        self.theirs, self.ours = Side(theirs), Side(ours)

    def begin(self) -> None:
        self.theirs.begin()
        self.ours.begin()

    def ask(self, step: Step) -> Difference | None:
        from .answers import unlike

        theirs, ours = self.theirs.ask(step), self.ours.ask(step)
        for name, places in SAVED.items():
            for place in places:
                left, right = _at(theirs.body, place), _at(ours.body, place)
                if isinstance(left, str) and isinstance(right, str) and left and right:
                    self.theirs.keep(name, left)
                    self.ours.keep(name, right)
        where = unlike(theirs, ours)
        return Difference(step, theirs, ours, where) if where else None


def _at(body: Any, place: str) -> Any:
    for name in place.split("."):
        if not isinstance(body, dict):
            return None
        body = body.get(name)
    return body
