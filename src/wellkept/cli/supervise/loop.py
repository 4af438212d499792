"""Waiting for the child, its output, signals and changed secrets, in one ``select``.

::

    running ── a secret changed ──> ending (TERM sent) ── it ended ──> running (started again)
       │                               └── grace over ──> killed ── it ended ──> running
       └── it ended by itself ──> its exit code is ours

A signal that we receive is the child's: it decides what to do, and we end when it does. While it is being
ended for a restart, TERM, INT, HUP and QUIT also call off the restart.
"""

from __future__ import annotations

import os
import select
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

from ...errors import WellkeptError
from ..output import note
from .child import Child
from .streams import Redacting, Streams
from .terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

PASSED_ON = tuple(
    getattr(signal, name)
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGTSTP")
    if hasattr(signal, name)
)
FINAL = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM})
DRAIN = 1.0
"""Seconds that descendants of an ended child may still print for."""


class Watch(NamedTuple):
    """How changes are noticed and what follows.

    ``poll`` returns the environment to start again with, or ``None`` while nothing has changed; it is asked
    every ``interval`` seconds. ``signal`` is sent instead of a restart; 0 sends nothing and does not restart.
    """

    poll: Callable[[], Mapping[str, str] | None]
    interval: float = 1.0
    signal: int | None = None
    grace: float = 10.0


class Loop:
    """One supervised command."""

    _child: Child

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        watch: Watch | None = None,
        redactor: Callable[[], Redacting] | None = None,
    ) -> None:
        self._command = command
        self._environment = environment
        self._watch = watch
        self._redactor = redactor
        self._terminal = Terminal()
        self._streams: Streams | None = None
        self._again = False
        self._kill_at: float | None = None
        self._complained = ""

    def run(self) -> int:
        """The exit code of the command. Raises ``OSError`` when it cannot be started."""
        wake, previous = _wake_on((*PASSED_ON, signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH))
        try:
            self._child = self._start()
            return self._supervise(wake)
        finally:
            previous()
            self._terminal.close()

    def _start(self) -> Child:
        self._again, self._kill_at = False, None
        if self._redactor is None:
            return Child(self._command, self._environment, self._terminal)
        streams = Streams(self._redactor)
        try:
            child = Child(
                self._command, self._environment, self._terminal, stdout=streams.stdout, stderr=streams.stderr
            )
        finally:
            streams.started()
        self._streams = streams
        return child

    def _supervise(self, wake: int) -> int:
        next_poll = time.monotonic() + (self._watch.interval if self._watch else 0.0)
        while True:
            due = [
                moment for moment in (next_poll if self._watch else None, self._kill_at) if moment is not None
            ]
            timeout = max(0.0, min(due) - time.monotonic()) if due else None
            sources = self._streams.waiting() if self._streams else []
            ready, _, _ = select.select([wake, *sources], [], [], timeout)
            for source in ready:
                if source != wake and self._streams:
                    self._streams.pump(source)
            if wake in ready:
                for number in os.read(wake, 4096):
                    self._signalled(number)
                code = self._reap()
                if code is not None:
                    return code
            now = time.monotonic()
            if self._kill_at is not None and now >= self._kill_at:
                self._kill_at = None
                self._child.send(signal.SIGKILL)
            if self._watch and now >= next_poll:
                self._resize()
                self._look(self._watch)
                next_poll = time.monotonic() + self._watch.interval

    def _signalled(self, number: int) -> None:
        if number == signal.SIGWINCH:
            self._resize()
        elif number == signal.SIGCONT:
            self._child.resume()
        elif number != signal.SIGCHLD:
            if number in FINAL:
                self._again = False
            self._child.pass_on(number)

    def _resize(self) -> None:
        """The terminal tells its foreground group alone, which the child is; so this is also asked regularly."""
        if self._streams and self._streams.resize():
            self._child.send(signal.SIGWINCH)

    def _reap(self) -> int | None:
        """Wait for every process that is ours to wait for; the exit code, once the command is done."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return None
            if pid == 0:
                return None
            if pid != self._child.pid:
                continue  # as a container's first process we inherit orphans
            if os.WIFSTOPPED(status):
                self._child.stopped()
                continue
            code = self._child.ended(status)
            self._drain()
            if not self._again:
                return code
            self._child = self._start()

    def _drain(self) -> None:
        if self._streams is None:
            return
        end = time.monotonic() + DRAIN
        while sources := self._streams.waiting():
            ready, _, _ = select.select(sources, [], [], max(0.0, end - time.monotonic()))
            if not ready:
                break
            for source in ready:
                self._streams.pump(source)
        self._streams.close()
        self._streams = None

    def _look(self, watch: Watch) -> None:
        try:
            environment = watch.poll()
        except WellkeptError as error:
            # The command keeps what it has; said once, not every second.
            if str(error) != self._complained:
                self._complained = str(error)
                note(f"cannot look for changes, the command keeps running with what it has: {error}")
            return
        self._complained = ""
        if environment is None:
            return
        self._environment = environment
        if watch.signal is not None:
            if watch.signal:
                self._child.send(watch.signal)
        elif not self._again:
            self._again = True
            self._kill_at = time.monotonic() + watch.grace
            self._child.send(signal.SIGTERM)


def _wake_on(signals: Sequence[int]) -> tuple[int, Callable[[], None]]:
    """A descriptor on which the numbers of arriving ``signals`` can be read, and a call that undoes it.

    A signal that was ignored when we were started (``nohup``) stays ignored, for us and the child.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)
    before = {number: signal.getsignal(number) for number in signals}
    caught = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in caught:
        signal.signal(number, _noted)

    def undo() -> None:
        for number in caught:
            signal.signal(number, before[number])
        signal.set_wakeup_fd(wakeup)
        os.close(reader)
        os.close(writer)

    return reader, undo


def _noted(number: int, frame: FrameType | None) -> None:
    """The wake-up pipe has the number; this only keeps the signal from its default action."""
