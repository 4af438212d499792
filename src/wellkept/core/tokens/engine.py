"""``auth/token/``: tokens about tokens. Source of paths and words: OpenBao 2.7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..form import Field, Op, Route, Routed, bad
from ..form.call import unforeseen
from ..form.route import part
from ..grant import AuthGrant
from ..policy import SUDO
from ..refusal import Refusal, denied, one_error
from ..request import Response
from . import roles
from .create import FIELDS as CREATE
from .create import Creation
from .lookup import describe

if TYPE_CHECKING:
    from ..form import Call
    from ..leases.lease import Lease
    from ..service import Service
    from ..view import View
    from .token import Token

_TOKEN = {"token": Field()}
_ACCESSOR = {"accessor": Field(clear=True)}
_INCREMENT = {"increment": Field("seconds", clear=True)}
_TIDYING = (
    "Tidy operation successfully started. Any information from the operation will be printed to OpenBao's "
    "server logs."
)


class TokenEngine(Routed):
    """See the package."""

    kind = "token"
    sudo = frozenset({"accessors", "accessors/"})

    def __init__(self, service: Service) -> None:
        self._service = service
        self.routes = (
            Route(r"create", CREATE, {"update": Creation(service)}),
            Route(r"create-orphan", CREATE, {"update": Creation(service, orphan=True)}),
            Route(f"create/{part('role_name')}", CREATE, {"update": Creation(service)}),
            Route(r"lookup", _TOKEN, {"read": self._lookup, "update": Op(self._lookup, writes=False)}),
            Route(r"lookup-self", _TOKEN, {"read": self._look, "update": Op(self._look, writes=False)}),
            Route(r"lookup-accessor", _ACCESSOR, {"update": Op(self._lookup_accessor, writes=False)}),
            Route(r"renew", {**_TOKEN, **_INCREMENT}, {"update": self._renew}),
            Route(r"renew-self", {**_TOKEN, **_INCREMENT}, {"update": self._renew_self}),
            Route(r"renew-accessor", {**_ACCESSOR, **_INCREMENT}, {"update": self._renew_accessor}),
            Route(r"revoke", _TOKEN, {"update": self._revoke}),
            Route(r"revoke-self", {}, {"update": self._revoke_self}),
            Route(r"revoke-orphan", _TOKEN, {"update": self._revoke_orphan}),
            Route(r"revoke-accessor", _ACCESSOR, {"update": self._revoke_accessor}),
            Route(r"accessors/?", {}, {"list": self._accessors}),
            Route(r"roles/?", {}, {"list": roles.listing}),
            Route(
                f"roles/{part('role_name')}",
                roles.FIELDS,
                {"read": roles.read, "update": roles.write, "delete": roles.delete},
                exists=roles.exists,
            ),
            Route(r"tidy", {}, {"update": Op(self._tidy, transaction=False)}),
        )

    # Looking up.

    def _lookup(self, call: Call) -> Response:
        text = _given(call) or call.request.token or ""
        token = self._service.tokens.lookup(call.view, text, call.now)
        caller = call.request.caller
        if token is None and caller is not None and text == call.request.token:
            token = caller  # its last use is this one
        if token is None:
            raise Refusal(403, "bad token")
        return Response(describe(token, text, call.now))

    def _look(self, call: Call) -> Response:
        caller = call.request.caller
        if caller is None:
            raise denied()
        return Response(describe(caller, call.request.token or "", call.now))

    def _lookup_accessor(self, call: Call) -> Response:
        return Response(describe(self._by_accessor(call), "", call.now))

    def _by_accessor(self, call: Call) -> Token:
        accessor: str = call.data["accessor"]
        if not accessor:
            raise Refusal(400, one_error("missing accessor"))
        token = self._service.tokens.by_accessor(call.view, accessor, call.now)
        if token is None:
            raise Refusal(400, one_error("invalid accessor"))
        return token

    def _accessors(self, call: Call) -> Response | None:
        found = self._service.tokens.accessors(call.view, call.now)
        return Response({"keys": found}) if found else None

    # Renewing.

    def _renew(self, call: Call) -> Response:
        text = _given(call)
        if not text:
            raise bad("missing token ID")
        return self._renewed(call, text)

    def _renew_self(self, call: Call) -> Response:
        return self._renewed(call, call.request.token or "")

    def _renewed(self, call: Call, text: str) -> Response:
        token = self._service.tokens.lookup(call.view, text, call.now)
        if token is None:
            raise bad("token not found")
        return self._service.renewal.token(call.view, token, call.data["increment"], call.now, text)

    def _renew_accessor(self, call: Call) -> Response:
        token = self._by_accessor(call)
        return self._service.renewal.token(call.view, token, call.data["increment"], call.now, "")

    def renew(self, view: View, lease: Lease, increment: float, now: float) -> AuthGrant:
        """A token that was made here: by the rules of its role, as they are now."""
        token = lease.token
        assert token is not None
        grant = AuthGrant(
            ttl=token.ttl, max_ttl=token.max_ttl, explicit_max_ttl=token.explicit_max_ttl, period=token.period
        )
        if not token.role:
            return grant
        role = roles.load(view, token.role)
        if role is None:
            raise unforeseen(
                f'failed to renew entry: original token role "{token.role}" could not be found, not renewing'
            )
        grant.period = roles.lesser(grant.period, role["token_period"])
        grant.explicit_max_ttl = roles.lesser(grant.explicit_max_ttl, role["token_explicit_max_ttl"])
        return grant

    # Revoking.

    def _revoke(self, call: Call) -> None:
        text = _given(call)
        if not text:
            raise bad("missing token ID")
        self._end(call, self._service.tokens.lookup(call.view, text, call.now))

    def _revoke_self(self, call: Call) -> None:
        self._end(call, self._service.tokens.lookup(call.view, call.request.token or "", call.now))

    def _end(self, call: Call, token: Token | None) -> None:
        if token is None:
            return
        if token.type == "batch":
            raise bad("batch tokens cannot be revoked")
        self._service.revoker.token(call.view, token, call.now)

    def _revoke_orphan(self, call: Call) -> None:
        text = _given(call)
        if not text:
            raise bad("missing token ID")
        caller = call.request.caller
        if caller is None or not self._service.acl(caller).capabilities(call.request.path) & SUDO:
            raise bad("root or sudo privileges required to revoke and orphan")
        token = self._service.tokens.lookup(call.view, text, call.now)
        if token is None:
            raise bad("token to revoke not found")
        if token.type == "batch":
            raise bad("batch tokens cannot be revoked")
        self._service.revoker.orphan_children(call.view, token, call.now)

    def _revoke_accessor(self, call: Call) -> Response:
        accessor: str = call.data["accessor"]
        if not accessor:
            raise Refusal(400, one_error("missing accessor"))
        token = self._service.tokens.by_accessor(call.view, accessor, call.now)
        if token is None:
            return Response(warnings=("No token found with this accessor",), status=200)
        self._service.revoker.token(call.view, token, call.now)
        return Response()

    def _tidy(self, call: Call) -> Response:
        from ..tidy import tidy_tokens

        tidy_tokens(self._service)
        return Response(status=202, warnings=(_TIDYING,))


def _given(call: Call) -> str:
    """The token in the request. Raises ``Refusal`` for what is there and is no text."""
    data = call.request.data
    if "token" in data and not isinstance(data["token"], str):
        raise Refusal(403, "invalid token")
    text: str = call.data["token"]
    return text
