"""``ServedAudit``: what a line says of a request to a server, and the handing of it to the devices.

It has what the embedded store's record has (when, who, from where, what, on which path and version, and how
it ended), and besides: the mount, the token by its hashed accessor, headers that were asked for, and what
was granted: a token, a lease, a wrapping. Tokens and values appear as keyed digests only; of an error, the
kind and status, never its text.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote
from typing import TYPE_CHECKING, Any

from ..audit import cut, outcome_of, timestamp
from ..digests import Digests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...clock import Clock
    from ...storage.protocol import Storage
    from ..audit_chain import Chain
    from ..mount import Mount
    from ..request import Request, Response
    from ..tokens.token import Token
    from .broker import Broker

HEADERS = "core/audit/headers"
ALWAYS = {"x-correlation-id": False, "user-agent": False}
"""Headers that are recorded without being asked for; ``True`` would be: as digests."""

_MOST_CALLERS = 4096


class ServedAudit:
    """Builds records for ``broker``; one for a process. ``chain`` makes the digests, ``storage`` has the settings."""

    def __init__(self, broker: Broker, chain: Chain, storage: Storage, clock: Clock) -> None:
        self.broker = broker
        self._chain = chain
        self._storage = storage
        self._time = clock.time
        self._callers: dict[str, tuple[Token, str]] = {}
        self._mounts: dict[str, tuple[Mount, str]] = {}
        self._shown: dict[tuple[tuple[str, str | None], ...], tuple[Mapping[str, bool], str]] = {}
        self._headers: tuple[int, int | None, Mapping[str, bool]] = (-1, -1, {})

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
        """One record as JSON members; see ``core.audit.Audit.record``."""
        mount, caller = request.mount, request.caller
        text = (
            f'"time":"{timestamp(self._time())}","type":"{kind}","id":{_text(request.id)},'
            f'"client":{{"address":{_text(request.client.address)}}},'
            f'"operation":"{operation or request.operation}","path":{_text(request.path)}'
            f"{'' if caller is None else self._caller(caller)}{'' if mount is None else self._mount(mount)}"
        )
        if version is not None:
            text += f',"version":{version}'
        if kind == "response":
            if error is None:
                text += ',"outcome":"ok"'
            else:
                status = int(getattr(error, "status", None) or 500)
                name = _text(type(error).__name__)
                text += f',"outcome":"{outcome_of(error)}","error":{name},"status":{status}'
        if request.wrap_ttl:
            text += f',"wrap_ttl":{int(request.wrap_ttl)}'
        if request.headers:
            text += self._header(request.headers)
        if response is not None and (response.auth or response.lease or response.wrap_info):
            text += self._granted(response)
        if isinstance(values, Digests) and not clear:
            return f'{text},"data":{values.fragment or values.text(self._digested)}'
        return f'{text},"data":{self._data(clear, values, mount, kind)}'

    def write(self, records: Sequence[str]) -> None:
        """Hand ``records`` to the devices. Raises ``AuditError``: then nothing may be answered."""
        self.broker.append(records)

    @property
    def prompt(self) -> bool:
        """Whether ``write`` waits for nobody, so that it may be done on an event loop."""
        return self.broker.prompt

    def sync(self) -> None:
        """See to it that what was written is on disk. Raises ``AuditError``: then nothing may be done or answered."""
        self.broker.sync()

    def reopen(self) -> None:
        """The devices' files were rotated (SIGHUP). Raises ``AuditError``."""
        self.broker.reopen()

    def close(self) -> None:
        """Note where the chains end, and close the devices."""
        self.broker.close()

    def _data(
        self,
        clear: Mapping[str, Any] | None,
        values: Mapping[str, bytes] | None,
        mount: Mount | None,
        kind: str,
    ) -> str:
        if not clear and not values:
            return "{}"
        parts = []
        if clear:
            import json

            parts.append(json.dumps(clear, separators=(",", ":"), default=_unknown)[1:-1])
        shown: Sequence[str] = ()
        if mount is not None:
            config = mount.config
            shown = (
                config.audit_non_hmac_request_keys
                if kind == "request"
                else config.audit_non_hmac_response_keys
            )
        digest = self._chain.digest
        for name, value in (values or {}).items():
            if name in shown:
                parts.append(f"{quote(name)}:{_text(value.decode('utf-8', 'replace'))}")
            else:
                parts.append(f'{quote(name)}:"{digest(value)}"')
        return "{" + ",".join(part for part in parts if part) + "}"

    def _digested(self, values: Mapping[str, bytes]) -> str:
        digest = self._chain.digest
        return "{" + ",".join(f'{quote(name)}:"{digest(value)}"' for name, value in values.items()) + "}"

    def _caller(self, caller: Token) -> str:
        name = caller.accessor or caller.key or caller.display_name
        known = self._callers.get(name)
        if known is not None and known[0] is caller:
            return known[1]
        policies = ",".join(map(_text, caller.policies))
        accessor = self._accessor(caller.accessor) if caller.accessor else ""
        text = (
            f',"identity":{{"name":{_text(caller.display_name)},"policies":[{policies}]}},'
            f'"token":{{"type":{_text(caller.type)},"accessor":"{accessor}"}}'
        )
        if caller.entity_id:
            text += f',"entity":{_text(caller.entity_id)}'
        if len(self._callers) >= _MOST_CALLERS:
            self._callers.clear()
        self._callers[name] = (caller, text)
        return text

    def _accessor(self, accessor: str) -> str:
        return self._chain.digest(accessor.encode())

    def _mount(self, mount: Mount) -> str:
        known = self._mounts.get(mount.path)
        if known is not None and known[0] is mount:
            return known[1]
        text = f',"mount":{{"path":{_text(mount.path)},"type":{_text(mount.kind)},"accessor":{_text(mount.accessor)}}}'
        if len(self._mounts) > 1024:
            self._mounts.clear()
        self._mounts[mount.path] = (mount, text)
        return text

    def _granted(self, response: Response) -> str:
        text = ""
        auth, lease, wrap = response.auth, response.lease, response.wrap_info
        if auth is not None and wrap is None:
            policies = ",".join(map(_text, auth.token_policies or auth.policies))
            token = f'"{self.digest(auth.client_token.encode())}"' if auth.client_token else "null"
            accessor = f'"{self._accessor(auth.accessor)}"' if auth.accessor else "null"
            text += (
                f',"auth":{{"token":{token},"accessor":{accessor},"type":{_text(auth.issued_type)},'
                f'"name":{_text(auth.display_name)},"policies":[{policies}],"ttl":{int(auth.lease_duration)}}}'
            )
        if lease is not None and lease.lease_id:
            text += f',"lease":{{"id":{_text(lease.lease_id)},"ttl":{int(lease.duration)}}}'
        if wrap is not None:
            text += (
                f',"wrap":{{"token":"{self.digest(wrap.token.encode())}",'
                f'"accessor":"{self._accessor(wrap.accessor)}","ttl":{int(wrap.ttl)},'
                f'"path":{_text(wrap.creation_path)}}}'
            )
        return text

    def headers(self) -> Mapping[str, bool]:
        """Headers to be recorded, in lower case, and whether as digests."""
        revision = self._storage.revision()
        known = self._headers
        if known[0] == revision:
            return known[2]
        entry = self._storage.get(HEADERS)
        found = None if entry is None else entry.revision
        table = known[2]
        if known[1] != found:
            import json

            asked = {} if entry is None else json.loads(entry.value)
            table = {**ALWAYS, **{name.lower(): bool(row.get("hmac")) for name, row in asked.items()}}
        self._headers = (revision, found, table)
        return table

    def _header(self, headers: Mapping[str, str]) -> str:
        table = self.headers()
        found = tuple([(name, headers.get(name)) for name in table])
        known = self._shown.get(found)
        if known is not None and known[0] is table:
            return known[1]
        parts = []
        for name, value in found:
            if value is not None:
                shown = f'"{self.digest(value.encode())}"' if table[name] else _text(value)
                parts.append(f"{quote(name)}:{shown}")
        text = f',"headers":{{{",".join(parts)}}}' if parts else ""
        if len(self._shown) >= 256:
            self._shown.clear()
        self._shown[found] = (table, text)  # clients say the same of themselves each time
        return text


def _text(value: object) -> str:
    return quote(cut(value))


def _unknown(value: object) -> str:
    return type(value).__name__
