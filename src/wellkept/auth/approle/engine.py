"""The engine: which path means what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.form import Field, Route, Routed
from ...core.form.route import LABEL
from ...core.grant import AuthGrant
from ...core.refusal import Refusal
from ...core.request import Response
from .. import paging, token_parameters
from . import fields, roles, secretids
from .digests import Digests
from .handlers import Handlers
from .login import log_in

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.leases.lease import Lease
    from ...core.request import Request
    from ...core.view import View

_ROLE = rf"role/(?P<role_name>{LABEL})"
_NAME = {"role_name": Field(clear=True)}
_SECRET = {
    **_NAME,
    "metadata": Field(),
    "cidr_list": Field("strings", clear=True),
    "token_bound_cidrs": Field("strings", clear=True),
    "num_uses": Field("int", clear=True),
    "ttl": Field("seconds", clear=True),
}
_TIDY_STARTED = (
    "Tidy operation successfully started. Any information from the operation will be printed to OpenBao's "
    "server logs."
)
_TIDY_AT_ONCE = 5000
"""Records looked at in one go."""


class AppRole(Routed):
    """See the package's docstring."""

    kind = "approle"
    unauthenticated = frozenset({"login"})

    def __init__(self, key: bytes) -> None:
        self._digests = digests = Digests(key)
        handle = Handlers(digests)
        with_secret = {**_NAME, "secret_id": Field()}
        with_accessor = {**_NAME, "secret_id_accessor": Field(clear=True)}
        self.routes = (
            Route(
                "login",
                {"role_id": Field(), "secret_id": Field()},  # whatever strangers send is recorded as a digest
                {"update": lambda call: log_in(call, digests)},
            ),
            Route("role/?", paging.FIELDS, {"list": lambda call: paging.page(call, roles.ROLES)}),
            Route(
                _ROLE,
                {**_NAME, **roles.FIELDS},
                {"read": handle.read, "update": handle.write, "delete": handle.delete},
                exists=handle.exists,
            ),
            Route(
                f"{_ROLE}/role-id/?",
                {**_NAME, "role_id": Field(clear=True)},
                {"read": handle.read_role_id, "update": handle.write_role_id},
            ),
            Route(
                f"{_ROLE}/secret-id/?",
                {**_SECRET, **paging.FIELDS},
                {"list": handle.accessors, "update": handle.make},
            ),
            Route(
                f"{_ROLE}/custom-secret-id/?",
                {**_SECRET, "secret_id": Field()},
                {"update": handle.make_custom},
            ),
            Route(f"{_ROLE}/secret-id/lookup/?", with_secret, {"update": handle.look_up}),
            Route(
                f"{_ROLE}/secret-id/destroy/?",
                with_secret,
                {"update": handle.destroy, "delete": handle.destroy},
            ),
            Route(f"{_ROLE}/secret-id-accessor/lookup/?", with_accessor, {"update": handle.look_up_accessor}),
            Route(
                f"{_ROLE}/secret-id-accessor/destroy/?",
                with_accessor,
                {"update": handle.destroy_accessor, "delete": handle.destroy_accessor},
            ),
            *fields.routes(_ROLE),
            Route("tidy/secret-id/?", {}, {"update": self._tidy_asked}),
        )

    def login_alias(self, request: Request, path: str) -> str | None:
        """The role-id, by which failures are counted; ``None`` when ``path`` is no login."""
        role_id = request.data.get("role_id")
        return role_id.strip() if path == "login" and isinstance(role_id, str) and role_id.strip() else None

    def renew(self, view: View, lease: Lease, increment: float, now: float) -> AuthGrant:
        """The token lives on while its role is there, under the role-id that it logged in with."""
        assert lease.token is not None
        internal = lease.token.internal
        role = roles.load(view, str(internal.get("role_name", "")))
        if role is None:
            raise Refusal(400, f'failed to validate role "{internal.get("role_name", "")}" during renewal')
        if role["role_id"] != internal.get("role_id"):
            raise Refusal(400, "the role was replaced since the login, not renewing")
        return token_parameters.fill(AuthGrant(), role)

    def tidy(self, view: View, now: float) -> None:
        """Drop secret-ids whose time is up."""
        left = _TIDY_AT_ONCE
        for name in view.list(roles.ROLES):
            role = roles.load(view, name)
            if role is None:
                continue
            ids = secretids.SecretIds(view, self._digests, role)
            for key, record in list(ids.all(limit=left)):
                left -= 1
                if secretids.expired(record, now):
                    ids.drop(key, record)
            if left <= 0:
                return

    def _tidy_asked(self, call: Call) -> Response:
        self.tidy(call.view, call.now)
        return Response(status=202, warnings=(_TIDY_STARTED,))
