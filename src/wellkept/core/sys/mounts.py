"""``sys/mounts`` and what it shares with ``sys/auth``: enabling, tuning and disabling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..form import Field, Op, Route, bad
from ..request import Response
from . import tuning
from .mounting import disable, enable
from .shown import shown

if TYPE_CHECKING:
    from ..form import Call
    from ..mount import Mount, Table
    from ..service import Service

ENABLE: dict[str, Field] = {
    "path": Field(clear=True),
    "type": Field(clear=True),
    "description": Field(clear=True),
    "config": Field("map"),
    "options": Field("pairs"),
    "local": Field("bool", clear=True),
    "seal_wrap": Field("bool", clear=True),
    "external_entropy_access": Field("bool", clear=True),
    "plugin_name": Field(clear=True),
    "plugin_version": Field(clear=True),
}
PATH = r"(?P<path>.+?)"


class Mounts:
    """The handlers for one table."""

    def __init__(self, service: Service, table: Table) -> None:
        self._service = service
        self._table: Table = table

    def routes(self, base: str) -> list[Route]:
        fields = ENABLE
        return [
            Route(base, {}, {"read": self.listing}),
            Route(f"{base}/{PATH}/tune", tuning.FIELDS, {"read": self.tuned, "update": self.tune}),
            Route(
                f"{base}/{PATH}",
                fields,
                {"read": self.read, "update": self.enable, "delete": Op(self.disable, transaction=False)},
            ),
        ]

    def listing(self, call: Call) -> Response:
        return Response({mount.name: shown(mount) for mount in self._service.router.mounts(self._table)})

    def find(self, path: str) -> Mount | None:
        wanted = path.strip("/") + "/"
        return next(
            (each for each in self._service.router.mounts(self._table) if each.name == wanted),
            None,
        )

    def read(self, call: Call) -> Response:
        path: str = call.data["path"]
        mount = self.find(path)
        if mount is None:
            noun = "auth" if self._table == "auth" else "secret"
            known = f"No {noun} engine at {path.strip('/')}/"
            raise bad(known if self._table == "auth" else known.replace("engine at", "engine mount at"))
        return Response(shown(mount))

    def enable(self, call: Call) -> Response:
        return enable(self._service, call, self._table)

    def disable(self, call: Call) -> None:
        disable(self._service, self._table, call.data["path"], call.now)

    def tuned(self, call: Call) -> Response:
        path: str = call.data["path"]
        mount = self.find(path)
        if mount is None:
            raise bad(f'cannot fetch sysview for path "{self._shown(path)}"')
        return Response(tuning.read(mount, self._service.issuer.system))

    def tune(self, call: Call) -> None:
        path: str = call.data["path"]
        mount = self.find(path)
        if mount is None:
            raise bad(f'tune of path "{self._shown(path)}" failed: no mount entry found')
        if mount.kind in ("cubbyhole", "identity", "system") and self._table == "secret":
            for name in ("default_lease_ttl", "max_lease_ttl"):
                if name in call.data:
                    raise bad(f"cannot tune parameter {name} of {mount.path}")
        tuning.write(self._service, call, mount)

    def _shown(self, path: str) -> str:
        return ("auth/" if self._table == "auth" else "") + path.strip("/") + "/"


def routes(service: Service) -> list[Route]:
    return Mounts(service, "secret").routes("mounts")
