"""``sys/auth``: the auth methods, handled as ``sys/mounts`` handles engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .mounts import Mounts

if TYPE_CHECKING:
    from ..form import Route
    from ..service import Service


def routes(service: Service) -> list[Route]:
    return Mounts(service, "auth").routes("auth")
