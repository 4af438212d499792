"""``sys/wrapping``: wrapping anything, and fetching what was wrapped, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..form import Field, Op, Route, bad
from ..form.times import moment
from ..refusal import Refusal
from ..request import Response
from ..tokens.token import SPENT
from ..wrapping import INVALID

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service

_INVALID = "error validating wrapping token: "
_TOKEN = {"token": Field()}


def routes(service: Service) -> list[Route]:
    found = Wrapped(service)
    look = Op(found.lookup, writes=False)
    return [
        Route(r"wrapping/wrap", {}, {"update": _wrap}, anything=True),
        Route(r"wrapping/unwrap", _TOKEN, {"update": found.unwrap}),
        Route(r"wrapping/rewrap", _TOKEN, {"update": found.rewrap}),
        Route(r"wrapping/lookup", _TOKEN, {"read": look, "update": look}),
    ]


def _wrap(call: Call) -> Response:
    """What was sent comes back; that it comes back wrapped is the core's doing."""
    if not call.request.wrap_ttl:
        raise bad("endpoint requires response wrapping to be used")
    return Response(dict(call.request.data))


def _given(call: Call) -> str:
    """The token. Raises ``Refusal`` where one is given that is none."""
    data = call.request.data
    token = data.get("token")
    if token is not None and not isinstance(token, str):
        raise Refusal(403, f"{_INVALID}could not decode token in request body")
    if token == "":
        raise Refusal(403, f"{_INVALID}empty token in request body")
    return token or call.request.token or ""


class Wrapped:
    """The handlers. The token is given in the request, or is the one that the request is made with."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def unwrap(self, call: Call) -> Response:
        return self._service.wrapping.unwrap(call.view, self._revived(call), call.now)

    def rewrap(self, call: Call) -> Response:
        return self._service.wrapping.rewrap(call.view, self._revived(call), call.now)

    def lookup(self, call: Call) -> Response:
        text = _given(call)
        told: dict[str, Any] = self._service.wrapping.lookup(call.view, text, call.now)
        return Response(
            {
                "creation_path": told["creation_path"],
                "creation_time": moment(told["creation_time"]),
                "creation_ttl": told["creation_ttl"],
            }
        )

    def _revived(self, call: Call) -> str:
        """The text; when the caller's own last use is this very request, the use is this."""
        text = _given(call)
        if not text:
            raise bad(INVALID)
        caller = call.request.caller
        if text == call.request.token and caller is not None and caller.num_uses == SPENT and caller.wrapped:
            token = self._service.tokens.get(call.view, caller.key)
            if token is None:
                raise bad(INVALID)
            token.num_uses = 1
            self._service.tokens.put(call.view, token)
        return text
