"""What went wrong at Secret Manager, sorted by ``google.rpc.Code`` (https://cloud.google.com/apis/design/errors).

A status that is not known is judged by HTTP's and never becomes ``NotFound``: a missing secret may fall back to a
default, so only Google's own word counts as missing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...errors import Denied, Malformed, NotFound, Throttled, Unavailable
from .._cloud import Failure, objects, parsed, part, retry_after

if TYPE_CHECKING:
    from ..vault.http1 import Answer

_STATE = re.compile(r"\bis in (DISABLED|DESTROYED) state\b")


def sort(answer: Answer) -> Failure:
    """The ``Failure`` that an answer other than 200 means."""
    error = part(parsed(answer.body) or {}, "error")
    code, message = _clean(error.get("status")), error.get("message")
    message = message if isinstance(message, str) else ""
    shown = code or f"status {answer.status}"
    if code == "NOT_FOUND":
        return Failure(NotFound, "the project has no such secret or version (NOT_FOUND)")
    if code == "FAILED_PRECONDITION":
        return _precondition(message)
    if code == "RESOURCE_EXHAUSTED" or answer.status == 429:
        after = _delay(error)
        return Failure(
            Throttled,
            f"Google asks to come back later ({shown})",
            retry_after(answer) if after is None else after,
        )
    if code == "UNAUTHENTICATED" or answer.status == 401:
        return Failure(Denied, f"Google does not accept the token ({shown})")
    if code == "PERMISSION_DENIED" or answer.status == 403:
        return Failure(Denied, f"Google denies this ({shown}){_why(error)}")
    if answer.status >= 500 or code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "INTERNAL"):
        return Failure(Unavailable, f"Secret Manager is not available ({shown})")
    if code == "INVALID_ARGUMENT":
        return Failure(Malformed, "Secret Manager does not take the request (INVALID_ARGUMENT)")
    return Failure(Malformed, f"no answer of Secret Manager ({shown}); is the endpoint right?")


def _precondition(message: str) -> Failure:
    """A version that is switched off is absent. A key that may not be used, like any other condition, is a denial:
    disabling a key is a way of revoking (decision 70)."""
    state = _STATE.search(message)
    if state is not None:
        what = "disabled; enable it" if state[1] == "DISABLED" else "destroyed; nothing brings it back"
        return Failure(NotFound, f"the version is {what}, or add a new version")
    if "KMS" in message or "key" in message.lower():
        return Failure(Denied, "the Cloud KMS key that encrypts it may not be used (FAILED_PRECONDITION)")
    return Failure(Denied, "Google refuses it in the state it is in (FAILED_PRECONDITION)")


def _why(error: dict[str, Any]) -> str:
    reasons = {_clean(detail.get("reason")) for detail in objects(error, "details")}
    if "SERVICE_DISABLED" in reasons:
        return ": the API is off in this project; `gcloud services enable secretmanager.googleapis.com`"
    return ": 'roles/secretmanager.secretAccessor' on this secret is enough"


def _delay(error: dict[str, Any]) -> float | None:
    """``google.rpc.RetryInfo``: ``"retryDelay": "3.5s"``."""
    for detail in objects(error, "details"):
        found = re.fullmatch(r"(\d{1,5}(?:\.\d{1,9})?)s", str(detail.get("retryDelay", "")))
        if found:
            return float(found[1])
    return None


def _clean(code: Any) -> str:
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z_]{1,60}", code) else ""
