"""``sys/locked-users``: who is locked out, and letting them in again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..form import Field, Route
from ..request import Response

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service


def routes(service: Service) -> list[Route]:
    found = LockedUsers(service)
    fields = {"mount_accessor": Field(clear=True), "alias_identifier": Field(clear=True)}
    return [
        Route(r"locked-users", fields, {"read": found.read}),
        Route(
            r"locked-users/(?P<mount_accessor>.+?)/unlock/(?P<alias_identifier>.+)",
            fields,
            {"update": found.unlock},
        ),
    ]


class LockedUsers:
    """The handlers."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def read(self, call: Call) -> Response:
        wanted: str = call.data["mount_accessor"]
        by_mount: dict[str, list[str]] = {}
        mounts = [
            mount for mount in self._service.router.mounts("auth") if not wanted or mount.accessor == wanted
        ]
        for mount, alias in self._service.lockout.all_locked(call.view, mounts, call.now):
            by_mount.setdefault(mount.accessor, []).append(alias)
        accessors: list[dict[str, Any]] = [
            {"mount_accessor": accessor, "counts": len(aliases), "alias_identifiers": sorted(aliases)}
            for accessor, aliases in sorted(by_mount.items())
        ]
        if wanted and not accessors:
            accessors = [{"mount_accessor": wanted, "counts": 0, "alias_identifiers": None}]
        total = sum(each["counts"] for each in accessors)
        group = {"namespace_id": "root", "namespace_path": "", "counts": total, "mount_accessors": accessors}
        return Response({"by_namespace": [group], "total": total})

    def unlock(self, call: Call) -> None:
        accessor: str = call.data["mount_accessor"]
        self._service.lockout.unlock(call.view, accessor, call.data["alias_identifier"])  # type: ignore[arg-type]
