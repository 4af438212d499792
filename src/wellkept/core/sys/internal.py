"""``sys/internal``: what consoles and command lines ask before they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..form import Field, Route
from ..policy import BITS, DENY
from ..refusal import Refusal, denied
from ..request import NOTHING, Response
from .shown import shown

if TYPE_CHECKING:
    from ..form import Call
    from ..mount import Mount
    from ..policy import Granted
    from ..service import Service

_PATH = {"path": Field(clear=True)}


def routes(service: Service) -> list[Route]:
    found = Internal(service)
    return [
        Route(r"internal/ui/mounts", {}, {"read": found.mounts}),
        Route(r"internal/ui/mounts/(?P<path>.+)", _PATH, {"read": found.mount}),
        Route(r"internal/ui/namespaces", {}, {"read": lambda call: Response(NOTHING, status=200)}),
        Route(r"internal/ui/resultant-acl", {}, {"read": found.resultant}),
    ]


class Internal:
    """The handlers. Who shows no token sees the mounts that are listed for everybody."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def mounts(self, call: Call) -> Response:
        told: dict[str, dict[str, Any]] = {"auth": {}, "secret": {}}
        for table in ("secret", "auth"):
            for mount in self._service.router.mounts("auth" if table == "auth" else "secret"):
                if self._may_see(call, mount):
                    told[table][mount.name] = shown(mount)
                elif mount.config.listing_visibility == "unauth":
                    told[table][mount.name] = {
                        "description": mount.description,
                        "options": dict(mount.options) or None,
                        "type": mount.kind,
                    }
        return Response(told)

    def mount(self, call: Call) -> Response:
        path: str = call.data["path"].removeprefix("/")
        if call.request.caller is None:
            raise denied()
        shown_path = path if path.endswith("/") else path + "/"
        found = self._service.router.find(path)
        if found is None or not self._may_see(call, found[0], path):
            raise Refusal(
                403,
                "preflight capability check returned 403, please ensure client's policies grant access to path "
                f'"{shown_path}"',
            )
        return Response({**shown(found[0]), "path": found[0].path})

    def _may_see(self, call: Call, mount: Mount, path: str = "") -> bool:
        """Whether the caller may do anything in it."""
        caller = call.request.caller
        if caller is None:
            return False
        acl = self._service.acl(caller)
        if acl.unlimited:
            return True
        return reaches(acl.patterns(), mount.path)

    def resultant(self, call: Call) -> Response:
        caller = call.request.caller
        if caller is None:
            raise denied()
        acl = self._service.acl(caller)
        if acl.unlimited:
            return Response({"root": True})
        exact: dict[str, Any] = {}
        globs: dict[str, Any] = {}
        for pattern, granted in acl.patterns().items():
            if pattern.endswith("*"):
                globs[pattern[:-1]] = _words(granted)
            else:
                exact[pattern] = _words(granted)
        return Response({"exact_paths": exact, "glob_paths": globs, "root": False})


def reaches(patterns: dict[str, Granted], mount: str) -> bool:
    """Whether any of ``patterns`` grants anything at or below ``mount`` (which ends in "/")."""
    return any(not granted.bits & DENY and _touches(pattern, mount) for pattern, granted in patterns.items())


def _touches(pattern: str, mount: str) -> bool:
    open_end = pattern.endswith("*")
    text = pattern[:-1] if open_end else pattern
    parts, own = text.split("/"), mount.rstrip("/").split("/")
    for index, part in enumerate(own):
        if index >= len(parts):
            return False
        last = index == len(parts) - 1
        if last and open_end:
            return part.startswith(parts[index]) or parts[index] == "+"
        if parts[index] not in ("+", part):
            return False
    return True


def _words(granted: Granted) -> dict[str, Any]:
    if granted.bits & DENY:
        return {"capabilities": ["deny"]}
    return {"capabilities": sorted(name for name, bit in BITS.items() if granted.bits & bit)}
