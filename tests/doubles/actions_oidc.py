"""A double of GitHub Actions' token service, as the runner's variables describe it to a job.

Source: GitHub's "OpenID Connect reference": ``GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=A`` with
``Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN`` answers ``{"value": JWT}``. Refuses another path (404),
another method (405) and a wrong bearer (401). It signs with ``key`` (RS256); ``jwks`` is what a verifier needs.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PATH = "/idtoken"
ISSUER = "https://token.actions.githubusercontent.com"


class ActionsTokenServer:
    """Listens on loopback at once. ``environment`` is what the runner would set for the job."""

    def __init__(self, subject: str = "repo:acme/shop:ref:refs/heads/main") -> None:
        self.subject = subject
        self.bearer = "runner-request-token-0123456789"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.asked: list[str] = []
        double = self

        class Handler(_Handler):
            owner = double

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        url = f"http://127.0.0.1:{self._server.server_address[1]}{PATH}?api-version=2.0"
        self.environment = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.bearer,
        }
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def public_key(self) -> str:
        """The verifying key, PEM."""
        return public_pem(self.key)

    def token(self, audience: str) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": self.subject,
            "aud": audience,
            "iat": now,
            "nbf": now - 5,
            "exp": now + 300,
        }
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "test"})

    def __enter__(self) -> ActionsTokenServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


class _Handler(BaseHTTPRequestHandler):
    owner: ActionsTokenServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        self.owner.asked.append(self.path)
        if parts.path != PATH or query.get("api-version") != ["2.0"]:
            return self._answer(404, {"message": "not found"})
        if self.headers.get("Authorization", "").lower() != f"bearer {self.owner.bearer}":
            return self._answer(401, {"message": "unauthorized"})
        audience = query.get("audience", ["https://github.com/acme"])[0]
        return self._answer(200, {"count": 1, "value": self.owner.token(audience)})

    def _answer(self, status: int, content: dict) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""
