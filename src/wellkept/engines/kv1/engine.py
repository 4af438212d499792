"""KV version 1: a path holds an object, and a write replaces it.

An object's own ``ttl`` (or ``lease``) is what a read shows as ``lease_duration``: a hint for when to read again,
no lease. Without one it is the mount's default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.form import Field, Route, Routed, bad
from ...core.form.convert import Unconvertible, to_signed_seconds
from ...core.form.route import rest
from ...core.grant import LeaseGrant
from ...core.request import NOTHING, Response
from ..entries import descendants, drop, fetch
from ..kv.values import decode_object, encode_object
from ..kv.vault.upgrade import FIRST

if TYPE_CHECKING:
    from ...core.form import Call

_AS_IT_STANDS = 1.0
"""Any ``max_ttl`` has the duration shown as it is."""


def _read(call: Call) -> Response | None:
    entry = fetch(call.view, FIRST, call.data["path"])
    if entry is None:
        return None
    stored = decode_object(entry.value, call.data["path"])
    lease = LeaseGrant(renewable=False, generate=False)
    ttl = _ttl(stored)
    if ttl is not None:
        lease.ttl, lease.max_ttl = ttl, _AS_IT_STANDS
    return Response(stored, digests={"data": entry.value}, lease=lease)


def _ttl(stored: dict[str, Any]) -> int | None:
    given = stored["ttl"] if "ttl" in stored else stored.get("lease")
    if given is None:
        return 0 if "ttl" in stored or "lease" in stored else None
    try:
        return to_signed_seconds(given)
    except Unconvertible:
        return None


def _write(call: Call) -> None:
    name = call.data["path"]
    if not name:
        raise bad("missing path")
    if not call.request.data:
        raise bad("missing data fields")
    call.view.put(FIRST + name, encode_object(call.request.data, name))


def _delete(call: Call) -> None:
    drop(call.view, FIRST, call.data["path"])


def _list(call: Call) -> Response | None:
    names = call.view.list(FIRST + call.data["path"])
    return Response({"keys": names}) if names else None


def _scan(call: Call) -> Response:
    names = descendants(call.view, FIRST + call.data["path"])
    return Response({"keys": names} if names else NOTHING, status=200)


class KV1(Routed):
    """See the module's docstring."""

    kind = "kv"
    routes = (
        Route(
            rest("path"),
            {"path": Field(clear=True)},
            {"read": _read, "update": _write, "delete": _delete, "list": _list, "scan": _scan},
            exists=lambda call: fetch(call.view, FIRST, call.data["path"]) is not None,
        ),
    )
