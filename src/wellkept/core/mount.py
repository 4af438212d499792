"""``Mount``: an engine at a path, with its place in storage and how it is tuned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .command import Engine

Table = Literal["secret", "auth"]

LISTS = (
    "audit_non_hmac_request_keys",
    "audit_non_hmac_response_keys",
    "passthrough_request_headers",
    "allowed_response_headers",
    "allowed_managed_keys",
)
"""The lists that a mount is tuned with."""


@dataclass(slots=True)
class MountConfig:
    """How a mount is tuned. TTLs in seconds, 0 for the system's. The rest as Vault names it."""

    default_lease_ttl: int = 0
    max_lease_ttl: int = 0
    force_no_cache: bool = False
    listing_visibility: str = ""
    audit_non_hmac_request_keys: tuple[str, ...] = ()
    audit_non_hmac_response_keys: tuple[str, ...] = ()
    passthrough_request_headers: tuple[str, ...] = ()
    allowed_response_headers: tuple[str, ...] = ()
    allowed_managed_keys: tuple[str, ...] = ()
    plugin_name: str = ""
    plugin_version: str = ""
    token_type: str = ""
    user_lockout: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Mount:
    """``path`` ends in "/" and, in the table "auth", begins with "auth/". ``prefix`` is its part of storage.

    ``engine`` is made by the router when the mount is first used; it belongs to this process, not to the table.
    """

    path: str
    kind: str
    table: Table
    accessor: str
    uuid: str
    prefix: str
    description: str = ""
    config: MountConfig = field(default_factory=MountConfig)
    options: Mapping[str, str] = field(default_factory=dict)
    local: bool = False
    seal_wrap: bool = False
    external_entropy_access: bool = False
    version: str = ""
    """The engine's version that was asked for, for listings."""
    tainted: bool = False
    """Being disabled: nothing is routed here any more, and what it holds is being removed."""
    engine: Engine | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The path as its own table lists it: without "auth/"."""
        return self.path.removeprefix("auth/") if self.table == "auth" else self.path
