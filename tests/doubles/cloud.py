"""What the clouds' doubles stand on: a loopback server that answers by a method, and tokens that cannot be made up.

Faults are played in front of the double (``fault``, ``refuse``, ``clear``), ``requests`` is all that was asked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import ssl
import time

from wellkept.testing.faults import FaultProxy, Reply

NOWHERE = "http://127.0.0.1:9"


class Double(FaultProxy):
    """A server that answers by itself instead of passing on. ``authority``: with TLS by it."""

    def __init__(self, authority=None):
        tls = None
        if authority is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(authority.certificate_file, authority.key_file)
        super().__init__(NOWHERE, tls=tls)

    def forward(self, request):
        return self.answer(request)

    def answer(self, request):
        raise NotImplementedError


class Issuer:
    """Makes tokens in the shape of JSON Web Tokens, and knows its own again. ``issued`` counts."""

    def __init__(self):
        self._key = secrets.token_bytes(32)
        self.issued = 0
        self.revoked = set()

    def issue(self, audience, *, lifetime=3600, **claims):
        self.issued += 1
        claims = {"aud": audience, "exp": time.time() + lifetime, "jti": self.issued, **claims}
        head = _encode(b'{"alg":"HS256","typ":"JWT"}') + "." + _encode(json.dumps(claims).encode())
        return f"{head}.{self._signature(head)}"

    def claims(self, token):
        """What a token of ours that is still good says; ``None`` for any other."""
        head, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, self._signature(head)) or token in self.revoked:
            return None
        payload = head.partition(".")[2]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims if claims["exp"] > time.time() else None

    def _signature(self, head):
        return _encode(hmac.digest(self._key, head.encode(), hashlib.sha256))


def bearer(request):
    scheme, _, token = request.header("authorization").partition(" ")
    return token if scheme == "Bearer" else ""


def reply(status, content=None, headers=None):
    body = b"" if content is None else json.dumps(content).encode()
    return Reply(status, [("Content-Type", "application/json"), *(headers or {}).items()], body)


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
