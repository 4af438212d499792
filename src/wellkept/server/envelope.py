"""The JSON around an answer, field by field as Vault's clients read it."""

from __future__ import annotations

from time import gmtime, strftime
from typing import TYPE_CHECKING, Any

from orjson import OPT_NON_STR_KEYS, Fragment, dumps

from ..core.request import NOTHING, Raw
from .exchange import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.grant import AuthGrant, WrapInfo
    from ..core.request import Request, Response

_AT_TOP = frozenset(
    {
        "sys/audit", "sys/auth", "sys/config/cors", "sys/config/auditing/request-headers", "sys/capabilities",
        "sys/capabilities-accessor", "sys/capabilities-self", "sys/ha-status", "sys/key-status", "sys/mounts",
        "sys/policy", "sys/rekey/backup", "sys/rekey/recovery-key-backup", "sys/remount", "sys/rotate",
        "sys/wrapping/wrap",
    }
)  # fmt: skip
_AT_TOP_BELOW = (
    "sys/audit/", "sys/audit-hash/", "sys/auth/", "sys/config/auditing/request-headers/", "sys/mounts/",
    "sys/policy/",
)  # fmt: skip
"""Where the data stands at the top of the answer as well, as it did before there was an envelope."""

_EMPTY = b',"wrap_info":null,"warnings":null,"auth":null}\n'
_HEAD = b'{"request_id":"%b","lease_id":"","renewable":false,"lease_duration":0,"data":%b'


def answer(request: Request, response: Response) -> Answer:
    """``response`` as it goes out."""
    headers = (
        tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items())
        if response.headers
        else ()
    )
    if response.raw is not None:
        kind, content = response.raw
        return Answer(response.status or 200, content, kind.encode("latin-1"), headers)
    plain = (
        response.auth is None
        and response.lease is None
        and response.wrap_info is None
        and not response.warnings
    )
    if plain and not request.path.startswith("sys/"):
        if not response.data and response.status != 200:
            return Answer(response.status or 204, headers=headers)
        data = encode(response.data) if response.data or response.data is NOTHING else b"null"
        body = _HEAD % (request.id.encode(), data) + _EMPTY
        return Answer(response.status or 200, body, headers=headers)
    if plain and not response.data and response.status != 200:
        return Answer(response.status or 204, headers=headers)
    return Answer(response.status or 200, _whole(request, response), headers=headers)


def encode(value: Any) -> bytes:
    """JSON; ``Raw`` passes as it is."""
    return dumps(value, default=_other, option=OPT_NON_STR_KEYS)


def _whole(request: Request, response: Response) -> bytes:
    lease = response.lease
    data: Mapping[str, Any] | None = response.data or ({} if response.data is NOTHING else None)
    document: dict[str, Any] = {}
    if data is not None and at_top(request.path):
        document.update(data)
    document["request_id"] = request.id
    document["lease_id"] = lease.lease_id if lease is not None else ""
    document["renewable"] = bool(lease is not None and lease.renewable and lease.lease_id)
    document["lease_duration"] = lease.duration if lease is not None else 0
    document["data"] = data
    document["wrap_info"] = None if response.wrap_info is None else wrap_info(response.wrap_info)
    document["warnings"] = list(response.warnings) or None
    document["auth"] = None if response.auth is None else auth(response.auth)
    return encode(document) + b"\n"


def at_top(path: str) -> bool:
    """Whether the data of ``path`` stands at the top besides."""
    return path.startswith("sys/") and (path in _AT_TOP or path.startswith(_AT_TOP_BELOW))


def wrap_info(info: WrapInfo) -> dict[str, Any]:
    shown = {
        "token": info.token,
        "accessor": info.accessor,
        "ttl": info.ttl,
        "creation_time": moment(info.creation_time),
        "creation_path": info.creation_path,
    }
    if info.wrapped_accessor:
        shown["wrapped_accessor"] = info.wrapped_accessor
    return shown


def auth(grant: AuthGrant) -> dict[str, Any]:
    return {
        "client_token": grant.client_token,
        "accessor": grant.accessor,
        "policies": list(grant.policies),
        "token_policies": list(grant.token_policies),
        "metadata": dict(grant.metadata) or None,
        "lease_duration": grant.lease_duration,
        "renewable": grant.renewable,
        "entity_id": grant.entity_id,
        "token_type": grant.issued_type,
        "orphan": grant.orphan,
        "mfa_requirement": None,
        "num_uses": grant.num_uses,
    }


def moment(seconds: float) -> str:
    """RFC 3339 in UTC with nanoseconds, as Go prints it."""
    whole = int(seconds)
    fraction = f"{round((seconds - whole) * 1e9):09d}".rstrip("0")
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(whole)) + (f".{fraction}" if fraction else "") + "Z"


def _other(value: Any) -> Any:
    if isinstance(value, Raw):
        return Fragment(bytes(value))
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if hasattr(value, "items"):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(type(value).__name__)
