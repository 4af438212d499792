"""A double of the Kubernetes API server's Secrets, with its authentication and its role-based access control.

Source: Kubernetes API reference, ``core/v1`` Secret; "API Concepts" (limit and continue, resource versions); "Using RBAC
Authorization" (a rule with ``resourceNames`` never allows ``create``, nor a ``list`` of everything). Refuses what the API
server refuses: no or an unknown token (401), a verb that no rule allows (403), another path or API version (404), a name
or a key that is none (422), a second one of the same name, an update of an old version (409), an expired ``continue``
(410). ``as=PartialObjectMetadata``, field selectors and watches are not spoken and answered with 400.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from wellkept.testing.certificates import Authority

PATH = re.compile(r"/api/v1/namespaces/([^/]+)/secrets(?:/([^/]+))?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
KEY = re.compile(r"[-._a-zA-Z0-9]+")
REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed",
    409: "AlreadyExists", 410: "Expired", 422: "Invalid",
}  # fmt: skip


class Rule(NamedTuple):
    """``verbs`` on Secrets of ``namespace``: on those of ``names``, or on all where it is ``None``."""

    namespace: str
    verbs: tuple[str, ...]
    names: tuple[str, ...] | None = None


class Refusal(Exception):
    def __init__(self, status: int, message: str, reason: str = "", name: str | None = None) -> None:
        super().__init__(message)
        self.details = {} if name is None else {"details": {"name": name, "kind": "secrets"}}
        self.status = status
        self.reason = reason or REASONS[status]


class KubernetesServer:
    """Listens on loopback at once, with TLS by ``authority``. ``accounts`` maps tokens to users, ``rules`` users to
    what they may do."""

    def __init__(self, authority: Authority) -> None:
        self.accounts: dict[str, str] = {}
        self.rules: dict[str, list[Rule]] = {}
        self.secrets: dict[tuple[str, str], dict] = {}
        self.revision = 100
        self.oldest_continue = 0
        self.lock = threading.Lock()
        double = self

        class Handler(_Handler):
            owner = double

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hung up first is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate_file, authority.key_file)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> KubernetesServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, headers, body: bytes) -> tuple[int, dict]:
        parts = urlsplit(target)
        scheme, _, token = (headers.get("Authorization") or "").partition(" ")
        user = self.accounts.get(token) if scheme == "Bearer" else None
        if user is None:
            raise Refusal(401, "Unauthorized")
        match = PATH.fullmatch(parts.path)
        if match is None:
            raise Refusal(404, "the server could not find the requested resource")
        namespace, name = match.groups()
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        verb = {"GET": "get" if name else "list", "POST": "create", "PUT": "update", "DELETE": "delete"}.get(
            method
        )
        if verb is None or (method == "POST") != (name is None and method != "GET"):
            raise Refusal(405, "the server does not allow this method on the requested resource")
        self.authorise(user, verb, namespace, name)
        if "watch" in query or "fieldSelector" in query or "as=" in (headers.get("Accept") or ""):
            raise Refusal(400, "this double does not speak that")
        with self.lock:
            if verb == "list":
                return 200, self.page(namespace, query)
            if verb in ("create", "update"):
                return (201 if verb == "create" else 200), self.write(namespace, name, body)
            found = self.secrets.get((namespace, name))
            if found is None:
                raise Refusal(404, f'secrets "{name}" not found', name=name)
            if verb == "delete":
                del self.secrets[namespace, name]
                return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
            return 200, found

    def authorise(self, user: str, verb: str, namespace: str, name: str | None) -> None:
        for rule in self.rules.get(user, ()):
            if (
                rule.namespace == namespace
                and verb in rule.verbs
                and (rule.names is None or name in rule.names)
            ):
                return
        about = f'secrets "{name}"' if name else "secrets"
        raise Refusal(
            403,
            f'{about} is forbidden: User "{user}" cannot {verb} resource "secrets" in API group "" in the namespace '
            f'"{namespace}"',
        )

    def page(self, namespace: str, query: dict[str, str]) -> dict:
        names = sorted(name for held, name in self.secrets if held == namespace)
        metadata = {"resourceVersion": str(self.revision)}
        if "continue" in query:
            revision, _, after = base64.b64decode(query["continue"]).decode().partition(" ")
            if int(revision) < self.oldest_continue:
                raise Refusal(410, "The provided continue parameter is too old")
            names = [name for name in names if name > after]
        limit = int(query.get("limit", 0)) or len(names)
        if len(names) > limit:
            token = f"{self.revision} {names[limit - 1]}".encode()
            metadata["continue"] = base64.b64encode(token).decode()
        items = [self.secrets[namespace, name] for name in names[:limit]]
        return {"kind": "SecretList", "apiVersion": "v1", "metadata": metadata, "items": items}

    def write(self, namespace: str, name: str | None, body: bytes) -> dict:
        try:
            given = json.loads(body)
            metadata = given["metadata"]
            new = name or metadata["name"]
            data = dict(given.get("data") or {})
            for value in data.values():
                base64.b64decode(value, validate=True)
            for key, value in (given.get("stringData") or {}).items():
                data[key] = base64.b64encode(value.encode()).decode()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(400, f"Secret in version v1 cannot be handled: {type(error).__name__}") from None
        if given.get("kind", "Secret") != "Secret" or given.get("apiVersion", "v1") != "v1":
            raise Refusal(400, "no kind of this name is registered for version v1")
        if metadata.get("name", new) != new or metadata.get("namespace", namespace) != namespace:
            raise Refusal(400, "the name of the object does not match the name on the URL")
        if not SUBDOMAIN.fullmatch(new) or len(new) > 253:
            raise Refusal(422, f'Secret "{new}" is invalid: metadata.name: a lowercase RFC 1123 subdomain')
        if any(not KEY.fullmatch(key) or key in (".", "..") or len(key) > 253 for key in data):
            raise Refusal(422, f'Secret "{new}" is invalid: data: a valid config key')
        if sum(len(base64.b64decode(value)) for value in data.values()) > 1024 * 1024:
            raise Refusal(
                422, f'Secret "{new}" is invalid: data: Too long: may not be more than 1048576 bytes'
            )
        held = self.secrets.get((namespace, new))
        if name is None and held is not None:
            raise Refusal(409, f'secrets "{new}" already exists')
        if name is not None:
            if held is None:
                raise Refusal(404, f'secrets "{new}" not found', name=name)
            if (
                metadata.get("resourceVersion", held["metadata"]["resourceVersion"])
                != held["metadata"]["resourceVersion"]
            ):
                raise Refusal(409, "the object has been modified", "Conflict")
        self.revision += 1
        made = {"name": new, "namespace": namespace, "resourceVersion": str(self.revision)}
        self.secrets[namespace, new] = {
            "kind": "Secret", "apiVersion": "v1", "metadata": made, "type": given.get("type") or "Opaque",
            **({"data": data} if data else {}),
        }  # fmt: skip
        return self.secrets[namespace, new]


class _Handler(BaseHTTPRequestHandler):
    owner: KubernetesServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, content = self.owner.answer(self.command, self.path, self.headers, body)
        except Refusal as refusal:
            status = refusal.status
            content = {
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": str(refusal), "reason": refusal.reason, "code": status,
                **refusal.details,
            }  # fmt: skip
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""
