"""The engine: the routes of all areas, one after the other."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ..form import Routed

if TYPE_CHECKING:
    from ..form import Route
    from ..service import Service

AREAS = (
    "mounts",
    "auth",
    "remount",
    "policies",
    "capabilities",
    "leases",
    "wrapping",
    "tools",
    "quotas",
    "internal",
    "openapi",
    "config",
    "audit",
    "loggers",
    "host",
    "keys",
    "users",
    "plugins",
    "metrics",
    "absent",
)
"""In this order routes are tried."""


class System(Routed):
    """See the package. Routes of other floors stand in ``service.extra_routes``."""

    kind = "system"
    unauthenticated = frozenset(
        {
            "decode-token",
            "internal/specs/openapi",
            "internal/ui/mounts",
            "internal/ui/mounts/*",
            "internal/ui/namespaces",
            "wrapping/lookup",
        }
    )
    sudo = frozenset(
        {
            "audit",
            "audit/*",
            "auth/*",
            "config/auditing/*",
            "config/cors",
            "config/ui/headers/*",
            "internal/inspect/*",
            "leases",
            "leases/lookup/*",
            "leases/revoke-force/*",
            "leases/revoke-prefix/*",
            "remount",
            "rotate",
            "rotate/keyring",
        }
    )

    def __init__(self, service: Service) -> None:
        found: list[Route] = []
        for area in AREAS:
            found += importlib.import_module(f"{__package__}.{area}").routes(service)
        self.routes = (*service.extra_routes, *found)
