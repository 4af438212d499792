"""Sorting of what the server answers: which status is which error, and what may be said about it.

The server's own text is repeated only for logins, with everything that was sent struck out; elsewhere it is
matched against the few phrases known to matter, because an answer that is no answer may quote anything.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...errors import Denied, Malformed, NotFound, SecretError, Throttled, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .http1 import Answer

GATEWAY = "; what answered may not be the server itself but something in between"


def sort_failure(answer: Answer, what: str, *, name: str | None, source: str) -> SecretError:
    """The error for an ``answer`` that is no success; ``what`` begins its message, as ``reading 'x'``."""
    status, body = answer.status, answer.body
    message = f"{source}: {what}: "
    where = {"name": name, "source": source}
    if status == 404:
        if b"no handler for route" in body:
            return NotFound(message + "nothing is mounted there (is the mount's name right?)", **where)
        return NotFound(message + "not found", **where)
    if status in (401, 403):
        return Denied(message + "permission denied (does the token's policy allow it?)", **where)
    if status in (412, 429):
        return Throttled(
            message + f"asked to come back later ({status})", retry_after=retry_after(answer), **where
        )
    if status == 503 and b"sealed" in body:
        return Unavailable(message + "the server is sealed", **where)
    if status == 400 and b"Upgrading from non-versioned" in body:
        return Unavailable(message + "the engine is being upgraded to versions", **where)
    if status >= 500 or status in (408, 425, 472, 473):
        return Unavailable(message + f"the server answered {status}", **where)
    if 300 <= status < 400:
        return Unavailable(
            message + f"the server sends elsewhere ({status}); name the active node" + GATEWAY, **where
        )
    return Malformed(message + f"the server refused the request ({status})", **where)


def retry_after(answer: Answer) -> float | None:
    """The ``Retry-After`` header in seconds, when it is a number from 0 to a day."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 6:
        return min(float(text), 86400.0)
    return None


def parse(answer: Answer, what: str, *, name: str | None, source: str) -> dict[str, Any]:
    """The JSON object of an ``answer``; empty for one without content. Raises ``Malformed``."""
    if not answer.body and answer.status == 204:
        return {}
    parsed = _load(answer.body)
    if not isinstance(parsed, dict):
        raise Malformed(
            f"{source}: {what}: the answer is not Vault's JSON{GATEWAY}", name=name, source=source
        )
    return parsed


def explain(answer: Answer, sent: Iterable[str]) -> str:
    """The server's own words on a refused login, in one line, with every string of ``sent`` struck out."""
    parsed = _load(answer.body)
    errors = parsed.get("errors") if isinstance(parsed, dict) else None
    if not isinstance(errors, list):
        return f"status {answer.status}"
    text = " ".join(" ".join(part for part in errors if isinstance(part, str)).split())
    for value in sorted(sent, key=len, reverse=True):
        if value:
            text = text.replace(value, "[removed]")
    text = "".join(character for character in text if character.isprintable())[:300]
    return f"{text} ({answer.status})" if text else f"status {answer.status}"


def _load(body: bytes) -> Any:
    """Parsed JSON, or ``None``; the error would quote the text, so it goes no further."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def part(answer: Answer, key: str) -> dict[str, Any] | None:
    """The object under ``key`` of an answer's object, or ``None``."""
    parsed = _load(answer.body)
    found = parsed.get(key) if isinstance(parsed, dict) else None
    return found if isinstance(found, dict) else None


def auth_of(answer: Answer | None) -> dict[str, Any] | None:
    """What a login or a renewal was answered with, or ``None``."""
    return None if answer is None or answer.status != 200 else part(answer, "auth")
