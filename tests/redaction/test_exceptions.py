"""Uncaught exceptions: what is printed, and what other hooks get to see. In real processes, as they end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from wellkept.redaction.exceptions import clean_exc_info, formatted, stand_in
from wellkept.redaction.redactor import Redactor

Make = Callable[..., Redactor]

PRELUDE = """
import gc, sys, threading
from wellkept.redaction import install_excepthook, remember
from wellkept.secret import Secret
value = bytes.fromhex("7333637265742d76616c7565").decode()  # not in a source line, which a traceback shows
remember(Secret(value, name="prod/x"))
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + program], capture_output=True, text=True, timeout=60
    )


def test_an_uncaught_exception_prints_its_traceback_without_the_value() -> None:
    ended = run("""
install_excepthook()
try:
    raise KeyError(value)
except KeyError as error:
    raise RuntimeError("could not use " + value) from error
""")
    assert ended.returncode == 1
    assert "s3cret-value" not in ended.stderr
    assert "KeyError: '[redacted:prod/x]'" in ended.stderr
    assert "direct cause" in ended.stderr
    assert ended.stderr.endswith("RuntimeError: could not use [redacted:prod/x]\n")


def test_an_uncaught_exception_in_a_thread_prints_without_the_value() -> None:
    ended = run("""
install_excepthook()
def work():
    raise ValueError(value)
thread = threading.Thread(target=work, name="worker-7")
thread.start()
thread.join()
sys.exit(0)
""")
    assert ended.returncode == 0
    assert "s3cret-value" not in ended.stderr
    assert "Exception in thread worker-7:" in ended.stderr
    assert "ValueError: [redacted:prod/x]" in ended.stderr


def test_an_exception_in_a_finalizer_prints_without_the_value() -> None:
    ended = run("""
install_excepthook()
class Thing:
    def __del__(self):
        raise ValueError(value)
Thing()
gc.collect()
""")
    assert "s3cret-value" not in ended.stderr
    assert "ValueError: [redacted:prod/x]" in ended.stderr


def test_a_hook_installed_before_sees_a_stand_in_of_the_same_name() -> None:
    ended = run("""
def tracker(kind, error, trace):
    print("seen", kind.__name__, str(error), trace is not None)
sys.excepthook = tracker
install_excepthook()
raise LookupError(value)
""")
    assert ended.stdout == "seen LookupError [redacted:prod/x] True\n"
    assert "s3cret-value" not in ended.stderr


def test_a_harmless_exception_reaches_the_earlier_hook_as_it_is() -> None:
    ended = run("""
class Mine(Exception): pass
def tracker(kind, error, trace):
    print("seen", kind is Mine, type(error) is Mine)
sys.excepthook = tracker
install_excepthook()
raise Mine("harmless")
""")
    assert ended.stdout == "seen True True\n"


def test_uninstalling_puts_the_earlier_hooks_back() -> None:
    ended = run("""
before = sys.excepthook, threading.excepthook, sys.unraisablehook
uninstall = install_excepthook()
during = sys.excepthook
uninstall()
print(before == (sys.excepthook, threading.excepthook, sys.unraisablehook), during is not before[0])
""")
    assert ended.stdout == "True True\n"


def test_an_error_in_the_redactor_prints_no_traceback_at_all() -> None:
    ended = run("""
from wellkept.redaction import Redactor
install_excepthook()
Redactor.redact = lambda *_: 1 / 0
raise RuntimeError(value)
""")
    assert ended.returncode == 1
    assert ended.stderr == "[redaction failed]\n"


def test_a_stand_in_prints_clean_through_the_whole_chain(knowing: Make) -> None:
    redactor = knowing({"prod/x": "s3cret-value"})
    harmless = ValueError("first")
    try:
        try:
            raise harmless
        except ValueError:
            raise KeyError("".join(["s3cret", "-value"]))  # noqa: B904 - the implicit context is what is tested
    except KeyError as caught:
        error = caught
    error.add_note("note " + "".join(["s3cret", "-value"]))
    clean = stand_in(redactor, error)
    assert type(clean).__name__ == "KeyError"
    assert clean.__traceback__ is error.__traceback__
    assert clean.__context__ is harmless
    assert "s3cret-value" not in formatted(clean)
    assert str(error) == "'s3cret-value'"  # the original is untouched


def test_a_clean_exception_stands_for_itself(knowing: Make) -> None:
    error = ValueError("harmless")
    assert stand_in(knowing(x="s3cret-value"), error) is error
    assert clean_exc_info(knowing(x="s3cret-value"), (ValueError, error, None)) == (ValueError, error, None)


def test_an_exception_chain_with_a_loop_ends(knowing: Make) -> None:
    first, second = ValueError("s3cret-value"), ValueError("s3cret-value too")
    first.__context__, second.__context__ = second, first
    clean = stand_in(knowing(x="s3cret-value"), first)
    assert "s3cret-value" not in formatted(clean)


def test_a_secret_in_a_source_line_leaves_no_exception_to_report(knowing: Make) -> None:
    try:
        raise ValueError("s3cret-value")
    except ValueError as caught:
        error = caught
    assert clean_exc_info(knowing(x="s3cret-value"), (ValueError, error, error.__traceback__)) is None


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_exceptions_that_end_a_program_have_stand_ins_too(knowing: Make, kind: type[BaseException]) -> None:
    clean = stand_in(knowing(x="s3cret-value"), kind("s3cret-value"))
    assert str(clean) == "[redacted:x]"
