"""``sys/config``: cross-origin requests, the console's headers, and what the server was configured with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..form import Field, Route, bad
from ..form.call import unforeseen
from ..form.route import part
from ..request import Response
from ..tokens.store import children

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service
    from ..view import View

CORS = "core/config/cors"
UI_HEADERS = "core/config/ui-headers/"
STANDARD_HEADERS = (
    "Content-Type",
    "Authorization",
    "X-Vault-Token",
    "X-Vault-MFA",
    "X-Vault-No-Request-Forwarding",
    "X-Vault-Wrap-Format",
    "X-Vault-Wrap-TTL",
    "X-Requested-With",
    "X-Vault-AWS-IAM-Server-ID",
    "X-Vault-Policy-Override",
)
_CORS = {
    "enable": Field("bool", clear=True),
    "allowed_origins": Field("strings", clear=True),
    "allowed_headers": Field("strings", clear=True),
    "allow_credentials": Field("bool", clear=True),
}
_HEADER = {
    "header": Field(clear=True),
    "values": Field("strings", clear=True),
    "multivalue": Field("bool", clear=True),
}


def routes(service: Service) -> list[Route]:
    def state(call: Call) -> Response:
        return Response(dict(service.settings))

    return [
        Route(r"config/cors", _CORS, {"read": _read_cors, "update": _write_cors, "delete": _delete_cors}),
        Route(r"config/ui/headers/?", {}, {"list": _list_headers}),
        Route(
            f"config/ui/headers/{part('header')}",
            _HEADER,
            {"read": _read_header, "update": _write_header, "delete": _delete_header},
        ),
        Route(r"config/state/sanitized", {}, {"read": state}),
    ]


def cors(view: View | Any) -> dict[str, Any]:
    """What cross-origin requests are allowed; for the HTTP face too."""
    entry = view.get(CORS)
    if entry is None:
        return {"enabled": False}
    stored: dict[str, Any] = json.loads(entry.value)
    return stored


def _read_cors(call: Call) -> Response:
    return Response(cors(call.view))


def _write_cors(call: Call) -> None:
    origins: list[str] = call.data["allowed_origins"]
    if not origins:
        raise unforeseen("at least one origin or the wildcard must be provided")
    if "*" in origins and len(origins) > 1:
        raise unforeseen("to allow all origins the '*' must be the only value for allowed_origins")
    headers = list(dict.fromkeys([*STANDARD_HEADERS, *call.data["allowed_headers"]]))
    stored = {
        "enabled": True,
        "allowed_origins": origins,
        "allowed_headers": headers,
        "allow_credentials": call.data["allow_credentials"],
    }
    call.view.put(CORS, json.dumps(stored).encode())


def _delete_cors(call: Call) -> None:
    call.view.delete(CORS)


def _list_headers(call: Call) -> Response | None:
    names = list(children(call.view, UI_HEADERS))
    return Response({"keys": [_spelt(call.view, name) for name in names]}) if names else None


def _spelt(view: View, name: str) -> str:
    entry = view.get(UI_HEADERS + name)
    return name if entry is None else str(json.loads(entry.value)["header"])


def _read_header(call: Call) -> Response | None:
    entry = call.view.get(UI_HEADERS + call.data["header"].lower())
    if entry is None:
        return None
    values = json.loads(entry.value)["values"]
    if call.data["multivalue"]:
        return Response({"values": values})
    return Response({"value": values[0]})


def _write_header(call: Call) -> Response:
    header: str = call.data["header"]
    values: list[str] = call.data["values"]
    if header.lower().startswith("x-vault-"):
        raise bad("X-Vault headers cannot be set")
    if not values:
        raise bad("header and values must be specified")
    if any("\r" in text or "\n" in text for text in (header, *values)):
        raise bad("a header has no line ends")
    stored = {"header": header, "values": values}
    call.view.put(UI_HEADERS + header.lower(), json.dumps(stored).encode())
    return Response(status=200)


def _delete_header(call: Call) -> None:
    call.view.delete(UI_HEADERS + call.data["header"].lower())
