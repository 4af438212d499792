"""What went wrong at Key Vault, sorted by its own error codes.

Sources: "Azure Key Vault REST API error codes" and "Authentication, requests and responses" (learn.microsoft.com).
A code that is not known is judged by the HTTP status and never becomes ``NotFound``: a missing secret may fall
back to a default, so only Key Vault's own word counts as missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import Denied, Malformed, NotFound, Throttled, Unavailable
from .._cloud import Failure, parsed, part, retry_after

if TYPE_CHECKING:
    from ..vault.http1 import Answer

_WHY = {
    "ForbiddenByRbac": "no role assignment allows it; 'Key Vault Secrets User' on this secret is enough",
    "ForbiddenByPolicy": "the vault's access policy does not allow it; it needs 'get' for secrets",
    "ForbiddenByFirewall": "the vault's firewall does not let this address in",
    "ForbiddenByConnection": "the vault lets in private connections only",
}


def sort(answer: Answer) -> Failure:
    """The ``Failure`` that an answer other than 200 means."""
    code, inner = _codes(answer)
    shown = inner or code or f"status {answer.status}"
    if code == "SecretNotFound":
        return Failure(NotFound, "the vault has no such secret or version (SecretNotFound)")
    if "SecretDisabled" in (code, inner):
        return Failure(NotFound, "the secret is disabled (SecretDisabled); enable it, or write a new version")
    if answer.status == 409 and inner == "ObjectIsDeletedButRecoverable":
        return Failure(NotFound, "the secret is deleted but can be recovered (ObjectIsDeletedButRecoverable)")
    if answer.status == 429 or code in ("Throttled", "TooManyRequests"):
        return Failure(Throttled, f"Key Vault asks to come back later ({shown})", retry_after(answer))
    if answer.status >= 500 or code == "RequestTimeout":
        return Failure(Unavailable, f"Key Vault is not available ({shown})")
    if answer.status == 401:
        return Failure(Denied, f"Key Vault does not accept the token ({shown})")
    if answer.status == 403:
        why = _WHY.get(inner)
        return Failure(Denied, f"Key Vault denies this ({shown})" + (f": {why}" if why else ""))
    if answer.status == 400 and code == "BadParameter":
        return Failure(Malformed, "Key Vault does not take the request (BadParameter)")
    return Failure(Malformed, f"no answer of Key Vault ({shown}); is the endpoint right?")


def _codes(answer: Answer) -> tuple[str, str]:
    error = part(parsed(answer.body) or {}, "error")
    return _clean(error.get("code")), _clean(part(error, "innererror").get("code"))


def _clean(code: Any) -> str:
    return code if isinstance(code, str) and code.isalnum() and code.isascii() and len(code) <= 60 else ""
