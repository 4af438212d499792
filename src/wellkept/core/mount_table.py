"""The tables of mounts as they lie in storage: one entry for secret engines, one for auth methods.

A table is one entry, so that two changes at the same time never both succeed without having seen each other.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .mount import Mount, MountConfig
from .request import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..storage.protocol import Entry, Reader
    from .mount import Table
    from .view import View

PREFIX = "core/mounts/"
KV_PREFIX = "mount/secret/"
"""Where the embedded store keeps its secrets; the engine served at ``secret/`` keeps them there too."""


def load(reader: Reader, table: Table) -> list[Mount]:
    """The mounts of ``table``, by path."""
    return decode(reader.get(PREFIX + table), table)


def decode(entry: Entry | None, table: Table) -> list[Mount]:
    """The mounts from a stored table."""
    return [] if entry is None else [_decode(fields, table) for fields in json.loads(entry.value)]


def save(view: View, table: Table, mounts: Iterable[Mount]) -> None:
    """Write the whole table."""
    rows = [_encode(mount) for mount in sorted(mounts, key=lambda mount: mount.path)]
    view.put(PREFIX + table, json.dumps(rows, separators=(",", ":")).encode())


def new_mount(path: str, kind: str, table: Table, **fields: Any) -> Mount:
    """A mount with an accessor, an identifier and a part of storage of its own."""
    uuid = new_id()
    prefix = fields.pop("prefix", None)
    label = f"auth_{kind}" if table == "auth" else kind
    return Mount(
        path,
        kind,
        table,
        accessor=f"{label}_{os.urandom(4).hex()}",
        uuid=uuid,
        prefix=f"mount/{uuid}/" if prefix is None else prefix,
        **fields,
    )


def first_mounts() -> tuple[list[Mount], list[Mount]]:
    """What every server has: the tables of a new one."""
    accept = MountConfig(passthrough_request_headers=("Accept",))
    authorization = MountConfig(passthrough_request_headers=("Authorization",))
    secret = [
        new_mount(
            "cubbyhole/",
            "cubbyhole",
            "secret",
            description="per-token private secret storage",
            local=True,
            prefix="mount/cubbyhole/",
        ),
        new_mount(
            "identity/",
            "identity",
            "secret",
            description="identity store",
            config=authorization,
            prefix="mount/identity/",
        ),
        new_mount(
            "sys/",
            "system",
            "secret",
            description="system endpoints used for control, policy and debugging",
            config=accept,
            seal_wrap=True,
            prefix="",
        ),
    ]
    auth = [
        new_mount(
            "auth/token/",
            "token",
            "auth",
            description="token based credentials",
            config=MountConfig(token_type="default-service"),  # noqa: S106 - not a token
            prefix="",
        )
    ]
    return secret, auth


def kv_mount(path: str = "secret/") -> Mount:
    """The key/value engine at ``secret/``, over the secrets that the embedded store sees."""
    return new_mount(
        path,
        "kv",
        "secret",
        description="key/value secret storage",
        options={"version": "2"},
        prefix=KV_PREFIX,
    )


def _encode(mount: Mount) -> dict[str, Any]:
    config = asdict(mount.config)
    return {
        "path": mount.path,
        "kind": mount.kind,
        "accessor": mount.accessor,
        "uuid": mount.uuid,
        "prefix": mount.prefix,
        "description": mount.description,
        "config": {name: value for name, value in config.items() if value},
        "options": dict(mount.options),
        "local": mount.local,
        "seal_wrap": mount.seal_wrap,
        "external_entropy_access": mount.external_entropy_access,
        "version": mount.version,
        "tainted": mount.tainted,
    }


def _decode(fields: dict[str, Any], table: Table) -> Mount:
    config: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields["config"].items()
    }
    return Mount(**{**fields, "config": MountConfig(**config)}, table=table)
