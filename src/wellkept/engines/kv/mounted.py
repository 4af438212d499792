"""What a server mounts as ``kv``: version 1 or 2, as the mount's options say at the moment.

Both keep their entries under the mount's prefix, apart; so a mount is upgraded where it stands, by tuning
``options.version`` to 2: each entry becomes the first version of a secret, in the transaction of the tuning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.command import Served
from ...core.form import bad
from .vault import VaultKV
from .vault.upgrade import upgrade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...core.command import Command
    from ...core.form import Route
    from ...core.registry import EngineContext
    from ...core.request import Request
    from ...core.view import View


class MountedKV(Served):
    """See the module's docstring."""

    kind = "kv"

    def __init__(self, context: EngineContext) -> None:
        from ..kv1 import KV1

        self._context = context
        self._first = KV1()
        self._second = VaultKV()

    def subject(self, path: str) -> str:
        return path

    @property
    def routes(self) -> Sequence[Route]:
        """Of the version that the mount has, for the OpenAPI document; what only explains itself is left out."""
        second = self._context.mount.options.get("version") == "2"
        found = self._second.routes if second else self._first.routes
        return [route for route in found if "path" in route.fields or "max_versions" in route.fields]

    def parse_request(self, request: Request, path: str) -> Command:
        mount = request.mount or self._context.mount
        if mount.options.get("version") == "2":
            return self._second.parse_request(request, path)
        return self._first.parse_request(request, path)

    def retune(self, view: View, options: Mapping[str, str], now: float) -> None:
        """The mount's options become ``options``; in the tuning's transaction. Raises ``Refusal``."""
        before = self._context.mount.options.get("version") or "1"
        after = options.get("version") or before
        if after not in ("1", "2"):
            raise bad(f"invalid version provided: {after}")
        if before == "2" and after == "1":
            raise bad("cannot downgrade mount from version 2")
        if before != after:
            upgrade(view, now)


def make(context: EngineContext) -> MountedKV:
    """For the registry."""
    return MountedKV(context)
