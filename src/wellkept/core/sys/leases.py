"""``sys/leases``: looking leases up, renewing and ending them. The older paths without ``leases/`` are not served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..form import Field, Op, Route, bad
from ..form.route import rest
from ..form.times import moment
from ..refusal import Refusal, one_error
from ..request import Response
from ..tidy import tidy_leases
from .mounting import revoke_below

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service

_ID = {
    "lease_id": Field(clear=True),
    "url_lease_id": Field(clear=True),
    "increment": Field("seconds", clear=True),
    "sync": Field("bool", default=True, clear=True),
}
_PREFIX = {"prefix": Field(clear=True), "sync": Field("bool", default=True, clear=True)}
_COUNT = {
    "type": Field(clear=True),
    "include_child_namespaces": Field("bool", clear=True),
    "force": Field("bool", clear=True),
    "limit": Field(clear=True),
}
_TIDYING = (
    "Tidy operation successfully started. Any information from the operation will be printed to OpenBao's "
    "server logs."
)
LIMIT = 10_000


def routes(service: Service) -> list[Route]:
    found = Leases(service)
    one: Any = {"update": Op(found.revoke, after=found.revoked)}
    return [
        Route(r"leases", _COUNT, {"read": found.irrevocable}),
        Route(r"leases/count", _COUNT, {"read": found.count}),
        Route(r"leases/lookup/", _PREFIX, {"list": found.listing}),
        Route(f"leases/lookup/{rest('prefix')}", _PREFIX, {"list": found.listing}),
        Route(r"leases/lookup", _ID, {"update": Op(found.lookup, writes=False)}),
        Route(r"leases/renew(?:/(?P<url_lease_id>.+))?", _ID, {"update": found.renew}),
        Route(
            f"leases/revoke-force/{rest('prefix')}", _PREFIX, {"update": Op(found.force, transaction=False)}
        ),
        Route(
            f"leases/revoke-prefix/{rest('prefix')}", _PREFIX, {"update": Op(found.below, transaction=False)}
        ),
        Route(r"leases/revoke(?:/(?P<url_lease_id>.+))?", _ID, one),
        Route(r"leases/tidy", {}, {"update": Op(found.tidy, transaction=False)}),
    ]


class Leases:
    """The handlers."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def listing(self, call: Call) -> Response | None:
        prefix: str = call.data["prefix"].strip("/")
        found = self._service.leases.names(call.view, prefix + "/" if prefix else "")
        return Response({"keys": found}) if found else None

    def lookup(self, call: Call) -> Response:
        lease_id = _id(call)
        lease = self._service.leases.get(call.view, lease_id)
        if lease is None:
            raise bad("invalid lease")
        told: dict[str, Any] = {
            "id": lease.id,
            "issue_time": moment(lease.issued),
            "expire_time": moment(lease.expires),
            "last_renewal": moment(lease.renewed) if lease.renewed else None,
            "renewable": lease.renewable and not lease.revoking,
            "ttl": max(0, int(lease.expires - int(call.now))),
        }
        return Response(told)

    def renew(self, call: Call) -> Response:
        lease = self._service.leases.get(call.view, _id(call))
        if lease is None:
            raise bad("lease not found")
        return self._service.renewal.lease(call.view, lease, call.data["increment"], call.now)

    def revoke(self, call: Call) -> None:
        lease_id = _id(call)
        lease = self._service.leases.get(call.view, lease_id)
        if lease is not None:
            self._service.revoker.lease(call.view, lease, call.now)

    def revoked(self, call: Call, response: Response) -> Response:
        """What is on another system is undone now when that was asked for, and soon otherwise."""
        if not call.data["sync"]:
            self._service.expiration.kick()
            response.status = 202
            return response
        failure = self._service.expiration.settle(_id(call))
        if failure:
            raise Refusal(500, one_error(f"failed to revoke the lease, it is tried again: {failure}"))
        return response

    def below(self, call: Call) -> Response:
        revoke_below(self._service, _prefix(call))
        return Response(status=None if call.data["sync"] else 202)

    def force(self, call: Call) -> None:
        revoke_below(self._service, _prefix(call), force=True)

    def tidy(self, call: Call) -> Response:
        tidy_leases(self._service)
        return Response(status=202, warnings=(_TIDYING,))

    def irrevocable(self, call: Call) -> Response | None:
        if call.data["type"] != "irrevocable":
            return None
        found = self._service.leases.irrevocable(call.view)
        shown = [
            {"lease_id": each["lease"], "mount_id": each["mount"], "error": each["error"]}
            for each in found[:LIMIT]
        ]
        return Response({"lease_count": len(found), "leases": shown})

    def count(self, call: Call) -> Response | None:
        if call.data["type"] != "irrevocable":
            return None
        counts: dict[str, int] = {}
        for each in self._service.leases.irrevocable(call.view):
            counts[each["mount"]] = counts.get(each["mount"], 0) + 1
        return Response({"counts": counts, "lease_count": sum(counts.values())})


def _id(call: Call) -> str:
    given = call.request.data.get("lease_id")
    if given is not None and not isinstance(given, str):
        raise bad("invalid lease ID")
    found: str = call.data["lease_id"] or call.data["url_lease_id"]
    if not found:
        raise bad("lease_id must be specified")
    return found


def _prefix(call: Call) -> str:
    prefix: str = call.data["prefix"].strip("/")
    return prefix + "/"
