"""The controlling terminal, lent to the child while it runs, as a shell does with its jobs.

A child in a process group of its own can be ended with all its descendants, and gets Ctrl-C once: from the
terminal. But only the foreground group may read the terminal, so it is made that group. In a pipeline
(``wellkept run --redact -- app | less``) the terminal belongs to the neighbours as well; there the child
stays in our group, shares what the terminal sends, and none of it is forwarded.
"""

from __future__ import annotations

import os
import signal


class Terminal:
    """The terminal of this process, if it has one. ``fd`` is its descriptor, or -1."""

    def __init__(self) -> None:
        try:
            self.fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            self.fd = -1
        self.alone = all(os.isatty(stream) for stream in (0, 1))
        self.shared = self.in_foreground() and not self.alone
        if self.fd >= 0:
            # Whoever has lent the terminal still writes to it and takes it back; both would stop it otherwise.
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)

    def in_foreground(self) -> bool:
        """Whether our group is the one that the terminal obeys."""
        return self._owner() == os.getpgrp()

    def lend(self, group: int) -> None:
        """Make ``group`` the foreground group, if that is ours to give."""
        if self.alone and self.in_foreground():
            self._give(group)

    def take_back(self, group: int) -> None:
        """Be the foreground group again, if ``group`` still was."""
        if self._owner() == group:
            self._give(os.getpgrp())

    def prepare_child(self) -> None:
        """Runs in the child before ``exec``: it must own the terminal before it touches it."""
        if self.fd >= 0:
            if self.alone and self._owner() == os.getpgid(os.getppid()):
                self._give(os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)

    def close(self) -> None:
        """Close the descriptor; safe to call twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _owner(self) -> int:
        try:
            return os.tcgetpgrp(self.fd) if self.fd >= 0 else -1
        except OSError:  # hung up
            return -1

    def _give(self, group: int) -> None:
        try:
            os.tcsetpgrp(self.fd, group)
        except OSError:
            pass  # hung up, or the group has just ended: there is nothing left to lend
