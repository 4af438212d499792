"""One run of the command: started in its own process group where possible, signalled as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .terminal import Terminal

FROM_KEYBOARD = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)


class Child:
    """A started command. ``pid`` is its process, and its group unless it ``shares`` ours."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        terminal: Terminal,
        *,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> None:
        """Start it. Raises ``OSError`` when it cannot be executed."""
        self.shares = terminal.shared
        self._terminal = terminal
        self._process = subprocess.Popen(
            list(command),
            env=dict(environment),
            stdout=stdout,
            stderr=stderr,
            process_group=None if self.shares else 0,
            preexec_fn=None if self.shares else terminal.prepare_child,  # one thread only, so this is safe
        )
        self.pid = self._process.pid

    def pass_on(self, number: int) -> None:
        """Hand over a signal that we received, unless the terminal has sent it to the child as well."""
        if not (self.shares and number in FROM_KEYBOARD and self._terminal.in_foreground()):
            self.send(number)

    def send(self, number: int) -> None:
        """Signal the command, with its descendants where they have a group of their own."""
        try:
            if self.shares:
                os.kill(self.pid, number)
            else:
                os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # it has ended, or has become another user's

    def ended(self, status: int) -> int:
        """The exit code for a ``waitpid`` status: the command's own, or 128 and the signal's number."""
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code  # we have waited; Popen need not
        if not self.shares:
            self._terminal.take_back(self.pid)
        return code if code >= 0 else 128 - code

    def stopped(self) -> None:
        """The command was stopped (Ctrl-Z): stop with it, and continue it when we are continued.

        SIGTSTP and not SIGSTOP, because the kernel spares a group that no shell could continue.
        """
        if not (self._terminal.alone or self.shares):
            return  # somebody's SIGSTOP, and no shell whose job we are
        self._terminal.take_back(self.pid)
        caught = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        if self.shares:
            os.kill(os.getpid(), signal.SIGTSTP)
        else:
            os.killpg(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, caught)
        self.resume()

    def resume(self) -> None:
        """Continue in the foreground, if that is where we are."""
        if not self.shares:
            self._terminal.lend(self.pid)
        self.send(signal.SIGCONT)
