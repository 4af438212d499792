"""The engine; see the package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...core.form import Field, Route, Routed, bad, unforeseen
from ...core.form.route import rest
from ...core.request import Response
from ..entries import descendants, drop, fetch
from ..kv.values import encode_object

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.registry import EngineContext
    from ...core.view import View


def _place(call: Call) -> str:
    """The caller's folder. Raises ``Refusal`` for tokens that have none: batch tokens are nowhere stored."""
    caller = call.request.caller
    if caller is None or not caller.cubbyhole:
        raise bad("cubbyhole operations are only supported by 'service' type tokens")
    return f"{caller.cubbyhole}/"


def _read(call: Call) -> Response | None:
    path = call.data["path"]
    if not path:
        raise unforeseen("missing path")
    entry = fetch(call.view, _place(call), path)
    return None if entry is None else Response(json.loads(entry.value), digests={"data": entry.value})


def _write(call: Call) -> None:
    path, place = call.data["path"], _place(call)
    if not path:
        raise unforeseen("missing path")
    if not call.request.data:
        raise unforeseen("missing data fields")
    call.view.put(place + path, encode_object(call.request.data, path))


def _delete(call: Call) -> None:
    drop(call.view, _place(call), call.data["path"])


def _list(call: Call) -> Response | None:
    names = call.view.list(_place(call) + call.data["path"])
    return Response({"keys": names}) if names else None


def _exists(call: Call) -> bool:
    return fetch(call.view, _place(call), call.data["path"]) is not None


class Cubbyhole(Routed):
    """See the package."""

    kind = "cubbyhole"
    routes = (
        Route(
            rest("path"),
            {"path": Field(clear=True)},
            {"read": _read, "update": _write, "delete": _delete, "list": _list},
            exists=_exists,
        ),
    )


def forget(view: View, cubbyhole: str) -> None:
    """Remove all that lies in the cubbyhole of a token that ends; in the transaction that ends it."""
    for name in descendants(view, f"{cubbyhole}/"):
        view.delete(f"{cubbyhole}/{name}")


def make(context: EngineContext) -> Cubbyhole:
    """For the registry."""
    return Cubbyhole()
