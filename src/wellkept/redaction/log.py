"""``logging`` without secrets: a filter that cleans records in place, and its installation on handlers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .exceptions import clean_exc_info, formatted
from .redactor import FAILED, default
from .tree import redact_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .redactor import Redactor

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""A record's own attributes; whatever else it has came in by ``extra``."""


class RedactingFilter(logging.Filter):
    """Put it on handlers: a handler sees the records of child loggers, which a filter on a logger does not.

    Cleans the message with its arguments, the exception and its text, the stack, and ``extra`` fields. A
    record that shows no secret is left as it is. Works in ``dictConfig``:
    ``{"filters": {"redact": {"()": "wellkept.redaction.RedactingFilter"}}}``.
    """

    def __init__(self, redactor: Redactor | None = None, name: str = "") -> None:
        super().__init__(name)
        self._redactor = default() if redactor is None else redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean ``record``; always lets it through (unless a ``name`` was given and does not match)."""
        if not super().filter(record):
            return False
        try:
            self._message(record)
            self._exception(record)
            for name in record.__dict__.keys() - _OWN:
                self._extra(record, name)
        except Exception:
            _withhold(record)
        return True

    def _message(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, Mapping) and not record.args:  # structlog hands its events over like this
            record.msg = redact_tree(self._redactor, record.msg)
            return
        message = record.getMessage()
        clean = self._redactor.redact(message)
        if clean is not message or (record.args and self._args_show(record.args, message)):
            record.msg, record.args = clean, ()
        if "message" in record.__dict__:  # an earlier handler's formatter left it there
            record.message = clean

    def _args_show(self, args: Any, message: str) -> bool:
        """Whether an argument shows what the message does not: part of it may have been left out there."""
        items = args.values() if isinstance(args, dict) else args
        unseen = [item for item in items if not (isinstance(item, str) and item in message)]
        return bool(unseen) and redact_tree(self._redactor, unseen) is not unseen

    def _exception(self, record: logging.LogRecord) -> None:
        info = record.exc_info
        if isinstance(info, tuple) and info[1] is not None:
            text = formatted(info[1], info[2]).rstrip("\n")
            clean = self._redactor.redact(text)
            if clean is not text:
                record.exc_text = clean
                record.exc_info = clean_exc_info(self._redactor, info)
        if record.exc_text:
            record.exc_text = self._redactor.redact(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redactor.redact(record.stack_info)

    def _extra(self, record: logging.LogRecord, name: str) -> None:
        value = record.__dict__[name]
        clean = redact_tree(self._redactor, {name: value})
        record.__dict__[name] = clean.get(name, FAILED) if isinstance(clean, dict) else FAILED


def _withhold(record: logging.LogRecord) -> None:
    """Nothing of the record's content is known to be clean."""
    record.msg, record.args, record.exc_info, record.exc_text, record.stack_info = (
        FAILED,
        (),
        None,
        None,
        None,
    )
    for name in (record.__dict__.keys() - _OWN) | ({"message"} & record.__dict__.keys()):
        record.__dict__[name] = FAILED


def install_logging(redactor: Redactor | None = None) -> Callable[[], None]:
    """Put a ``RedactingFilter`` on every handler there is: the root logger's and all others'.

    Call it after logging was configured; calling it again covers handlers that came since, once each.
    Returns a function that takes the filters off again.
    """
    added: list[tuple[logging.Handler, logging.Filter]] = []
    for handler in _handlers():
        if not any(isinstance(present, RedactingFilter) for present in handler.filters):
            filter_ = RedactingFilter(redactor)
            handler.addFilter(filter_)
            added.append((handler, filter_))

    def uninstall() -> None:
        for handler, filter_ in added:
            handler.removeFilter(filter_)

    return uninstall


def _handlers() -> Iterator[logging.Handler]:
    seen: set[int] = set()
    loggers = [logging.root, *(item for item in logging.root.manager.loggerDict.values())]
    last_resort = [logging.lastResort] if logging.lastResort is not None else []
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):  # a placeholder has none
            if id(handler) not in seen:
                seen.add(id(handler))
                yield handler
    yield from last_resort
