"""AWS Signature Version 4 for the one kind of request made here: POST, no query, a JSON body.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. The tests
compare every signature with botocore's own signer, byte by byte.
"""

from __future__ import annotations

import time
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    """Whom to sign as. ``token`` comes with temporary credentials. Never printed."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"<Credentials {self.access_key}>"


def signed(
    headers: Mapping[str, str],
    body: bytes,
    *,
    host: str,
    path: str,
    service: str,
    region: str,
    credentials: Credentials,
    now: float,
) -> dict[str, str]:
    """``headers`` with those that sign them: lower-case names throughout. ``now`` in seconds since the epoch."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    everything = {**headers, "host": host, "x-amz-date": moment}
    if credentials.token:
        everything["x-amz-security-token"] = credentials.token
    names = sorted(everything)
    listed = ";".join(names)
    canonical = "\n".join(
        (
            "POST",
            path,
            "",
            *(f"{name}:{' '.join(everything[name].split())}" for name in names),
            "",
            listed,
            sha256(body).hexdigest(),
        )
    )
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = f"{ALGORITHM}\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + credentials.secret_key).encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(), "sha256")
    signature = digest(key, text.encode(), "sha256").hex()
    everything["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={listed}, Signature={signature}"
    )
    return everything
