"""Exceptions without secrets: their text, a stand-in that prints clean, and the hooks that print uncaught ones."""

from __future__ import annotations

import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from .redactor import FAILED, default

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .redactor import Redactor

ExcInfo = tuple[type[BaseException], BaseException, "TracebackType | None"]


def formatted(error: BaseException, trace: TracebackType | None = None) -> str:
    """The traceback as Python prints it, with its chain. Not redacted."""
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))


def stand_in(redactor: Redactor, error: BaseException) -> BaseException:
    """An exception of the same name with redacted text, traceback, causes and notes; ``error`` if it is clean.

    It is not of the same class (so an ``except`` for that class would not catch it), because a class may
    compute its text from attributes that hold the secret: it is for printing and reporting only.
    """
    return _stand_in(redactor, error, {})


def _stand_in(redactor: Redactor, error: BaseException, done: dict[int, BaseException]) -> BaseException:
    if id(error) in done:
        return done[id(error)]
    text = formatted(error)
    if redactor.redact(text) is text:
        return error
    kind = type(error)
    body = {
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": "Stands for the real one.",
    }
    made: BaseException = type(kind.__name__, (Exception,), body)(redactor.redact(_text(error)))
    done[id(error)] = made
    made.__traceback__ = error.__traceback__
    if error.__cause__ is not None:
        made.__cause__ = _stand_in(redactor, error.__cause__, done)
    if error.__context__ is not None:
        made.__context__ = _stand_in(redactor, error.__context__, done)
    made.__suppress_context__ = error.__suppress_context__
    for note in getattr(error, "__notes__", None) or ():
        made.add_note(redactor.redact(str(note)))
    return made


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "<exception str() failed>"  # what Python's own traceback prints


def clean_exc_info(redactor: Redactor, info: ExcInfo) -> ExcInfo | None:
    """``info`` if it prints no secret, else a stand-in's; ``None`` if even that shows one (in a source line)."""
    _, error, trace = info
    text = formatted(error, trace)
    if redactor.redact(text) is text:
        return info
    made = stand_in(redactor, error)
    shown = formatted(made, trace)
    return (type(made), made, trace) if redactor.redact(shown) is shown else None


def install_excepthook(redactor: Redactor | None = None) -> Callable[[], None]:
    """Redact what Python prints about uncaught exceptions, in the main thread, in others and in finalizers.

    Hooks that were installed before (an error tracker's, say) are still called, with a stand-in where the
    exception shows a secret. Returns a function that puts the earlier hooks back.
    """
    chosen = default() if redactor is None else redactor
    main, thread, unraisable = sys.excepthook, threading.excepthook, sys.unraisablehook

    def on_main(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        def earlier(clean: ExcInfo) -> None:
            main(*clean)

        _report(chosen, (kind, error, trace), "", earlier, main is sys.__excepthook__)

    def on_thread(args: Any) -> None:
        if args.exc_value is None or issubclass(args.exc_type, SystemExit):
            thread(args)
            return
        name = args.thread.name if args.thread is not None else threading.get_ident()

        def earlier(clean: ExcInfo) -> None:
            thread(threading.ExceptHookArgs([*clean, args.thread]))

        info = (args.exc_type, args.exc_value, args.exc_traceback)
        _report(chosen, info, f"Exception in thread {name}:\n", earlier, thread is threading.__excepthook__)

    def on_unraisable(args: Any) -> None:
        if args.exc_value is None:
            unraisable(args)
            return
        text = f"{args.err_msg or 'Exception ignored in'}: {_repr(args.object)}\n"
        body = formatted(args.exc_value, args.exc_traceback)
        clean = chosen.redact(text + body)
        if clean == text + body:
            unraisable(args)
        else:
            _print(clean)

    sys.excepthook, threading.excepthook, sys.unraisablehook = on_main, on_thread, on_unraisable

    def uninstall() -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = main, thread, unraisable

    return uninstall


def _report(
    redactor: Redactor, info: ExcInfo, title: str, earlier: Callable[[ExcInfo], None], is_pythons_own: bool
) -> None:
    """Print ``info`` redacted; or, where another hook is to see it, hand that hook something clean."""
    try:
        text = formatted(info[1], info[2])
        clean = redactor.redact(text)
        if clean is text:
            harmless: ExcInfo | None = info
        else:
            harmless = None if is_pythons_own else clean_exc_info(redactor, info)
    except Exception:
        clean, harmless = f"{FAILED}\n", None
    if harmless is not None:
        earlier(harmless)
    else:
        _print(title + clean)


def _print(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _repr(thing: object) -> str:
    try:
        return repr(thing)
    except Exception:
        return f"<{type(thing).__name__}>"
