"""What a store is given before it is served for the first time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import mount_table
from .authority import POLICY_PREFIX
from .retry import transact
from .view import WritingView

if TYPE_CHECKING:
    from ..storage.protocol import Storage, Transaction

DEFAULT_POLICY = """
# Allow tokens to look up their own properties
path "auth/token/lookup-self" {
    capabilities = ["read"]
}

# Allow tokens to renew themselves
path "auth/token/renew-self" {
    capabilities = ["update"]
}

# Allow tokens to revoke themselves
path "auth/token/revoke-self" {
    capabilities = ["update"]
}

# What a token may do on a path
path "sys/capabilities-self" {
    capabilities = ["update"]
}

# What a token may do at all, for consoles
path "sys/internal/ui/resultant-acl" {
    capabilities = ["read"]
}

# A lease is renewed and looked up by whoever knows its identifier
path "sys/leases/renew" {
    capabilities = ["update"]
}
path "sys/leases/lookup" {
    capabilities = ["update"]
}

# A token's own cubbyhole
path "cubbyhole/*" {
    capabilities = ["create", "read", "update", "delete", "list"]
}

# Response wrapping
path "sys/wrapping/wrap" {
    capabilities = ["update"]
}
path "sys/wrapping/lookup" {
    capabilities = ["update"]
}
path "sys/wrapping/unwrap" {
    capabilities = ["update"]
}

# General purpose tools
path "sys/tools/hash" {
    capabilities = ["update"]
}
path "sys/tools/hash/*" {
    capabilities = ["update"]
}

# A token's own entity
path "identity/entity/id/{{identity.entity.id}}" {
    capabilities = ["read"]
}
path "identity/entity/name/{{identity.entity.name}}" {
    capabilities = ["read"]
}
"""
"""What every token may do that has the policy "default": the paths that Vault's clients count on."""


def initialise(storage: Storage, now: float, *, secret: bool) -> None:
    """The tables of mounts and the default policy, where they are not there yet; this version among the others."""
    _note_version(storage, now)
    if storage.get(mount_table.PREFIX + "secret") is not None:
        return
    wanted = secret or bool(storage.list(mount_table.KV_PREFIX, limit=1))

    def make(transaction: Transaction) -> None:
        view = WritingView(transaction, "")
        if view.get(mount_table.PREFIX + "secret") is not None:
            return
        engines, methods = mount_table.first_mounts()
        if wanted:
            engines.append(mount_table.kv_mount())
        mount_table.save(view, "secret", engines)
        mount_table.save(view, "auth", methods)
        if view.get(POLICY_PREFIX + "default") is None:
            stored = {"text": DEFAULT_POLICY, "version": 1, "modified": now}
            view.put(POLICY_PREFIX + "default", json.dumps(stored).encode())

    transact(storage, make)


def _note_version(storage: Storage, now: float) -> None:
    from .._version import __version__

    place = f"core/version/{__version__}"
    if storage.get(place) is None:
        record = json.dumps({"installed": now}).encode()
        transact(storage, lambda transaction: transaction.put(place, record))
