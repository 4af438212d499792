"""``VaultKV``: the table of paths; and the plainest read, of a current version, which does not go through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.command import Command
from ....core.form import Op, Route, Routed
from ....core.form.fields import FLAG, LIST, MAP, NAME, NUMBER, NUMBERS, SECONDS, Field
from ....core.form.route import rest
from ....core.refusal import Refusal
from . import config, data, metadata, reading, versions

if TYPE_CHECKING:
    from ....core.form import Call
    from ....core.request import Request, Response
    from ....core.view import View

_HINT = (
    "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. "
    "If using the OpenBao CLI, use 'bao kv {}' for this operation."
)
_ROOT = "Non-listing operations on the root of a K/V v2 mount are not supported."
_VERBS = {"read": "get", "update": "put", "create": "put"}
_ANY = ("read", "update", "delete", "patch", "list", "scan")
_PATH = {"path": NAME}


def _invalid(call: Call) -> Response:
    raise Refusal(404, warnings=(_HINT.format(_VERBS.get(call.operation, call.operation)),))


def _root(call: Call) -> Response:
    raise Refusal(404, warnings=(_ROOT,))


_ROUTES = (
    Route(
        "config",
        {
            "max_versions": NUMBER,
            "cas_required": FLAG,
            "delete_version_after": Field("signed_seconds", clear=True),
            "metadata_cas_required": FLAG,
        },
        {"read": config.read, "update": config.write},
    ),
    Route(
        "data/" + rest("path"),
        {**_PATH, "version": NUMBER, "options": MAP, "data": MAP},
        {"read": reading.read, "update": data.write, "patch": data.patch, "delete": data.delete},
        exists=reading.exists,
    ),
    Route(
        "metadata/" + rest("path"),
        {
            **_PATH,
            "cas_required": FLAG,
            "max_versions": NUMBER,
            "delete_version_after": SECONDS,
            "custom_metadata": MAP,
            "metadata_cas": NUMBER,
            "metadata_cas_required": FLAG,
            "after": NAME,
            "limit": NUMBER,
        },
        {
            "read": metadata.read,
            "update": metadata.write,
            "patch": metadata.patch,
            "delete": metadata.purge,
            "list": metadata.listing,
            "scan": metadata.scan,
        },
        exists=reading.exists,
    ),
    Route(
        "detailed-metadata/" + rest("path"),
        {**_PATH, "after": NAME, "limit": NUMBER},
        {"list": metadata.detailed_listing, "scan": metadata.detailed_scan},
    ),
    Route(
        "subkeys/" + rest("path"), {**_PATH, "version": NUMBER, "depth": NUMBER}, {"read": reading.subkeys}
    ),
    Route("delete/" + rest("path"), {**_PATH, "versions": NUMBERS}, {"update": versions.delete}),
    Route("undelete/" + rest("path"), {**_PATH, "versions": NUMBERS}, {"update": versions.undelete}),
    Route("destroy/" + rest("path"), {**_PATH, "versions": NUMBERS}, {"update": versions.destroy}),
    Route("data|metadata|delete|undelete|destroy", {"versions": LIST}, {name: Op(_root) for name in _ANY}),
    Route(".*", {}, {name: Op(_invalid, writes=False) for name in _ANY}),
)


class VaultKV(Routed):
    """No state but what its reader remembers of records, by their revision."""

    kind = "kv"
    routes = _ROUTES

    def __init__(self) -> None:
        self._reader = reading.Reader()

    def subject(self, path: str) -> str:
        return path.partition("/")[2] or path

    def parse_request(self, request: Request, path: str) -> Command:
        if request.operation == "read" and path.startswith("data/") and not request.data:
            name = path[5:]

            def run(view: View, now: float) -> Response:
                return self._reader.current(view, name, now)

            return Command(name, run)
        return super().parse_request(request, path)
