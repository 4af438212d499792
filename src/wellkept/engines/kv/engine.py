"""The KV engine: which path and operation mean which command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core import paths
from ...errors import InvalidRequest
from . import metadata, reading, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...core.command import Command
    from ...core.request import Operation

_ROUTES: dict[tuple[str, str], Callable[[str, Mapping[str, Any]], Command]] = {
    ("data", "read"): reading.read,
    ("data", "create"): writing.write,
    ("data", "update"): writing.write,
    ("data", "patch"): writing.patch,
    ("data", "delete"): writing.delete_current,
    ("delete", "update"): writing.delete,
    ("undelete", "update"): writing.undelete,
    ("destroy", "update"): writing.destroy,
    ("versions", "update"): writing.change_version,
    ("subkeys", "read"): reading.subkeys,
    ("metadata", "read"): metadata.read,
    ("metadata", "create"): metadata.write,
    ("metadata", "update"): metadata.write,
    ("metadata", "patch"): metadata.patch,
    ("metadata", "delete"): metadata.purge,
}
_KINDS = frozenset(kind for kind, _ in _ROUTES)


class KV:
    """See the package's docstring for the paths. Holds no state: everything is in its view of storage."""

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
            return metadata.listing(name, data)
        if kind not in _KINDS:
            raise InvalidRequest(f"there is no path {kind + '/'!r} here; known: {', '.join(sorted(_KINDS))}")
        route = _ROUTES.get((kind, operation))
        if route is None:
            raise InvalidRequest(f"{operation} is not an operation of {kind}/")
        return route(paths.check_name(name, what="secret's name"), data)
