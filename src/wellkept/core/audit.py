"""The audit record: what one line says of one request.

``request`` lines are written before a mutation takes effect, ``response`` lines before an answer leaves;
a read has only the latter, for it has no effect that could be lost. A line says when, who, from where,
what, on which path and version, and how it ended. Values stand in it as keyed digests; of an error only
the kind, never its text. The chain that makes the lines tamper-evident is ``audit_chain``'s.
"""

from __future__ import annotations

import time
from json.encoder import encode_basestring_ascii as _quote
from typing import TYPE_CHECKING, Any

from ..errors import (
    Conflict,
    Denied,
    InvalidRequest,
    NotFound,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..clock import Clock
    from .audit_chain import Chain
    from .audit_file import AuditFile
    from .request import Client, Identity, Request, Response

_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (Denied, "denied"),
    (NotFound, "not_found"),
    (InvalidRequest, "invalid"),
    (Conflict, "conflict"),
)
_BY_STATUS = {400: "invalid", 403: "denied", 404: "not_found", 405: "invalid", 412: "conflict", 429: "denied"}
"""Of a ``Refusal``, which is of no other kind."""
_MAX_TEXT = 2048


class Audit:
    """Builds records and hands them to the file; one for a core."""

    def __init__(self, file: AuditFile, chain: Chain, clock: Clock) -> None:
        self.file = file
        self._chain = chain
        self._time = clock.time
        self._who: tuple[Identity, Client, str] | None = None

    def digest(self, value: bytes) -> str:
        """The keyed digest under which ``value`` appears in the record."""
        return self._chain.digest(value)

    def record(
        self,
        kind: str,
        request: Request,
        *,
        operation: str | None = None,
        clear: Mapping[str, Any] | None = None,
        values: Mapping[str, bytes] | None = None,
        version: int | None = None,
        error: BaseException | None = None,
        response: Response | None = None,
    ) -> str:
        """One record as JSON members. ``kind`` is request or response; ``clear`` are parameters that may
        be read, ``values`` those that appear as digests; ``error`` is how it ended, when not well. What else
        is in the ``response`` is the served record's business."""
        text = (
            f'"time":"{timestamp(self._time())}","type":"{kind}","id":{_text(request.id)},'
            f"{self._who_json(request.identity, request.client)},"
            f'"operation":{_text(operation or request.operation)},'
            f'"path":{_text(request.path)},"version":{"null" if version is None else version}'
        )
        if kind == "response":
            cause = "null" if error is None else _text(type(error).__name__)
            text += f',"outcome":"{outcome_of(error)}","error":{cause}'
        return f'{text},"data":{self._data(clear, values)}'

    def _data(self, clear: Mapping[str, Any] | None, values: Mapping[str, bytes] | None) -> str:
        digests = (
            [f'{_quote(name)}:"{self._chain.digest(value)}"' for name, value in values.items()]
            if values
            else []
        )
        if clear:
            import json

            digests.insert(0, json.dumps(clear, separators=(",", ":"))[1:-1])
        return "{" + ",".join(digests) + "}"

    def write(self, records: Sequence[str]) -> None:
        """Make ``records`` durable. Raises ``AuditError``: then nothing may be answered."""
        self.file.append(records)

    @property
    def prompt(self) -> bool:
        """Whether ``write`` waits for nobody: it syncs."""
        return False

    def sync(self) -> None:
        """Nothing is left to do: ``write`` syncs."""

    def _who_json(self, identity: Identity, client: Client) -> str:
        known = self._who  # one tuple, so that threads with different callers never mix them
        if known is not None and known[0] is identity and known[1] is client:
            return known[2]
        address = f',"address":{_text(client.address)}' if client.address else ""
        policies = ",".join(_text(policy) for policy in identity.policies)
        text = (
            f'"identity":{{"name":{_text(identity.name)},"policies":[{policies}]}},'
            f'"client":{{"user":{_text(client.user)},"pid":{int(client.pid)},'
            f'"process":{_text(client.process)},"host":{_text(client.host)}{address}}}'
        )
        self._who = (identity, client, text)
        return text


def outcome_of(error: BaseException | None) -> str:
    """ok, denied, not_found, invalid, conflict or error."""
    if error is None:
        return "ok"
    for kind, word in _OUTCOMES:
        if isinstance(error, kind):
            return word
    return _BY_STATUS.get(getattr(error, "status", None) or 500, "error")


def timestamp(moment: float) -> str:
    """RFC 3339, UTC, microseconds."""
    global _second
    seconds, micro = divmod(round(moment * 1_000_000), 1_000_000)
    known = _second
    if known[0] != seconds:
        year, month, day, hour, minute, second = time.gmtime(seconds)[:6]
        known = (seconds, f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.")
        _second = known
    return f"{known[1]}{micro:06}Z"


_second = (-1, "")
"""The last second that was asked for, and its text; one tuple, so that threads never mix two."""


def _text(value: object) -> str:
    return _quote(cut(value))


def cut(value: object) -> str:
    """``value`` when it is text, shortened to what a record takes; of anything else only the type."""
    text = value if isinstance(value, str) else type(value).__name__
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
