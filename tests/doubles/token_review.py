"""A double of the one call that a ``kubernetes`` login makes: the API server's TokenReview.

Source: Kubernetes API reference, ``authentication.k8s.io/v1`` TokenReview. Refuses what the API server refuses:
another path or API version (404), no or a wrong bearer token of the reviewer (401), a body that is no
TokenReview (400). A token that it does not know is answered with 201 and ``authenticated: false``.
"""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wellkept.testing.certificates import Authority

PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
VERSION = "authentication.k8s.io/v1"


class TokenReviewServer:
    """Listens on loopback at once, with TLS by ``authority``.

    ``reviewer`` is the token of who may review; ``accounts`` maps a service account's token to
    ``(namespace, name, uid)``.
    """

    def __init__(self, reviewer: str, authority: Authority) -> None:
        self.reviewer = reviewer
        self.accounts: dict[str, tuple[str, str, str]] = {}
        double = self

        class Handler(_Handler):
            owner = double

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate_file, authority.key_file)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def review(self, token: str, audiences: list[str]) -> dict:
        """The status of a review. The API server names those of the audiences asked for that the token is for."""
        account = self.accounts.get(token)
        if account is None:
            return {"authenticated": False, "error": "invalid bearer token"}
        namespace, name, uid = account
        user = {
            "username": f"system:serviceaccount:{namespace}:{name}",
            "uid": uid,
            "groups": [
                "system:serviceaccounts",
                f"system:serviceaccounts:{namespace}",
                "system:authenticated",
            ],
        }
        return {"authenticated": True, "user": user, "audiences": audiences}

    def __enter__(self) -> TokenReviewServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: TokenReviewServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != PATH:
            return self._answer(404, {"kind": "Status", "code": 404})
        if self.headers.get("Authorization") != f"Bearer {self.owner.reviewer}":
            return self._answer(401, {"kind": "Status", "code": 401, "message": "Unauthorized"})
        try:
            review = json.loads(body)
            assert (
                review.get("kind", "TokenReview") == "TokenReview"
            )  # the path says it where the body does not
            assert review.get("apiVersion", VERSION) == VERSION
            token, audiences = review["spec"]["token"], review["spec"].get("audiences") or []
        except (ValueError, KeyError, TypeError, AssertionError):
            return self._answer(400, {"kind": "Status", "code": 400})
        kind = {"kind": "TokenReview", "apiVersion": VERSION}
        return self._answer(201, {**review, **kind, "status": self.owner.review(token, audiences)})

    def _answer(self, status: int, content: dict) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""
