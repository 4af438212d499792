"""What a vault asks for in ``WWW-Authenticate``, and whether it may.

A token that is sent to whoever asks for it is a token given away: a challenge is followed only when it asks for
a token for the very domain that the vault is named by. The same rule stands in Microsoft's client
(``verify_challenge_resource``, https://aka.ms/azsdk/blog/vault-uri); here it cannot be turned off, because the
vault's name decides and not the address at which it is reached.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PARAMETER = re.compile(r'([A-Za-z_]+)="([^"]*)"')
_TENANT = re.compile(r"[0-9A-Za-z.-]{1,100}")


class Challenge(NamedTuple):
    """``resource`` as the vault wrote it, ``tenant`` and ``claims`` (decoded) where it says them."""

    resource: str
    tenant: str | None
    claims: str | None

    def is_for(self, domain: str) -> bool:
        """Whether it asks for a token for ``domain`` and for nothing else."""
        return not self.resource or re.fullmatch(
            rf"https://{re.escape(domain)}/?(?:\.default)?/?", self.resource, re.IGNORECASE
        ) is not None  # fmt: skip


def parse(header: str) -> Challenge | None:
    """The challenge in a ``WWW-Authenticate`` header; ``None`` when it is none that can be answered."""
    scheme, _, rest = header.strip().partition(" ")
    found = {key.lower(): value for key, value in _PARAMETER.findall(rest)}
    where = found.get("authorization") or found.get("authorization_uri") or ""
    if scheme.lower() != "bearer" or not where.startswith("https://"):
        return None
    tenant = where[8:].partition("/")[2].partition("/")[0]
    if tenant and not _TENANT.fullmatch(tenant):
        return None
    claims = _decoded(found["claims"]) if "claims" in found else None
    return Challenge(found.get("resource") or found.get("scope") or "", tenant or None, claims)


def _decoded(text: str) -> str | None:
    from base64 import urlsafe_b64decode

    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
