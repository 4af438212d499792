"""``sys/audit``: the devices that record; ``sys/audit-hash``; which headers are recorded (``sys/config/auditing``)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..audit_served.broker import change_table, table
from ..audit_served.options import KINDS
from ..audit_served.record import HEADERS
from ..form import Field, Op, Route, bad
from ..request import NOTHING, Response, new_id

if TYPE_CHECKING:
    from ..audit_served.broker import Broker
    from ..audit_served.record import ServedAudit
    from ..form import Call
    from ..service import Service
    from ..view import View

PATH = r"(?P<path>.+)"
DEVICE: dict[str, Field] = {
    "path": Field(clear=True),
    "type": Field(clear=True),
    "description": Field(clear=True),
    "local": Field("bool", clear=True),
    "options": Field("pairs"),
}
HASH: dict[str, Field] = {"path": Field(clear=True), "input": Field()}
HEADER: dict[str, Field] = {"header": Field(clear=True), "hmac": Field("bool", clear=True)}


def routes(service: Service) -> list[Route]:
    audit: Any = service.audit
    if not hasattr(audit, "broker"):
        return []  # an embedded store, which records in its own way
    devices, headers = Devices(audit), "config/auditing/request-headers"
    return [
        Route("audit", {}, {"read": devices.listing}),
        Route(
            f"audit/{PATH}",
            DEVICE,
            {"update": Op(devices.enable, outside=devices.attempt), "delete": devices.disable},
        ),
        Route(f"audit-hash/{PATH}", HASH, {"update": Op(devices.hash, writes=False)}),
        Route(headers, {}, {"read": _list_headers}),
        Route(
            f"{headers}/(?P<header>.+)",
            HEADER,
            {"read": _read_header, "update": _write_header, "delete": _delete_header},
        ),
    ]


class Devices:
    """The handlers for devices."""

    def __init__(self, audit: ServedAudit) -> None:
        self._audit = audit
        self._broker: Broker = audit.broker

    def listing(self, call: Call) -> Response:
        shown = {f"{name}/": _shown(name, row) for name, row in table(call.view).items()}
        return Response(shown or NOTHING, status=200)

    def attempt(self, call: Call) -> None:
        """Before anything is stored: such a device can be made, and takes a record. Raises ``Refusal``."""
        kind, options = call.data["type"], _options(call)
        if kind not in KINDS:
            raise bad(f'unknown backend type: "{kind}"')
        failure = self._broker.attempt(
            _name(call), kind, options, f'"type":"test","id":"{new_id()}","path":"sys/audit/test"'
        )
        if failure:
            path = options.get("file_path") or options.get("path")
            known = f'sanity check failed; unable to open "{path}" for writing: {failure}'
            raise bad(known if kind == "file" else f"audit backend failed test message: {failure}")

    def enable(self, call: Call) -> None:
        name, data = _name(call), call.data
        row = {
            "type": data["type"],
            "description": data["description"],
            "options": _options(call),
            "local": data["local"],
            "uuid": new_id(),
        }

        def add(devices: dict[str, Any]) -> None:
            if any(name == other or f"{other}/".startswith(f"{name}/") for other in devices):
                raise bad("path already in use")
            if any(f"{name}/".startswith(f"{other}/") for other in devices):
                raise bad("path already in use")
            devices[name] = row

        change_table(add, call.view)

    def disable(self, call: Call) -> None:
        change_table(lambda devices: devices.pop(_name(call), None), call.view)

    def hash(self, call: Call) -> Response:
        given: str = call.data["input"]
        if not given:
            raise bad('the "input" parameter is empty')
        name = _name(call)
        if name not in table(call.view):
            raise bad(f'unknown audit backend "{name}/"')
        return Response({"hash": self._audit.digest(given.encode("utf-8", "surrogatepass"))})


def _name(call: Call) -> str:
    name: str = call.data["path"].strip("/")
    return name


def _options(call: Call) -> dict[str, str]:
    return {str(name): str(value) for name, value in (call.data["options"] or {}).items()}


def _shown(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "path": f"{name}/",
        **{member: row[member] for member in ("type", "description", "options", "local")},
    }


def _headers(view: View) -> dict[str, Any]:
    entry = view.get(HEADERS)
    found: dict[str, Any] = {} if entry is None else json.loads(entry.value)
    return found


def _find(view: View, name: str) -> str | None:
    """The header as it was written when it was asked for."""
    return next((known for known in _headers(view) if known.lower() == name.lower()), None)


def _list_headers(call: Call) -> Response:
    return Response({"headers": _headers(call.view)})


def _read_header(call: Call) -> Response:
    name = _find(call.view, call.data["header"])
    if name is None:
        raise bad("Could not find header in config")
    return Response({name: _headers(call.view)[name]})


def _write_header(call: Call) -> None:
    name: str = call.data["header"]
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or len(name) > 128:
        raise bad(f"{name!r} is not the name of a header")
    if name.lower() in ("authorization", "x-vault-token", "cookie"):
        raise bad(f"the header {name} holds a credential; it is never recorded")
    headers = _headers(call.view)
    headers.pop(_find(call.view, name) or "", None)
    headers[name.lower()] = {"hmac": bool(call.data["hmac"])}
    if len(headers) > 100:
        raise bad("no more than 100 headers can be recorded")
    call.view.put(HEADERS, json.dumps(headers).encode())


def _delete_header(call: Call) -> None:
    name = _find(call.view, call.data["header"])
    if name is not None:
        headers = _headers(call.view)
        del headers[name]
        call.view.put(HEADERS, json.dumps(headers).encode())
