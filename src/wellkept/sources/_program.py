"""Running a program that prints secrets: no shell, no input, a limit to its time and its output.

What it writes to stderr may hold values (``set -x``, a debugging option), so nothing of it is ever shown; it is kept
for sorting failures only.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError, Malformed, Unavailable

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

MAX_STDERR = 64 * 1024
"""Bytes of stderr that are kept; what comes after them is read and dropped."""


class Ended(NamedTuple):
    """How a program ended: its exit code (below 0: the signal that killed it) and what it wrote."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def how(self) -> str:
        """In a few words for a message."""
        return f"exit code {self.code}" if self.code >= 0 else f"killed by signal {-self.code}"


def run(argv: Sequence[str], *, timeout: float, limit: int, hint: str) -> Ended:
    """Run ``argv`` in a session of its own, within ``timeout`` seconds and ``limit`` bytes of output.

    Whatever it started and left behind in its process group is killed. Raises ``ConfigError`` (no such program, with
    ``hint`` on what to do, or not executable), ``Unavailable`` (out of time, out of processes), ``Malformed``
    (printed more).
    """
    deadline = time.monotonic() + timeout
    process = _start(argv, hint)
    out, errors = bytearray(), bytearray()
    ended = False
    try:
        reason = _collect(process, out, errors, deadline, limit)
        ended = not reason and _wait(process, deadline)
    finally:
        if not ended:
            _kill(process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    program = os.path.basename(argv[0])
    if reason == "long":
        raise Malformed(f"{program} printed more than {limit} bytes")
    if not ended:
        raise Unavailable(f"{program} did not end within {timeout:g} s and was killed")
    return Ended(process.returncode, bytes(out), bytes(errors))


def _start(argv: Sequence[str], hint: str) -> subprocess.Popen[bytes]:
    import subprocess

    number: int | None = None
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except FileNotFoundError:
        missing = True
    except OSError as error:
        missing, number = False, error.errno
    import errno

    program = argv[0]
    if missing:
        raise ConfigError(f"the program {program!r} is not installed; {hint}")
    if number in (errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.ENOTDIR, errno.ELOOP):
        raise ConfigError(f"the program {program!r} cannot be run: {os.strerror(number)}")
    raise Unavailable(f"the program {program!r} cannot be started now: {os.strerror(number or 0)}")


def _collect(
    process: subprocess.Popen[bytes], out: bytearray, errors: bytearray, deadline: float, limit: int
) -> str:
    """Read both streams to their ends; ``"late"`` or ``"long"`` when that may not be awaited."""
    import selectors

    with selectors.DefaultSelector() as selector:
        streams: list[tuple[Any, bytearray]] = [(process.stdout, out), (process.stderr, errors)]
        for stream, buffer in streams:
            selector.register(stream, selectors.EVENT_READ, buffer)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return "late"
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data is out or len(errors) < MAX_STDERR:
                    key.data.extend(chunk)
            if len(out) > limit:
                return "long"
    return ""


def _wait(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Whether it ended in time, having closed its streams."""
    import subprocess

    try:
        process.wait(max(deadline - time.monotonic(), 0.05))
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and all of its group. It is not reaped yet, so its number is nobody else's."""
    import signal

    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()
