"""The KV engine: which path and operation mean which command.

Each kind of command is imported when it is first asked for: a program that only reads its secrets at start-up
should not pay for the code that writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core import paths
from ...errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...core.command import Command
    from ...core.request import Operation

_ROUTES = {
    ("data", "read"): ("reading", "read"),
    ("data", "create"): ("writing", "write"),
    ("data", "update"): ("writing", "write"),
    ("data", "patch"): ("writing", "patch"),
    ("data", "delete"): ("writing", "delete_current"),
    ("delete", "update"): ("writing", "delete"),
    ("undelete", "update"): ("writing", "undelete"),
    ("destroy", "update"): ("writing", "destroy"),
    ("versions", "update"): ("writing", "change_version"),
    ("adopt", "update"): ("adopting", "adopt"),
    ("subkeys", "read"): ("reading", "subkeys"),
    ("metadata", "read"): ("metadata", "read"),
    ("metadata", "create"): ("metadata", "write"),
    ("metadata", "update"): ("metadata", "write"),
    ("metadata", "patch"): ("metadata", "patch"),
    ("metadata", "delete"): ("metadata", "purge"),
    ("metadata", "list"): ("metadata", "listing"),
}
"""From kind and operation to the module and function that parse it."""

_KINDS = frozenset(kind for kind, _ in _ROUTES)


class KV:
    """See the package's docstring for the paths. Holds no state: everything is in its view of storage."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str], Callable[[str, Mapping[str, Any]], Command]] = {}

    def subject(self, path: str) -> str:
        """The secret's name."""
        return path.partition("/")[2] or path

    def parse(self, operation: Operation, path: str, data: Mapping[str, Any]) -> Command:
        """The command that a request means. Raises ``InvalidRequest``."""
        kind, _, name = path.partition("/")
        if operation == "list":
            if kind != "metadata":
                raise InvalidRequest(
                    f"there is no list of {paths.show(path)}; folders are listed under metadata/"
                )
        elif kind not in _KINDS:
            raise InvalidRequest(f"there is no path {kind + '/'!r} here; known: {', '.join(sorted(_KINDS))}")
        else:
            paths.check_name(name, what="secret's name")
        return self._route(kind, operation)(name, data)

    def _route(self, kind: str, operation: str) -> Callable[[str, Mapping[str, Any]], Command]:
        route = self._loaded.get((kind, operation))
        if route is None:
            place = _ROUTES.get((kind, operation))
            if place is None:
                raise InvalidRequest(f"{operation} is not an operation of {kind}/")
            module, function = place
            route = getattr(__import__(f"{__package__}.{module}", fromlist=[function]), function)
            self._loaded[kind, operation] = route
        return route
