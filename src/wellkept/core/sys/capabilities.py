"""``sys/capabilities``: what a token, an accessor's token, or the caller itself may do on paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..form import Field, Op, Route, bad, unforeseen
from ..policy import BITS
from ..refusal import Refusal, denied, one_error
from ..request import Response
from ..wrapping import ALLOWED, POLICY

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service
    from ..tokens.token import Token

_PATHS = {"path": Field("strings", clear=True), "paths": Field("strings", clear=True)}
_SHOWN = sorted(name for name in BITS if name != "deny")


def routes(service: Service) -> list[Route]:
    asked = Capabilities(service)
    return [
        Route(r"capabilities", {**_PATHS, "token": Field()}, {"update": Op(asked.of_token, writes=False)}),
        Route(
            r"capabilities-accessor",
            {**_PATHS, "accessor": Field(clear=True)},
            {"update": Op(asked.of_accessor, writes=False)},
        ),
        Route(
            r"capabilities-self", {**_PATHS, "token": Field()}, {"update": Op(asked.of_self, writes=False)}
        ),
    ]


class Capabilities:
    """The three forms."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def of_token(self, call: Call) -> Response:
        text: str = call.data["token"]
        if not text:
            raise unforeseen("no token found")
        return self._answer(call, self._service.tokens.lookup(call.view, text, call.now), "invalid token")

    def of_accessor(self, call: Call) -> Response:
        accessor: str = call.data["accessor"]
        if not accessor:
            raise bad("missing accessor")
        token = self._service.tokens.by_accessor(call.view, accessor, call.now)
        return self._answer(call, token, "invalid accessor")

    def of_self(self, call: Call) -> Response:
        if call.request.caller is None:
            raise denied()
        return self._answer(call, call.request.caller, "")

    def _answer(self, call: Call, token: Token | None, otherwise: str) -> Response:
        if token is None:
            raise Refusal(400, one_error(otherwise))
        paths: list[str] = call.data["paths"] or call.data["path"]
        if not paths:
            raise bad("paths must be supplied")
        told = {path: self.words(token, path) for path in paths}
        if len(paths) == 1:
            told["capabilities"] = told[paths[0]]
        return Response(told)

    def words(self, token: Token, path: str) -> list[str]:
        """The capabilities on ``path`` by name; ``root`` and ``deny`` stand alone."""
        path = path.removeprefix("/")
        if token.is_root:
            return ["root"]
        if token.policies == (POLICY,):
            found = sorted(operation for operation, place in ALLOWED if place == path)
            return found or ["deny"]
        listing = path.endswith("/")
        bits = self._service.acl(token).capabilities(path[:-1] if listing else path, listing=listing)
        return [name for name in _SHOWN if bits & BITS[name]] or ["deny"]
