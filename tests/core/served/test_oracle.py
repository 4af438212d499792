"""Our ``sys/`` and ``auth/token`` beside a real OpenBao's: the same requests, the same statuses and bodies.

``cases/*.txt`` hold the requests in order: method, path, body, and behind ``@@`` what is special: ``token`` (none:
root), ``wrap`` (seconds), ``save`` (names for members of the answer, used later as ``$name``), ``differs`` (why
this answer is not OpenBao's, on purpose: then only that both are answers is checked).
"""

from __future__ import annotations

import http.client
import json
import pathlib
import re

import pytest

from wellkept.clock import Clock
from wellkept.testing.openbao_fixture import openbao  # noqa: F401

CASES = pathlib.Path(__file__).parent / "cases"
VOLATILE = frozenset(
    [
        "accessor",
        "client_token",
        "creation_time",
        "encryptions",
        "expiration",
        "expire_time",
        "id",
        "install_time",
        "issue_time",
        "last_renewal",
        "last_renewal_time",
        "migration_id",
        "modified",
        "random_bytes",
        "ttl",
        "uuid",
        "deprecation_status",
    ]
)
AUTH = [
    "policies",
    "token_policies",
    "metadata",
    "lease_duration",
    "renewable",
    "entity_id",
    "token_type",
    "orphan",
    "num_uses",
    "accessor",
    "client_token",
]


class Sides:
    """Both servers, and the names that were saved."""

    def __init__(self, openbao, served):  # noqa: F811
        self._openbao = openbao
        self._served = served
        self.saved = {}

    def theirs(self, method, path, body, token, wrap):
        connection = http.client.HTTPConnection(self._openbao.host, self._openbao.port, timeout=30)
        headers = {"X-Vault-Token": self._openbao.root_token if token is None else token}
        if wrap:
            headers["X-Vault-Wrap-TTL"] = str(wrap)
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        content = None if body is None else json.dumps(body)
        try:
            connection.request(method, f"/v1/{path}", body=content, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        told = json.loads(text) if text else {}
        auth = told.get("auth")
        return answer.status, {
            "errors": told.get("errors"),
            "data": told.get("data") or None,
            "warnings": sorted(told.get("warnings") or []),
            "auth": auth and {name: auth.get(name) for name in AUTH},
            "wrapped": bool(told.get("wrap_info")),
        }

    def ours(self, method, path, body, token, wrap):
        answer = self._served.call(method, path, body, token=token, wrap=wrap)
        auth = answer.auth
        if auth is not None:
            auth = {name: auth[name] for name in AUTH}
            auth["metadata"] = dict(auth["metadata"]) or None
            auth["token_policies"] = list(auth["token_policies"]) or None
        return answer.status, {
            "errors": answer.errors,
            "data": answer.data or None,
            "warnings": sorted(answer.warnings),
            "auth": auth,
            "wrapped": bool(answer.wrap_info),
        }

    def compare(self, method, path, body, options):
        token = options.get("token")
        wrap = options.get("wrap")
        answers = []
        for side, ask in enumerate((self.theirs, self.ours)):
            status, told = ask(
                method,
                self._filled(path, side),
                self._filled(body, side),
                None if token is None else self._filled(token, side),
                wrap,
            )
            for name, place in options.get("save", {}).items():
                value = told
                for member in place.split("."):
                    value = (value or {}).get(member)
                self.saved.setdefault(name, ["", ""])[side] = value
            answers.append((status, plain(told)))
        return answers

    def _filled(self, value, side):
        if isinstance(value, str):
            return re.sub(r"\$(\w+)", lambda match: self.saved[match.group(1)][side], value)
        if isinstance(value, dict):
            return {name: self._filled(each, side) for name, each in value.items()}
        return value


def plain(value):
    """Without what cannot be the same."""
    if isinstance(value, dict):
        return {
            name: "*"
            if name in VOLATILE and isinstance(each, (str, int)) and each not in ("", None)
            else plain(each)
            for name, each in value.items()
            if name != "deprecation_status"
        }
    return [plain(each) for each in value] if isinstance(value, list) else value


def read(path):
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        method, target, *rest = line.split(" ", 2)
        body, _, options = (" " + rest[0] if rest else "").partition(" @@ ")
        yield (
            method,
            target,
            json.loads(body) if body.strip() else None,
            json.loads(options) if options else {},
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["system", "tokens"])
def test_the_same_requests_get_the_same_answers(name, openbao, tmp_path):  # noqa: F811
    from core_served import Served

    served = Served(tmp_path, clock=Clock())
    sides = Sides(openbao, served)
    different = []
    count = 0
    try:
        for method, target, body, options in read(CASES / f"{name}.txt"):
            theirs, ours = sides.compare(method, target, body, options)
            count += 1
            if theirs != ours and "differs" not in options:
                different.append(f"{method} {target} {body}\n  theirs {theirs}\n  ours   {ours}")
    finally:
        served.close()
    assert not different, "\n".join(different)
    assert count > 80
