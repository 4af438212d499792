"""``sys/remount``: a mount under another path. Its leases stay valid, and its storage where it is.

The move is done, as a whole, when this answers; its status can be asked for all the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .. import mount_table
from ..form import Field, Route, bad
from ..form.route import part
from ..paths import check_path
from ..request import Response, new_id
from .mounting import FIXED, PROTECTED, conflict

if TYPE_CHECKING:
    from ..form import Call
    from ..mount import Table
    from ..service import Service

MIGRATIONS = "core/remount/"
_QUEUED = (
    "Mount move has been queued. Progress will be reported in OpenBao's server log, tagged with the returned "
    "migration_id"
)


def routes(service: Service) -> list[Route]:
    return [
        Route(r"remount", {"from": Field(clear=True), "to": Field(clear=True)}, {"update": _move}),
        Route(
            f"remount/status/{part('migration_id')}/?", {"migration_id": Field(clear=True)}, {"read": _status}
        ),
    ]


def _move(call: Call) -> Response:
    source, target = call.data["from"].strip("/"), call.data["to"].strip("/")
    if not source or not target:
        raise bad("both 'from' and 'to' path must be specified as a string")
    source, target = source + "/", target + "/"
    auth = source.startswith("auth/")
    if auth and not target.startswith("auth/"):
        raise bad(f'cannot remount auth mount to non-auth mount "{target}"')
    if (not auth and target.startswith(PROTECTED)) or target == "auth/":
        raise bad(f"cannot remount to destination {target}")
    if (not auth and source.startswith(FIXED)) or source == "auth/token/":
        raise bad(f'cannot remount "{source}"')
    check_path(target[:-1])
    table: Table = "auth" if auth else "secret"
    mounts = mount_table.load(call.view, table)
    mount = next((each for each in mounts if each.path == source and not each.tainted), None)
    if mount is None:
        raise bad(f'no matching mount at "{source}"')
    others = [each for each in mounts if each is not mount]
    if conflict(others, target.removeprefix("auth/") if auth else target, table):
        raise bad(f'path already in use at "{target}"')
    mount.path = target
    mount_table.save(call.view, table, mounts)
    migration = new_id()
    record = {"source_mount": source, "target_mount": target, "status": "success"}
    call.view.put(MIGRATIONS + migration, json.dumps(record).encode())
    return Response({"migration_id": migration}, warnings=(_QUEUED,))


def _status(call: Call) -> Response | None:
    migration: str = call.data["migration_id"]
    entry = call.view.get(MIGRATIONS + migration)
    if entry is None:
        return None
    return Response({"migration_id": migration, "migration_info": json.loads(entry.value)})
