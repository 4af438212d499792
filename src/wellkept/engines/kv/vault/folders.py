"""Names below a folder: its children, or all descendants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...entries import descendants

if TYPE_CHECKING:
    from ....core.form import Call


def children(call: Call, root: str) -> list[str]:
    """Of the call's ``path``, folders with a slash; ``after`` and ``limit`` page."""
    limit = call.data["limit"]
    prefix = root + _folder(call.data["path"])
    return call.view.list(prefix, after=call.data["after"], limit=limit if limit > 0 else None)


def below(call: Call, root: str) -> list[str]:
    return descendants(call.view, root + _folder(call.data["path"]))


def _folder(path: str) -> str:
    return path if not path or path.endswith("/") else path + "/"
