"""Listings in pages, as OpenBao offers them everywhere: ``after`` a name, at most ``limit`` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.form import Field
from ..core.request import Response

if TYPE_CHECKING:
    from ..core.form import Call

FIELDS = {"after": Field(clear=True), "limit": Field("int", clear=True)}


def page(call: Call, folder: str) -> Response | None:
    """The names under ``folder``; ``None`` (404) when there are none."""
    limit = call.data["limit"]
    names = call.view.list(folder, after=call.data["after"], limit=limit if limit > 0 else None)
    return Response({"keys": names}) if names else None
