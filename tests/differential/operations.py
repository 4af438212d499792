"""OpenBao's operations by its own ``sys/internal/specs/openapi``, and which of them our server answers.

An operation is a path with a method; a GET that may also list or scan counts as each of them. It is answered when
our server, asked as root with a name put into each brace, says anything but that it knows no such path or method.
"""

from __future__ import annotations

import http.client
import json
import re
from typing import NamedTuple

SECRET_ENGINES = {
    "kv-v1": ("kv", {"version": "1"}),
    "kv-v2": ("kv", {"version": "2"}),
    "transit": ("transit", {}),
}
"""What is mounted at both, by path, besides what is always there."""
AUTH_METHODS = ("approle", "userpass")

OPENED = {"unauthenticated_rekey": True, "unauthenticated_generate_root": True}
"""Our server's settings: the routes that want no token are closed unless they are opened, and are counted all the same."""

_METHODS = ("get", "post", "patch", "delete")
_NAMES = {"source": "platform", "urlbytes": "8", "urlalgorithm": "sha2-256", "type": "secret", "version": "1"}
"""What stands in a brace that not every text fits; "probe" for all others."""
_LAST = ("sys/step-down", "sys/seal")
"""Asked at the end, since nothing is answered after them."""
_UNKNOWN = re.compile(
    "unsupported (path|operation)|no handler for route|method not allowed|cannot be written on this server"
)


class Operation(NamedTuple):
    """``method`` as a client would send it; ``path`` without ``/v1/``, its parts in braces."""

    path: str
    method: str

    @property
    def group(self) -> str:
        """What the page counts together: a mount; in ``sys/`` and ``identity/`` what follows it as well."""
        first, _, rest = self.path.partition("/")
        return f"{first}/{rest.split('/')[0]}" if first in ("sys", "auth", "identity") else first


def mount(server) -> None:
    """Mounts what is compared at ``server`` (theirs or ours)."""
    for path, (kind, options) in SECRET_ENGINES.items():
        server.request("POST", f"sys/mounts/{path}", {"type": kind, "options": options})
    for kind in AUTH_METHODS:
        server.request("POST", f"sys/auth/{kind}", {"type": kind})
    server.request("DELETE", "sys/mounts/secret")


def operations(document) -> list[Operation]:
    """All that a document lists, in its order."""
    found = []
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                found += [Operation(path.lstrip("/"), each) for each in _spoken(method, item[method])]
    return found


def _spoken(method: str, described) -> list[str]:
    flags = {each["name"]: each.get("required") for each in described.get("parameters", ())}
    listing = [name.upper() for name in ("list", "scan") if name in flags]
    only = any(flags[name.lower()] for name in listing)
    return listing if only else [method.upper(), *listing]


def answered(server, wanted: list[Operation]) -> set[Operation]:
    """Those of ``wanted`` that ``server`` answers. It is sealed or the like afterwards."""
    server.request("POST", "auth/approle/role/probe", {})
    ordered = sorted(wanted, key=lambda each: (each.path in _LAST, each.method == "DELETE"))
    return {each for each in ordered if _knows(server, each)}


def _knows(server, operation: Operation) -> bool:
    path = re.sub(r"\{(\w+)\}", lambda match: _NAMES.get(match.group(1), "probe"), operation.path)
    token = server.root_token
    if path == "auth/token/revoke-self":
        token = server.token("root")
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    headers = {"X-Vault-Token": token}
    if operation.method == "PATCH":
        headers["Content-Type"] = "application/merge-patch+json"
    body = "{}" if operation.method in ("POST", "PATCH") else None
    try:
        connection.request(operation.method, f"/v1/{path}", body, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    finally:
        connection.close()
    if answer.status not in (400, 404, 405, 501):
        return True
    try:
        said = json.loads(text) if text else {}
    except ValueError:
        return False
    errors = " ".join(said.get("errors") or ())
    return answer.status in (400, 404) and not _UNKNOWN.search(errors.lower())
