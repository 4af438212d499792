"""At a real terminal: a pseudo-terminal with a shell that has job control, typed at by the test."""

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import sys
import termios
import time

import pytest

PATIENCE = 30.0

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash: apt-get install bash")

REDACTOR = """
class Same:
    def feed(self, data): return data
    def flush(self): return b""
"""


class Terminal:
    """A terminal with an interactive bash in it."""

    def __init__(self) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(PS1="prompt> ", TERM="dumb", HISTFILE="/dev/null")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
        self.seen = ""
        self.until("prompt> ")

    def type(self, text: str) -> None:
        self.seen = ""
        os.write(self.fd, text.encode())

    def interrupt(self) -> None:
        """Ctrl-C, and a line after it: Python answers a signal that comes just before it begins to read only
        when it has read."""
        self.type("\x03")
        self.type("x\n")

    def until(self, text: str) -> str:
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{text!r} did not come; saw {self.seen!r}"
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        return self.seen

    def close(self) -> None:
        os.close(self.fd)  # hangs up: everything in the session ends
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal():
    found = Terminal()
    yield found
    found.close()


@pytest.fixture
def program(tmp_path):
    """A file that supervises the given code; returns the line to type."""

    def make(code: str, *, redact: bool = False) -> str:
        path = tmp_path / "program.py"
        path.write_text(
            "import os, signal, sys\n"
            "from wellkept.cli.supervise.loop import Loop, Watch\n"
            f"{REDACTOR}"
            f"command = [sys.executable, '-u', '-c', {code!r}]\n"
            "watch = Watch(lambda: None, interval=0.02)\n"
            f"sys.exit(Loop(command, os.environ, watch=watch, redactor={'Same' if redact else None}).run())\n"
        )
        return f"{sys.executable} {path}"

    return make


COUNTING = """
import signal, sys, time
count = 0
def interrupted(*_):
    global count
    count += 1
    print('interrupt', count, flush=True)
signal.signal(signal.SIGINT, interrupted)
print('re' + 'ady', flush=True)
while True:
    line = input()
    print('read <' + line + '>', flush=True)
    if line == 'q':
        print('interrupts: ' + str(count), flush=True)
        sys.exit(9)
"""


@pytest.mark.parametrize("redact", [False, True])
def test_the_command_reads_the_terminal_and_gets_ctrl_c_once(terminal, program, redact):
    terminal.type(program(COUNTING, redact=redact) + "; echo code=$?\n")
    terminal.until("ready")
    terminal.type("hello\n")
    terminal.until("read <hello>")
    terminal.interrupt()
    terminal.until("interrupt 1")
    terminal.type("q\n")
    assert "interrupts: 1" in terminal.until("code=9")


def test_ctrl_z_stops_the_job_and_fg_continues_it(terminal, program):
    terminal.type(program(COUNTING) + "\n")
    terminal.until("ready")
    terminal.type("\x1a")
    terminal.until("Stopped")
    terminal.type("echo in the shell a$((1+1))b\n")
    terminal.until("a2b")
    terminal.type("fg\n")
    terminal.until("program.py")
    terminal.type("hello\n")
    terminal.until("read <hello>")
    terminal.type("q\n")
    terminal.until("interrupts: 0")
    terminal.until("prompt> ")


def test_in_a_pipeline_the_neighbour_keeps_the_terminal_and_ctrl_c_comes_once(terminal, program):
    terminal.type(program(COUNTING, redact=True) + " | cat; echo code=${PIPESTATUS[0]}\n")
    terminal.until("ready")
    # cat dies of the interrupt; a neighbour that ignores it shows that the command counted one.
    terminal.type("hello\n")
    terminal.until("read <hello>")
    terminal.type("q\n")
    assert "interrupts: 0" in terminal.until("code=9")
    terminal.type(program(COUNTING) + " | (trap '' INT; cat); echo code=${PIPESTATUS[0]}\n")
    terminal.until("ready")
    terminal.interrupt()
    terminal.until("interrupt 1")
    terminal.type("q\n")
    assert "interrupts: 1" in terminal.until("code=9")


def test_ctrl_z_in_a_pipeline_stops_and_continues_as_well(terminal, program):
    terminal.type(program(COUNTING) + " | cat\n")
    terminal.until("ready")
    terminal.type("\x1a")
    terminal.until("Stopped")
    terminal.type("fg\n")
    terminal.until("cat")
    terminal.type("hello\n")
    terminal.until("read <hello>")
    terminal.type("q\n")
    terminal.until("prompt> ")


SIZE = """
import os, signal, sys
def show(*_):
    size = os.get_terminal_size(1)
    print('size', size.columns, size.lines, 'tty', os.isatty(1), os.isatty(2), flush=True)
signal.signal(signal.SIGWINCH, show)
show()
while True: signal.pause()
"""


def resize(terminal: Terminal, columns: int, lines: int) -> None:
    fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))


def test_a_redacted_command_still_has_a_terminal_and_learns_its_size(terminal, program):
    resize(terminal, 77, 22)
    terminal.type(program(SIZE, redact=True) + "; echo code=$?\n")
    terminal.until("size 77 22 tty True True")
    resize(terminal, 99, 33)
    terminal.until("size 99 33 tty True True")
    terminal.type("\x03")
    terminal.until("code=1")


def test_lines_of_a_redacted_command_end_as_the_terminal_wants_them(terminal, program):
    terminal.type(program("print('one'); print('two')", redact=True) + "; echo code=$?\n")
    terminal.until("code=0")
    assert "one\r\ntwo\r\n" in terminal.seen


def test_after_the_command_the_shell_has_its_terminal_back(terminal, program):
    terminal.type(program("print('o' + 'ne')") + "\n")
    terminal.until("one")
    terminal.until("prompt> ")
    terminal.type("echo back $((40+2))\n")
    terminal.until("back 42")


def test_in_the_background_it_stops_when_it_wants_to_read_and_goes_on_in_the_foreground(terminal, program):
    terminal.type(program(COUNTING) + " &\n")
    terminal.until("ready")
    seen = ""
    while "Stopped" not in seen:
        terminal.type("jobs; echo e$((1+1))d\n")
        seen = terminal.until("e2d")
    terminal.type("fg\n")
    terminal.until("program.py")
    terminal.type("q\n")
    terminal.until("interrupts: 0")
