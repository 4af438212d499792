"""``identity/``: only what clients cannot do without. There are no entities here yet, so nothing is listed and
nothing is found; a token's ``entity_id`` is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .form import Field, Op, Route, Routed
from .form.route import part
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .form import Call
    from .form.route import Handler
    from .request import Response

    Operations = Mapping[str, Handler | Op]

_NAME = {"name": Field(clear=True), "id": Field(clear=True)}


class Identities(Routed):
    """An empty store of identities."""

    kind = "identity"

    def __init__(self, service: object) -> None:
        self.routes = (
            *(route for thing in _THINGS for route in _routes(thing)),
            Route(r"lookup/(entity|group)", {}, {"update": Op(_none, writes=False)}),
        )


_THINGS = ("entity", "group", "entity-alias", "group-alias")


def _routes(thing: str) -> list[Route]:
    own: Operations = {"read": _nothing, "update": _refuse, "delete": _none}
    return [
        Route(f"{thing}/(?:id|name)/?", {}, {"list": _nothing}),
        Route(thing, {}, {"update": _refuse}),
        Route(f"{thing}/id/{part('id')}", _NAME, own),
        Route(f"{thing}/name/{part('name')}", _NAME, own),
    ]


def _nothing(call: Call) -> Response | None:
    return None


def _none(call: Call) -> None:
    return None


def _refuse(call: Call) -> Response:
    raise Refusal(400, "entities and groups cannot be written on this server")
