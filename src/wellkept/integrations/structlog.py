"""structlog: a processor that cleans whole events.

Put it last but for the renderer, after what formats exceptions::

    structlog.configure(processors=[..., structlog.processors.format_exc_info, redact_event, JSONRenderer()])

It also takes what a renderer made (text or bytes), for those who would rather put it at the very end.
Needs nothing from structlog itself.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..redaction.exceptions import clean_exc_info
from ..redaction.redactor import FAILED, default
from ..redaction.tree import redact_tree

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..redaction.redactor import Redactor


class RedactingProcessor:
    """Cleans nested values, keys, and exceptions of events, by value, shape and telling name."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor

    def __call__(self, logger: Any, method: str, event: Any) -> Any:
        """The event without secrets; a new dictionary where something was changed. Never raises."""
        redactor = default() if self._redactor is None else self._redactor
        try:
            if isinstance(event, str):
                return redactor.redact(event)
            if isinstance(event, bytes):
                return redactor.redact(event)
            if event.get("exc_info"):
                event = _with_clean_exception(redactor, event)
            return redact_tree(redactor, event)
        except Exception:
            return {"event": FAILED}  # not even the error, which may quote the event


def _with_clean_exception(redactor: Redactor, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """``exc_info`` resolved as structlog does it (``True``, an exception or a triple), and cleaned."""
    info = event["exc_info"]
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    elif not isinstance(info, tuple):
        info = sys.exc_info()
    if info[1] is None:
        return event
    clean = clean_exc_info(redactor, info)
    if clean is info:
        return event
    rest = {key: value for key, value in event.items() if key != "exc_info"}
    return {**rest, "exc_info": clean} if clean is not None else {**rest, "exception": FAILED}


redact_event = RedactingProcessor()
"""With the process's own redactor."""
