"""GitHub Actions' identity: the OIDC token that a job with ``permissions: id-token: write`` may ask for.

Source: GitHub's "OpenID Connect reference": the runner sets ``ACTIONS_ID_TOKEN_REQUEST_URL`` and
``ACTIONS_ID_TOKEN_REQUEST_TOKEN``; the answer is ``{"value": JWT}``.
"""

from __future__ import annotations

import os
import time
from urllib.parse import quote, urlsplit

from ...errors import ConfigError, Denied, Malformed
from .._http import HttpClient
from .answers import parse, sort_failure
from .options import is_loopback


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
    target = f"?{parts.query}" if parts.query else ""
    if audience:
        target += f"{'&' if target else '?'}audience={quote(audience, safe='')}"
    headers = {"Authorization": f"bearer {bearer}", "Accept": "application/json; api-version=2.0"}
    client = HttpClient(f"{parts.scheme}://{parts.netloc}{parts.path}")
    what = "asking GitHub for the job's OIDC token"
    try:
        answer = client.request("GET", target, headers=headers, timeout=max(deadline - time.monotonic(), 0.0))
    finally:
        client.close()
    if answer.status != 200:
        raise sort_failure(answer, what, name=None, source=source)
    jwt = parse(answer, what, name=None, source=source).get("value")
    if not isinstance(jwt, str) or not jwt:
        raise Malformed(f"{source}: {what}: the answer holds no token", source=source)
    return jwt
