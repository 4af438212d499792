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
from ...core.request import Response
from ..entries import descendants, drop, fetch
from ..kv.values import decode_object, encode_object
from ..kv.vault.upgrade import FIRST

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.registry import EngineContext

DEFAULT_TTL = 32 * 86400
"""Seconds; Vault's system default, for a mount that has none of its own."""


class KV1(Routed):
    """See the module's docstring."""

    kind = "kv"

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self.routes = (
            Route(
                rest("path"),
                {"path": Field(clear=True)},
                {
                    "read": self._read,
                    "update": _write,
                    "delete": _delete,
                    "list": _list,
                    "scan": _scan,
                },
                exists=lambda call: fetch(call.view, FIRST, call.data["path"]) is not None,
            ),
        )

    def _read(self, call: Call) -> Response | None:
        entry = fetch(call.view, FIRST, call.data["path"])
        if entry is None:
            return None
        mount = call.request.mount or self._context.mount
        stored = decode_object(entry.value, call.data["path"])
        ttl = _ttl(stored)
        if ttl is None:
            ttl = mount.config.default_lease_ttl or DEFAULT_TTL
        return Response(
            stored,
            digests={"data": entry.value},
            lease=LeaseGrant(ttl=ttl, max_ttl=ttl, renewable=False, generate=False),
        )


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
    return Response({"keys": names} if names else None, status=200)
