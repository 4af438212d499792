"""GitHub Actions' identity: the OIDC token that a job with ``permissions: id-token: write`` may ask for.

Source: GitHub's "OpenID Connect reference": the runner sets ``ACTIONS_ID_TOKEN_REQUEST_URL`` and
``ACTIONS_ID_TOKEN_REQUEST_TOKEN``; the answer is ``{"value": JWT}``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from ...errors import ConfigError, Denied, Malformed
from .answers import parse, sort_failure
from .options import is_loopback
from .transport import Pool

if TYPE_CHECKING:
    import ssl


def fetch_token(source: str, audience: str, deadline: float) -> str:
    """A fresh JWT of the running job. Raises ``Denied`` where there is no job, and what the exchange raises."""
    url = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    bearer = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not url or not bearer:
        raise Denied(
            f"{source}: no JWT to log in with: name jwt_file= or jwt_env=; in GitHub Actions, the job needs "
            "'permissions: id-token: write' (ACTIONS_ID_TOKEN_REQUEST_URL is not set)",
            source=source,
        )
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    if not host or not (secure or (parts.scheme == "http" and is_loopback(host))):
        raise ConfigError(f"{source}: ACTIONS_ID_TOKEN_REQUEST_URL must be https://...")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if audience:
        target += f"{'&' if parts.query else '?'}audience={quote(audience, safe='')}"
    if not (bearer + target + host).isascii() or any(c.isspace() for c in bearer + target + host):
        raise ConfigError(f"{source}: ACTIONS_ID_TOKEN_REQUEST_URL or _TOKEN holds characters that it cannot")
    request = (
        f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: bearer {bearer}\r\n"
        "Accept: application/json; api-version=2.0\r\nUser-Agent: wellkept\r\nConnection: close\r\n\r\n"
    ).encode("ascii")
    pool = Pool(host, parts.port or (443 if secure else 80), _context if secure else None)
    what = "asking GitHub for the job's OIDC token"
    answer = pool.exchange(request, deadline, again=False)
    if answer.status != 200:
        raise sort_failure(answer, what, name=None, source=source)
    jwt = parse(answer, what, name=None, source=source).get("value")
    if not isinstance(jwt, str) or not jwt:
        raise Malformed(f"{source}: {what}: the answer holds no token", source=source)
    return jwt


def _context() -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context()
