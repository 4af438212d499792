import os
import select
import signal
import subprocess
import sys
import time

import pytest

PATIENCE = 30.0
"""Seconds after which a test that waits for an event fails; no test passes by waiting."""


class Running:
    """A Python program that supervises a command through ``Loop``, and its output as it comes."""

    def __init__(self, program: str, *, stdin=subprocess.DEVNULL, **options):
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        self.seen = b""

    def until(self, text: bytes) -> bytes:
        """Read stdout until ``text`` has come."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert data, f"{text!r} did not come; saw {self.seen!r}, {self.process.stderr.read1()!r}"
            self.seen += data
        return self.seen

    def end(self) -> int:
        out, self.errors = self.process.communicate(timeout=PATIENCE)
        self.seen += out
        return self.process.returncode

    def send(self, number: int) -> None:
        self.process.send_signal(number)


@pytest.fixture
def supervise():
    """Start ``Loop`` over a command in a process of its own; ended with everything in it after the test."""
    started = []

    def start(command, *, setup: str = "", watch: str = "None", redactor: str = "None", **options) -> Running:
        program = (
            "import os, signal, sys\n"
            "from wellkept.cli.supervise.loop import Loop, Watch\n"
            f"{setup}\n"
            f"sys.exit(Loop({command!r}, os.environ, watch={watch}, redactor={redactor}).run())"
        )
        running = Running(program, start_new_session=True, **options)
        started.append(running)
        return running

    yield start
    for running in started:
        try:
            os.killpg(running.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        running.process.kill()
        running.process.communicate()
