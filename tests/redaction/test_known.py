"""The registry: bounded, shared by threads, alive in both halves of a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from wellkept.redaction.known import DEFAULT, UNREAD, Known, forget, remember
from wellkept.redaction.redactor import Redactor
from wellkept.secret import Secret


def names(known: Known) -> list[str]:
    return [secret.name for secret in known.since(UNREAD)[0]]


def test_rotated_out_values_stay_known() -> None:
    known = Known()
    for value in ("old-value", "new-value"):
        known.remember(Secret(value, name="prod/x"))
    assert len(known) == 2
    assert Secret("old-value") in known


def test_above_the_count_the_least_recently_remembered_go_first() -> None:
    known = Known(max_secrets=10)
    live = Secret("live-value", name="live")
    known.remember(live)
    for number in range(100):
        known.remember(Secret(f"rotated-{number}", name=str(number)))
        known.remember(live)  # what the loader does at each refresh
    assert len(known) <= 10
    assert live in known
    assert known.evicted == 101 - len(known)
    assert names(known)[-1] == "99"


def test_above_the_bytes_the_least_recently_remembered_go_first() -> None:
    known = Known(max_bytes=1_000)
    for number in range(50):
        known.remember(Secret(f"{number:0100}", name=str(number)))
    assert len(known) <= 10
    assert names(known)[-1] == "49"


def test_a_value_above_the_bound_by_itself_is_known_until_the_next() -> None:
    known = Known(max_bytes=10)
    known.remember(Secret("x" * 100, name="large"))
    assert names(known) == ["large"]
    known.remember(Secret("small", name="small"))
    assert names(known) == ["small"]


@pytest.mark.parametrize("value", ["", "abc", "äöü", b"\xff\xfe\xfd", "true", "localhost", "     "])
def test_short_and_public_values_are_not_searched_for(value: str | bytes) -> None:
    known = Known()
    known.remember(Secret(value))
    assert len(known) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "8000"),
        ("LOG_LEVEL", "debug"),
        ("ENVIRONMENT", "production"),
        ("prod/billing/host", "db-1.internal"),
        ("APP_NAME", "billing service"),
        ("TZ", "Europe/Berlin"),
        ("POSTGRES_USER", "postgres"),
    ],
)
def test_settings_that_look_like_settings_are_passed_over(name: str, value: str) -> None:
    known = Known()
    known.remember(Secret(value, name=name))
    assert len(known) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSWORD", "production"),
        ("prod/billing/database", "swordfish"),
        ("", "debug"),
        ("prod/host", "x7Gk29fQpL03"),
        ("DB_HOST", "app:pa55word@db"),
        ("DB_USER", "v-token-x7Gk29fQpL03"),
        ("PORT", "8" * 70),
    ],
)
def test_everything_else_is_searched_for_however_plain(name: str, value: str) -> None:
    known = Known()
    known.remember(Secret(value, name=name))
    assert len(known) == 1


def test_a_spared_name_is_forgotten_and_stays_so() -> None:
    known = Known()
    redactor = Redactor(known)
    kept, spared = Secret("kept-value", name="a"), Secret("spared-value", name="b")
    for secret in (kept, spared, Secret('{"user": "field-value"}', name="c")):
        known.remember(secret)
    assert redactor.redact("spared-value field-value") == "[redacted:b] [redacted:c#user]"
    known.spare("b", "c#user")
    known.remember(spared)
    assert redactor.redact("kept-value spared-value field-value") == "[redacted:a] spared-value field-value"


@pytest.mark.parametrize(
    "value", ["abcd", "\ud800\udfff\ud800\ud801", "a\udcffbc", b"\xff\xfe\xfd\xfc", "äöüß"]
)
def test_any_value_of_four_characters_is_known_once(value: str | bytes) -> None:
    known = Known()
    known.remember(Secret(value))
    known.remember(Secret(value))
    assert len(known) == 1


def test_a_reader_gets_what_is_new_and_everything_after_a_removal() -> None:
    known = Known()
    first, second, third = (Secret(f"value-{n}", name=str(n)) for n in range(3))
    known.remember(first)
    news, everything, mark, serial = known.since(UNREAD)
    assert (news, everything, serial) == ([first], True, known.serial)
    known.remember(second)
    known.remember(third)
    assert known.serial != serial
    news, everything, mark, serial = known.since(mark)
    assert (news, everything) == ([second, third], False)
    known.remember(first)
    assert known.serial == serial  # nothing new, so no reader is woken
    known.forget(second)
    assert known.serial != serial
    assert known.since(mark)[:2] == ([first, third], True)
    known.clear()
    assert known.since(mark)[:2] == ([], True)


def test_the_default_registry_takes_and_forgets() -> None:
    secret = Secret("only-for-this-test-1", name="x")
    remember(secret)
    assert secret in DEFAULT
    forget(secret)
    assert secret not in DEFAULT


def test_nothing_about_a_registry_prints_a_value() -> None:
    known = Known()
    known.remember(Secret("do-not-print", name="prod/x"))
    assert "do-not-print" not in repr(known)
    assert "do-not-print" not in repr(vars(known))


def test_many_threads_remembering_at_once_lose_nothing() -> None:
    known = Known()

    def fill(part: int) -> None:
        for number in range(500):
            known.remember(Secret(f"value-{part}-{number}", name=f"{part}-{number}"))

    threads = [threading.Thread(target=fill, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(known) == 4_000
    assert len(set(names(known))) == 4_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_another_thread_holds_the_lock_leaves_a_working_child() -> None:
    """In a process of its own, because a fork of one with threads is what is tested."""
    program = """
import os, sys, threading
from wellkept.redaction.known import Known
from wellkept.redaction.redactor import Redactor
from wellkept.secret import Secret

known = Known()
known.remember(Secret("before-the-fork", name="a"))
redactor = Redactor(known)
redactor.redact("")
held, done = threading.Event(), threading.Event()

def hold():
    with known._lock, redactor._lock:
        held.set()
        done.wait()

threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if child == 0:
    known.remember(Secret("after-the-fork", name="b"))
    out = redactor.redact("x before-the-fork y after-the-fork")
    os.write(1, out.encode())
    os._exit(0)
_, status = os.waitpid(child, 0)
done.set()
sys.exit(os.waitstatus_to_exitcode(status))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert run.stdout == "x [redacted:a] y [redacted:b]", run.stderr
    assert run.returncode == 0


def test_remembering_imports_no_machinery() -> None:
    program = """
import sys
from wellkept.redaction import known
from wellkept.secret import Secret
known.remember(Secret("some-value"))
heavy = {"logging", "json", "dataclasses", "pathlib", "asyncio", "inspect", "subprocess", "html", "urllib.parse"}
print(sorted(heavy & set(sys.modules)))
"""
    run = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, env={"PYTHONPATH": "src"}
    )
    assert run.stdout == "[]\n", run.stderr
