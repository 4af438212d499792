"""``sys/key-status`` and ``sys/rotate``: the barrier's keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..form import Field, Op, Route, bad
from ..form.duration import show
from ..form.times import moment
from ..request import Response

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service
    from ..view import View

CONFIG = "core/config/rotation"
MOST_OPERATIONS = 3_865_470_566
LEAST_OPERATIONS = 1_000_000
LEAST_INTERVAL = 24 * 3600
_CONFIG = {
    "enabled": Field("bool", clear=True),
    "max_operations": Field("int", clear=True),
    "interval": Field("seconds", clear=True),
}


def routes(service: Service) -> list[Route]:
    def status(call: Call) -> Response:
        told = service.storage.key_status()
        return Response(
            {
                "encryptions": told["encryptions"],
                "install_time": moment(told["created"]),
                "term": told["term"],
            }
        )

    def rotate(call: Call) -> None:
        service.storage.rotate()

    op = {"update": Op(rotate, transaction=False)}
    config = {"read": _read, "update": _write}
    return [
        Route(r"key-status", {}, {"read": Op(status, transaction=False)}),
        Route(r"rotate(?:/keyring)?", {}, op),
        Route(r"rotate(?:/keyring)?/config", _CONFIG, config),
    ]


def _read(call: Call) -> Response:
    found = _load(call.view)
    if found["interval"]:
        found["interval"] = show(found["interval"])
    return Response(found)


def _load(view: View) -> dict[str, Any]:
    entry = view.get(CONFIG)
    stored = {} if entry is None else json.loads(entry.value)
    return {"enabled": True, "interval": 0, "max_operations": MOST_OPERATIONS, **stored}


def _write(call: Call) -> None:
    data = call.data
    stored = _load(call.view)
    for name in _CONFIG:
        if name in data:
            stored[name] = data[name]
    if not LEAST_OPERATIONS <= stored["max_operations"] <= MOST_OPERATIONS:
        raise bad(f"max_operations must be in the range [{LEAST_OPERATIONS},{MOST_OPERATIONS}]")
    if 0 < stored["interval"] < LEAST_INTERVAL:
        raise bad("interval must be greater or equal to 24h0m0s")
    call.view.put(CONFIG, json.dumps(stored).encode())
