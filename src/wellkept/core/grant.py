"""What an engine asks the core to make of its answer: a token, a lease, a wrapping.

An engine never makes a token or a lease itself. It grants, and the core makes them in the same storage
transaction as the engine's own effect, so that nothing is acknowledged or forgotten in halves. The core
fills in what it made. All durations are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

TokenType = Literal["default", "service", "batch", "default-service", "default-batch"]


@dataclass(slots=True)
class AuthGrant:
    """A token to be made. ``alias`` names whoever logged in, canonically (for lockout and lookup).

    ``ttl`` 0 is the mount's default; ``max_ttl`` 0 the mount's; ``period`` makes it periodic, ``num_uses`` 0
    is no limit. ``no_default_policy`` leaves "default" out. ``internal`` is kept, encrypted, with the token and
    given back at renewal, where the engine must check again that the login would still succeed.
    """

    policies: tuple[str, ...] = ()
    ttl: float = 0
    max_ttl: float = 0
    explicit_max_ttl: float = 0
    period: float = 0
    num_uses: int = 0
    bound_cidrs: tuple[str, ...] = ()
    token_type: TokenType = "default"  # noqa: S105 - not a token
    renewable: bool = True
    display_name: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    orphan: bool = True
    alias: str = ""
    no_default_policy: bool = False
    internal: Mapping[str, Any] = field(default_factory=dict, repr=False)
    role: str = ""
    parent: str = field(default="", repr=False)
    """The parent's key in the token store; only ``auth/token`` sets it."""
    id: str = field(default="", repr=False)
    """A token's text that the caller chose; only ``auth/token`` sets it."""
    entity_id: str = ""
    path_suffix: str = ""
    """Put behind the path that the token is known to come from."""

    own_period: float | None = None
    own_explicit_max_ttl: float | None = None
    """What is to be remembered with the token instead, where a role's rule is looked up anew at renewal."""

    # Filled in by the core:
    client_token: str = field(default="", repr=False)
    accessor: str = ""
    token_policies: tuple[str, ...] = ()
    lease_duration: int = 0
    issued_type: str = ""


@dataclass(slots=True)
class LeaseGrant:
    """A lease to be made over what the answer holds.

    ``ttl`` 0 is the mount's default, ``max_ttl`` 0 the mount's. ``internal`` is kept, encrypted, with the lease
    and given back to ``renew``, ``revoke`` and ``revoke_outside``. ``generate`` false: only a duration is shown
    (KV v1's), no lease is made; with a ``max_ttl`` it is ``ttl`` as it stands, else the mount's default.
    """

    ttl: float = 0
    max_ttl: float = 0
    renewable: bool = True
    internal: Mapping[str, Any] = field(default_factory=dict, repr=False)
    generate: bool = True

    # Filled in by the core:
    lease_id: str = ""
    duration: int = 0


@dataclass(slots=True)
class WrapInfo:
    """A wrapped answer's token and what may be told of it. ``creation_time`` in seconds since the epoch."""

    token: str = field(repr=False)
    accessor: str
    ttl: int
    creation_time: float
    creation_path: str
    wrapped_accessor: str = ""
