"""Enabling and disabling an engine or an auth method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import mount_table
from ..form import bad
from ..mount import MountConfig
from ..paths import check_path
from ..registry import kinds
from ..request import Response
from ..retry import transact
from ..tokens.store import children
from ..view import WritingView
from . import tuning

if TYPE_CHECKING:
    from ...storage.protocol import Storage, Transaction
    from ..form import Call
    from ..mount import Mount, Table
    from ..service import Service
    from ..view import View

PROTECTED = ("auth/", "sys/", "cubbyhole/", "identity/", "audit/")
"""Where nothing may be mounted, or moved to."""
FIXED = ("sys/", "cubbyhole/", "identity/")
"""What may not be disabled or moved."""
NOT_MOUNTABLE = frozenset({"cubbyhole", "identity", "system", "token"})
VERSIONED = frozenset({"kv", "generic"})
"""Whose option ``version`` says what they are."""
BATCH = 500


def enable(service: Service, call: Call, table: Table) -> Response:
    """Add a mount, inside the transaction of the call. Raises ``Refusal``."""
    data = call.data
    path = data["path"].strip("/") + "/"
    kind: str = data["type"]
    config = MountConfig()
    given = dict(data["config"])
    if table == "secret":
        given.pop("token_type", None)
    tuning.apply(config, tuning.parse_config(given))
    if config.max_lease_ttl and config.default_lease_ttl > config.max_lease_ttl:
        raise bad("given default lease TTL greater than given max lease TTL")
    system = int(service.issuer.system.most)
    if not config.max_lease_ttl and config.default_lease_ttl > system:
        raise bad(f"given default lease TTL greater than system max lease TTL of {system}")
    if not kind:
        raise bad("backend type must be specified as a string")
    options: dict[str, str] = data["options"]
    if kind in ("kv-v1", "kv-v2"):
        options = {**options, "version": kind[-1]}
        kind = "kv"
    elif kind == "plugin":
        kind = data["plugin_name"]
    if options.get("version") and kind not in VERSIONED:
        what = "auth method" if table == "auth" else "secrets engine"
        raise bad(f'{what} "{kind}" does not allow setting a version')
    if kind in NOT_MOUNTABLE:
        raise bad(
            "token credential backend cannot be instantiated"
            if table == "auth"
            else f'mount type of "{kind}" is not mountable'
        )
    if kind not in kinds(table):
        raise bad(f"plugin not found in the catalog: {kind}")
    if table == "secret" and path.startswith(PROTECTED):
        raise bad(f'cannot mount "{path}"')
    check_path(path[:-1])
    mounts = mount_table.load(call.view, table)
    taken = conflict(mounts, path, table)
    if taken:
        raise bad(f"path is already in use at {taken}")
    version = config.plugin_version or data["plugin_version"]
    if version:
        raise bad(f"plugin version {version} is not available: engines have the server's own version")
    full = f"auth/{path}" if table == "auth" else path
    if table == "auth" and not config.token_type:
        config.token_type = "default-service"  # noqa: S105 - not a token
    mount = mount_table.new_mount(
        full,
        kind,
        table,
        description=data["description"],
        config=config,
        options=options,
        local=data["local"],
        seal_wrap=data["seal_wrap"],
        external_entropy_access=data["external_entropy_access"],
        prefix=_prefix(call.view, full, kind, options),
    )
    mount_table.save(call.view, table, [*mounts, mount])
    return Response()


def _prefix(view: View, path: str, kind: str, options: dict[str, str]) -> str | None:
    """The embedded store's part of storage, for a versioned key/value engine at ``secret/``, when it is free."""
    if path != "secret/" or kind != "kv" or options.get("version") != "2":
        return None
    if any(mount.prefix == mount_table.KV_PREFIX for mount in mount_table.load(view, "secret")):
        return None
    return mount_table.KV_PREFIX if not view.list(mount_table.KV_PREFIX, limit=1) else None


def conflict(mounts: list[Mount], path: str, table: Table) -> str:
    """The mount that ``path`` would lie in, or that would lie in it."""
    for mount in mounts:
        name = mount.path.removeprefix("auth/") if table == "auth" else mount.path
        if path.startswith(name) or name.startswith(path):
            return name
    return ""


def disable(service: Service, table: Table, path: str, now: float) -> None:
    """Take a mount away with all that it holds and all that it gave out. Raises ``Refusal``.

    First nothing is routed to it any more; then its leases end and its entries go, as many at a time as a
    transaction bears; last it leaves the table. ``resume`` goes on where a crash cut this off.
    """
    name = path.strip("/") + "/"
    if table == "auth" and name == "token/":
        raise bad("token credential backend cannot be disabled")
    if table == "secret" and name in FIXED:
        raise bad(f'cannot unmount "{name}"')
    full = f"auth/{name}" if table == "auth" else name

    def taint(transaction: Transaction) -> Mount | None:
        view = WritingView(transaction, "")
        mounts = mount_table.load(view, table)
        found = next((mount for mount in mounts if mount.path == full), None)
        if found is not None:
            found.tainted = True
            mount_table.save(view, table, mounts)
        return found

    mount = transact(service.storage, taint)
    if mount is not None:
        _remove(service, mount)


def resume(service: Service) -> None:
    """Finish what was begun by a process that is gone."""
    for mount in service.router.tainted():
        _remove(service, mount)


def _remove(service: Service, mount: Mount) -> None:
    revoke_below(service, mount.path)
    purge(service.storage, mount.prefix)

    def drop(transaction: Transaction) -> None:
        view = WritingView(transaction, "")
        mounts = [each for each in mount_table.load(view, mount.table) if each.uuid != mount.uuid]
        mount_table.save(view, mount.table, mounts)

    transact(service.storage, drop)


def revoke_below(service: Service, prefix: str, *, force: bool = False) -> int:
    """End all leases under ``prefix`` ("" or ending in "/"), a few in each transaction; how many there were."""
    waiting = list(service.leases.walk(service.storage, prefix))
    count = len(waiting)
    while waiting:
        some, waiting = waiting[:BATCH], waiting[BATCH:]

        def end(transaction: Transaction, some: list[str] = some) -> None:
            view = WritingView(transaction, "")
            for lease_id in some:
                lease = service.leases.get(view, lease_id)
                if lease is not None:
                    service.revoker.lease(view, lease, service.clock.time(), force=force)

        transact(service.storage, end)
    service.expiration.kick()
    return count


def purge(storage: Storage, prefix: str) -> None:
    """Delete everything under ``prefix``, a part in each transaction."""
    if not prefix.endswith("/"):
        return
    waiting: list[str] = []
    for key in _keys(storage, prefix):
        waiting.append(key)
        if len(waiting) == BATCH:
            _delete(storage, waiting)
            waiting = []
    _delete(storage, waiting)


def _keys(storage: Storage, prefix: str) -> Any:
    for name in list(children(storage, prefix)):
        if name.endswith("/"):
            yield from _keys(storage, prefix + name)
        else:
            yield prefix + name


def _delete(storage: Storage, keys: list[str]) -> None:
    def drop(transaction: Transaction) -> None:
        for key in keys:
            transaction.delete(key)

    if keys:
        transact(storage, drop)
