"""The same request to a real OpenBao and to us, and both answers in a form in which they can be compared.

Ids, times and whatever else is random by its nature stand aside; all the rest (status, errors, warnings, every
other member of the body) must be the same.
"""

from __future__ import annotations

import http.client
import json
import re

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_SEALED = re.compile(r"vault:v(\d+):[A-Za-z0-9+/=_-]+")
_KEPT = ("errors", "data", "warnings", "lease_duration", "renewable", "auth", "wrap_info")
_BLANK = (None, "", 0, False)


class Asked:
    """A server over HTTP, as root: theirs or ours (both have ``host``, ``port`` and ``root_token``)."""

    def __init__(self, server):
        self._server = server

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=60)
        headers = {"X-Vault-Token": self._server.root_token}
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        connection.request(method, f"/v1/{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, json.loads(content) if content else {}


def shown(answer):
    """An answer as both should give it."""
    status, body = answer
    kept = {name: body[name] for name in _KEPT if name in body and body[name] not in _BLANK}
    if kept.get("data") == {}:
        del kept["data"]
    return status, _settled(kept)


def _settled(value, name=""):
    if isinstance(value, dict):
        if name == "keys" and value and all(isinstance(item, int) for item in value.values()):
            return dict.fromkeys(sorted(value), "SECONDS")
        return {key: _settled(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_settled(item) for item in value]
    if isinstance(value, str):
        return _SEALED.sub(r"vault:v\1:SEALED", _MOMENT.sub("MOMENT", value))
    return value


class Both:
    """Asks both, and says where they differ. ``mounts`` maps a test's name of a mount to the servers'."""

    def __init__(self, theirs, ours, mounts):
        self.theirs, self.ours, self.mounts = theirs, ours, mounts
        self.differences = []

    def ask(self, method, path, body=None, *, ignoring=()):
        """Both raw answers (theirs, ours); what differs is noted."""
        first, slash, rest = path.partition("/")
        first, mark, query = first.partition("?")
        real = f"{self.mounts.get(first, first)}{mark}{query}{slash}{rest}"
        there, here = self.theirs.request(method, real, body), self.ours.request(method, real, body)
        left, right = shown(there), shown(here)
        if left[0] == 500 and right[0] == 400 and left[1] == right[1]:
            left = right  # a client's mistake that OpenBao did not foresee: the same words, the right status
        if method in ("GET", "DELETE") and path.partition("?")[0].endswith("/") and "list=true" not in path:
            # Here a path that ends in a slash names nothing, whatever the engine would have made of it.
            assert here[0] in (403, 404)
            return there, here
        for name in ignoring:
            for _, each in (left, right):
                (each.get("data") or {}).pop(name, None)
        if left != right:
            self.differences.append(
                f"{method} {path} {json.dumps(body)[:200] if body is not None else ''}\n    OpenBao {left}\n    ours    {right}"
            )
        return there, here

    def verify(self):
        """Fails with all the differences there were."""
        assert not self.differences, f"{len(self.differences)} differ:\n" + "\n".join(self.differences)
