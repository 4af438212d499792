"""What may go wrong in other people's code, sorted and described without any value."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING

from ..errors import Malformed, SecretError, Unavailable, WellkeptError

if TYPE_CHECKING:
    from types import TracebackType


def sort_failure(error: BaseException, name: str, source: str) -> WellkeptError:
    """What a source raised, as one of ours. A source sorts its failures itself; this is for one that did not:
    the operating system's errors (timeouts and broken connections among them) are ``Unavailable``, anything
    else is ``Malformed``, because a failure that nobody understands must not be papered over."""
    if isinstance(error, WellkeptError):
        return again(error)
    about = f"{name!r}: reading from {source} failed with {place_of(error)}"
    if isinstance(error, (OSError, MemoryError)):
        return Unavailable(about, name=name, source=source)
    return Malformed(about, name=name, source=source)


def again(error: WellkeptError, name: str | None = None) -> WellkeptError:
    """A copy to raise: without traceback, cause and context, so that callers that share an error share nothing.

    ``name`` fills in the name of the secret where the error has none.
    """
    try:
        fresh = copy.copy(error)
    except Exception:
        fresh = None
    if type(fresh) is not type(error):  # a subclass that cannot be copied: its nearest kind of ours will do
        kind = next(each for each in type(error).__mro__ if each.__module__ == WellkeptError.__module__)
        fresh = kind(str(error))
    if name is not None and isinstance(fresh, SecretError) and fresh.name is None:
        fresh.name = name
    return fresh


def place_of(error: BaseException) -> str:
    """``ValueError at rebind.py:31``: the error's kind and where it was raised; its text may hold a value."""
    text = type(error).__name__
    if isinstance(error, OSError) and error.errno:
        text += f" ({os.strerror(error.errno)})"
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is not None:
        text += f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
    return text
