"""The command line: ``main`` finds the command by its first word, and loads nothing else.

One file a command or small group. Commands build requests through ``core.local`` and ``sources`` like any
other face; nothing in here decides who may read what. Values reach stdout, a file of mode 0600 or the
environment of a child, and nothing else: no message, table, argument list or temporary file.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ..errors import WellkeptError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT, as shells have it."""

BROKEN_PIPE = 141
"""Exit code when the reader of our output has gone: 128 and the number of SIGPIPE."""

INPUT_OUTPUT = 74
"""Exit code when a file named by the user cannot be read or written (``EX_IOERR``)."""

UNEXPECTED = 70
"""Exit code of an error that is ours (``EX_SOFTWARE``)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (see ``errors``), never raises what a user can cause."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except WellkeptError as error:
        return _report(_one_line(error), error.exit_code, error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _abandon_output()
        return BROKEN_PIPE
    except OSError as error:
        try:
            sys.stdout.flush()
        except OSError:
            _abandon_output()
        where = error.filename or "input or output"
        return _report(f"{where}: {error.strerror or type(error).__name__}", INPUT_OUTPUT, error)
    except Exception as error:
        text = f"unexpected {type(error).__name__}; run again with WELLKEPT_DEBUG=1 and report what it prints"
        return _report(text, UNEXPECTED, error)
    return code


def _abandon_output() -> None:
    """What could not be written to stdout is given up: Python flushes once more at exit, would fail again, and end
    with a code and a complaint of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _dispatch(words: list[str]) -> int:
    if words and words[0] == "run":
        import gc

        gc.disable()  # nearly all of it is imports, and then this process is another program
        from .run import main as run

        return run(words[1:])
    if words == ["scan", "staged"]:
        from .scan.quick import main as staged

        return staged()
    from .dispatch import dispatch

    return dispatch(words)


def _one_line(error: WellkeptError) -> str:
    return " ".join(str(error).split())


def _report(text: str, code: int, error: BaseException) -> int:
    sys.stderr.write(f"wellkept: {text}\n")
    if os.environ.get("WELLKEPT_DEBUG"):
        from .debug import print_frames

        print_frames(error)
    return code
