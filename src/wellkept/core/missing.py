"""A mount whose engine is not there (any more): every request is told so, and nothing of it is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Served
from .refusal import Refusal, one_error

if TYPE_CHECKING:
    from .command import Command
    from .request import Request


class Missing(Served):
    """In the place of an engine of ``kind``."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def parse_request(self, request: Request, path: str) -> Command:
        raise Refusal(500, one_error(f"the engine {self.kind!r} is not installed on this server"))
