"""``Outcome``: how the items of a batch fared, and so with which status it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.request import Response

if TYPE_CHECKING:
    from ...core.form import Data
    from .faults import Fault


class Outcome:
    """How the items of a batch fared, and so with which status it is answered."""

    __slots__ = ("foreseen", "unforeseen", "well")

    def __init__(self) -> None:
        self.well = self.foreseen = self.unforeseen = False

    def note(self, fault: Fault) -> None:
        if fault.foreseen:
            self.foreseen = True
        else:
            self.unforeseen = True

    def answer(self, data: Data, results: list[dict[str, Any]], warnings: tuple[str, ...] = ()) -> Response:
        """All items' results: 200 when all went well, else 400, or what the client asked for where some did."""
        response = Response({"batch_results": results}, warnings=warnings)
        if not (self.foreseen or self.unforeseen):
            return response
        response.status = 400
        if "partial_failure_response_code" in data and self.well:
            code = data["partial_failure_response_code"]
            if 1 <= code <= 599:
                response.status = code
            else:
                response.warnings = (
                    *warnings,
                    f"invalid HTTP response code override from partial_failure_response_code, reverting to {response.status}",
                )
        return response
