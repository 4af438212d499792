"""``list`` and ``delete`` with ``--server``: whether what was typed is a path of the API, and then the answer.

It is one when its first segment (or more of it) is where the server has something mounted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..output import say, say_json
from . import show
from .connection import Server, connect

if TYPE_CHECKING:
    from argparse import Namespace


def listed(arguments: Namespace) -> int | None:
    """Print the listing of an API path; ``None`` when it is no such path."""
    with connect(arguments) as server:
        if not is_api_path(server, arguments.folder):
            return None
        query = {"list": "true"}
        if arguments.limit is not None:
            query["limit"] = str(arguments.limit)
        if arguments.after:
            query["after"] = arguments.after
        return show.keys(server.call("GET", arguments.folder, query=query), arguments)


def deleted(arguments: Namespace) -> int | None:
    """Delete what is at an API path; ``None`` when it is no such path."""
    with connect(arguments) as server:
        if not is_api_path(server, arguments.name):
            return None
        server.call("DELETE", arguments.name)
    say_json({"path": arguments.name, "outcome": "deleted"}) if arguments.json else say("deleted")
    return 0


def is_api_path(server: Server, path: str) -> bool:
    """Whether ``path`` begins with a mount that the caller may know of."""
    typed = path.lstrip("/")
    if typed.startswith(("sys/", "auth/", "cubbyhole/", "identity/")):
        return True
    found = server.call("GET", "sys/internal/ui/mounts").get("data") or {}
    return any(typed.startswith(mount) for mount in found.get("secret") or {})
