"""Sentry: events, transactions, breadcrumbs and logs without secrets, local variables included.

::

    sentry_sdk.init(dsn=..., **wellkept.integrations.sentry.hooks())

Sentry's own scrubber goes by the names of fields; this goes by what the values are, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..redaction.redactor import FAILED, decode, default
from ..redaction.tree import redact_tree

if TYPE_CHECKING:
    from ..redaction.redactor import Redactor


MIN_CUT = 6
"""Characters of a known value at the end of a text that Sentry cut off, from which they are hidden."""

_CUTS = ("...", "…")
_UNTOUCHED = ("event_id", "timestamp", "platform", "level", "type", "sdk", "start_timestamp")


def hooks(redactor: Redactor | None = None, *, streaming: bool = False) -> dict[str, Any]:
    """Keyword arguments for ``sentry_sdk.init``: every hook that the installed version has.

    ``streaming``: also the hook for spans that are sent one by one, where ``trace_lifecycle`` is ``"stream"``.
    If you have hooks of your own, call these last, on what yours return.
    """
    from sentry_sdk.consts import DEFAULT_OPTIONS

    cleaner = SentryCleaner(redactor)
    every = {
        "before_send": cleaner.event,
        "before_send_transaction": cleaner.event,
        "before_breadcrumb": cleaner.crumb,
        "before_send_log": cleaner.crumb,
        "before_send_metric": cleaner.crumb,
    }
    if streaming:
        every["before_send_span"] = cleaner.span
    return {name: hook for name, hook in every.items() if name in DEFAULT_OPTIONS}


class SentryCleaner:
    """The hooks, for a redactor of choice. None of them raises."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._chosen = redactor

    def event(self, event: Any, hint: Any = None) -> Any:
        """A whole event tree: messages, exceptions, frames with their variables, request, extra, breadcrumbs, spans."""
        clean = self._clean(event)
        if clean is None:
            return {
                "level": "error",
                **{key: event[key] for key in _UNTOUCHED if key in event},
                "message": FAILED,
            }
        for key in _UNTOUCHED:
            if key in event:
                clean[key] = event[key]  # Sentry's own identifiers and dates, which it needs as they are
        return clean

    def crumb(self, crumb: Any, hint: Any = None) -> Any:
        """One breadcrumb or log; dropped when it cannot be read."""
        return self._clean(crumb)

    def span(self, span: Any, hint: Any = None) -> Any:
        """One streamed span. Sentry sends the original if it gets nothing back, so there is always something."""
        clean = self._clean(span)
        return {**span, "name": FAILED, "attributes": {}} if clean is None else clean

    def _clean(self, tree: Any) -> Any:
        redactor = default() if self._chosen is None else self._chosen
        try:
            clean = redact_tree(redactor, tree, text=lambda text: _text(redactor, text))
            return dict(clean) if isinstance(clean, dict) else None
        except Exception:
            return None


def _text(redactor: Redactor, text: str) -> str:
    """``text`` redacted; where Sentry cut it off, also what is left of a value at its end."""
    clean = redactor.redact(text)
    cut = next((cut for cut in _CUTS if clean.endswith(cut)), None)
    if cut is None:
        return clean
    data = clean[: -len(cut)].encode("utf-8", "surrogatepass")
    at = redactor.index().beginnings().open_from(data)
    if len(data) - at < MIN_CUT:
        return clean
    return decode(data[:at]) + redactor.unnamed + cut


_default = SentryCleaner()
before_send = before_send_transaction = _default.event
before_breadcrumb = before_send_log = _default.crumb
