import os
import signal
import sys

import pytest

PYTHON = sys.executable


def python(code: str) -> list[str]:
    return [PYTHON, "-u", "-c", code]


def test_the_exit_code_of_the_command_is_ours(supervise):
    assert supervise(["sh", "-c", "exit 7"]).end() == 7
    assert supervise(["true"]).end() == 0


def test_a_command_ended_by_a_signal_gives_128_and_its_number(supervise):
    assert supervise(["sh", "-c", "kill -KILL $$"]).end() == 128 + signal.SIGKILL
    assert supervise(["sh", "-c", "kill -SEGV $$"]).end() == 128 + signal.SIGSEGV


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1]
)
def test_a_signal_is_passed_on_and_the_command_decides(supervise, number):
    code = (
        "import signal, sys\n"
        f"signal.signal({int(number)}, lambda *_: (print('got it'), sys.exit(5)))\n"
        "print('ready')\n"
        "while True: signal.pause()"
    )
    running = supervise(python(code))
    running.until(b"ready")
    running.send(number)
    assert running.end() == 5
    assert running.seen.count(b"got it") == 1


def test_a_signal_reaches_the_descendants_of_a_shell_as_well(supervise):
    running = supervise(["sh", "-c", "sleep 1000 & echo ready $!; wait"])
    seen = running.until(b"\n")
    grandchild = int(seen.split()[1])
    running.send(signal.SIGTERM)
    assert running.end() == 128 + signal.SIGTERM
    assert ends(grandchild)


def ends(pid: int) -> bool:
    """Whether the process ends in good time. A zombie has ended: reaping it is not our business."""
    for _ in range(100_000):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        os.sched_yield()
    return False


def test_sigpipe_is_what_it_was_for_the_command(supervise):
    running = supervise(["sh", "-c", "kill -PIPE $$; echo survived"])
    assert running.end() == 128 + signal.SIGPIPE
    assert b"survived" not in running.seen


def test_a_command_that_cannot_be_started_raises(supervise):
    running = supervise(["/nonexistent/program"])
    assert running.end() == 1
    assert b"FileNotFoundError" in running.errors


CHANGING = """
import itertools
counter = itertools.count()
def poll():
    # The first look is the start; every later one follows the file that the test writes.
    path = os.environ["TRIGGER"]
    try:
        value = open(path).read()
    except OSError:
        return None
    global last
    if value == last:
        return None
    last = value
    return dict(os.environ, VALUE=value)
last = ""
"""


def test_a_change_restarts_the_command_with_the_new_environment(supervise, tmp_path):
    trigger = tmp_path / "trigger"
    code = "import os, signal; print('value', os.environ.get('VALUE'), flush=True); signal.pause()"
    running = supervise(
        python(code),
        setup=CHANGING,
        watch="Watch(poll, interval=0.02)",
        env=dict(os.environ, TRIGGER=str(trigger)),
    )
    running.until(b"value None")
    trigger.write_text("one")
    running.until(b"value one")
    trigger.write_text("two")
    running.until(b"value two")
    running.send(signal.SIGTERM)
    assert running.end() == 128 + signal.SIGTERM


def test_a_change_sends_the_signal_instead_when_one_is_given(supervise, tmp_path):
    trigger = tmp_path / "trigger"
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGHUP, lambda *_: (print('reloaded'), sys.exit(0)))\n"
        "print('ready')\n"
        "while True: signal.pause()"
    )
    running = supervise(
        python(code),
        setup=CHANGING,
        watch="Watch(poll, interval=0.02, signal=signal.SIGHUP)",
        env=dict(os.environ, TRIGGER=str(trigger)),
    )
    running.until(b"ready")
    trigger.write_text("one")
    assert running.end() == 0
    assert running.seen.count(b"ready") == 1


def test_a_command_that_ignores_the_request_to_end_is_killed_after_the_grace(supervise, tmp_path):
    trigger = tmp_path / "trigger"
    code = (
        "import os, signal\n"
        "if 'VALUE' in os.environ: print('again'); raise SystemExit(3)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready')\n"
        "while True: signal.pause()"
    )
    running = supervise(
        python(code),
        setup=CHANGING,
        watch="Watch(poll, interval=0.02, grace=0.05)",
        env=dict(os.environ, TRIGGER=str(trigger)),
    )
    running.until(b"ready")
    trigger.write_text("one")
    assert running.end() == 3


def test_a_failing_look_leaves_the_command_alone_and_is_said_once(supervise):
    setup = """
from wellkept.errors import Denied
looks = 0
def poll():
    global looks
    looks += 1
    if looks == 5:
        os.kill(os.getpid(), signal.SIGTERM)
    raise Denied("policy says no to 'x'")
"""
    running = supervise(["sleep", "1000"], setup=setup, watch="Watch(poll, interval=0.01)")
    assert running.end() == 128 + signal.SIGTERM
    assert running.errors.count(b"policy says no") == 1


UPPER = """
class Upper:
    # Holds back the last byte, as a redactor holds back what may be the beginning of a value.
    def __init__(self): self.kept = b""
    def feed(self, data):
        data = self.kept + data
        self.kept = data[-1:]
        return data[:-1].upper()
    def flush(self):
        return self.kept.upper()
"""


def test_all_output_passes_through_the_redactor_to_its_last_byte(supervise):
    running = supervise(
        ["sh", "-c", "echo out; echo err >&2; printf end; exit 4"], setup=UPPER, redactor="Upper"
    )
    assert running.end() == 4
    assert running.seen == b"OUT\nEND"
    assert running.errors == b"ERR\n"


def test_much_output_passes_whole(supervise):
    running = supervise(["sh", "-c", "yes abcdefg | head -c 3000000; echo x"], setup=UPPER, redactor="Upper")
    assert running.end() == 0
    assert running.seen == b"ABCDEFG\n" * 375000 + b"X\n"


def test_a_descendant_that_keeps_the_output_open_does_not_keep_us(supervise):
    running = supervise(["sh", "-c", "sleep 1000 & echo done"], setup=UPPER, redactor="Upper")
    assert running.end() == 0
    assert running.seen == b"DONE\n"


def test_when_our_reader_goes_the_command_gets_a_broken_pipe(supervise):
    running = supervise(["yes"], setup=UPPER, redactor="Upper")
    running.until(b"Y\n")
    running.process.stdout.close()
    assert running.process.wait(30) == 128 + signal.SIGPIPE
