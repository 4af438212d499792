"""``Turn``: the records of what an event loop answers in one turn, written by one call before any of it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import AuditError, WellkeptError

if TYPE_CHECKING:
    from .audit import Audit
    from .audit_served.record import ServedAudit


class Turn:
    """``lines`` are to be written to ``audit``."""

    __slots__ = ("_audit", "_failure", "_written", "lines")

    def __init__(self, audit: Audit | ServedAudit) -> None:
        self._audit = audit
        self._written = False
        self._failure: WellkeptError | None = None
        self.lines: list[str] = []

    def write(self) -> WellkeptError | None:
        """Write them, once; why they could not be: then none of the answers may leave."""
        if not self._written:
            self._written = True
            try:
                if self.lines:
                    self._audit.write(self.lines)
            except WellkeptError as error:
                self._failure = AuditError(str(error))
            except Exception as error:
                self._failure = AuditError(f"the audit record could not be written ({type(error).__name__})")
        return self._failure
