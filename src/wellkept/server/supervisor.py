"""The supervisor: holds the sockets, keeps the workers alive, and remembers the root key for those to come.

It serves nothing and opens no store; so it has little that could fail. A worker that dies is replaced, with the
keys in force: neither a crash nor anything else but a request to seal seals the server. Workers are forks of
it, made while it has one thread.

======== =====================================================================
signal   what
======== =====================================================================
TERM,INT stop: requests under way are answered, then all ends
HUP      certificates, log and audit files are opened again
CHLD     a worker ended: make another, unless it was told to
======== =====================================================================
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import time
from typing import TYPE_CHECKING

from . import systemd
from .hub import Hub, Link
from .sockets import open_sockets
from .worker import work

if TYPE_CHECKING:
    from collections.abc import Callable

    from .log import Log
    from .node import Node
    from .settings import Settings

QUICK = 2.0
"""Seconds within which a worker's end counts as a failure to start."""

TRIES = 5
"""Workers in a row that may fail to start, before the server gives up."""


class _Worker:
    def __init__(self, pid: int, link: Link) -> None:
        self.pid = pid
        self.link = link
        self.began = time.monotonic()


class Supervisor:
    """``prepare`` runs in the first worker before it serves; ``ready`` here, once all of them do."""

    def __init__(
        self,
        settings: Settings,
        log: Log,
        *,
        prepare: Callable[[Node], None] | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._prepare = prepare
        self._ready = ready
        self._hub = Hub()
        self._workers: dict[int, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._stopping = 0.0
        self._failed = 0
        self._not_before = 0.0
        self._exit = 0
        self._announced = False

    def run(self) -> int:
        """Serve until stopped; the exit code. Raises ``ConfigError`` when an address cannot be listened at."""
        self._sockets = open_sockets(self._settings.listeners)
        self._hear_signals()
        _no_core_dumps()
        gc.collect()
        gc.freeze()  # what is here now stays shared with the workers
        self._fork()
        while self._workers or not self._stopping:
            self._turn()
        for sock, listener in zip(self._sockets, self._settings.listeners, strict=True):
            sock.close()
            if listener.socket and os.path.lexists(listener.socket):
                os.unlink(listener.socket)
        return self._exit

    def _turn(self) -> None:
        for key, _ in self._selector.select(0.2 if self._failed else 1.0):
            if key.data is None:
                self._signals()
            else:
                self._receive(key.data)
        self._fill()
        for link in self._hub.overdue():
            self._end(link)
        if self._stopping:
            late = time.monotonic() > self._stopping
            for worker in self._workers.values():
                # Again and again: one that was just being born may have missed the first.
                os.kill(worker.pid, signal.SIGKILL if late else signal.SIGTERM)

    def _fill(self) -> None:
        """As many workers as there should be; the second after the first is ready, which may open the store."""
        if self._stopping or time.monotonic() < self._not_before:
            return
        ready = [worker for worker in self._workers.values() if worker.link.ready]
        if len(ready) == self._settings.workers and not self._announced:
            self._announced = True
            systemd.notify(f"READY=1\nMAINPID={os.getpid()}")
            self._ready()
        if len(ready) == len(self._workers) and len(self._workers) < self._settings.workers:
            self._fork()

    def _fork(self) -> None:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            code = 70
            ours.close()  # or the worker would never see that the supervisor is gone
            try:
                code = self._become_worker(theirs)
            except BaseException as error:
                self._log.error(f"a worker ended: {type(error).__name__}")
                if os.environ.get("WELLKEPT_DEBUG"):
                    import traceback

                    traceback.print_exc()
            finally:
                os._exit(code)
        theirs.close()
        link = Link(ours)
        self._hub.add(link)
        self._workers[pid] = _Worker(pid, link)
        self._selector.register(ours, selectors.EVENT_READ, link)

    def _become_worker(self, theirs: socket.socket) -> int:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        self._selector.close()
        for worker in self._workers.values():
            worker.link.sock.close()
        self._wake.close()
        self._woken.close()
        prepare = self._prepare if not self._announced and not self._workers else None
        return work(self._settings, self._sockets, theirs, self._hub.roots, self._log, prepare)

    def _receive(self, link: Link) -> None:
        try:
            data = link.sock.recv(1 << 16)
        except OSError:
            data = b""
        if data:
            self._hub.receive(link, data)
        else:
            self._drop(link)

    def _drop(self, link: Link) -> None:
        if link in self._hub.links:
            self._selector.unregister(link.sock)
            self._hub.remove(link)
            link.sock.close()

    def _end(self, link: Link) -> None:
        for worker in self._workers.values():
            if worker.link is link:
                self._log.error(f"worker {worker.pid} does not follow; it is replaced")
                os.kill(worker.pid, signal.SIGKILL)

    # Signals come as bytes through a socket, so that they interrupt nothing half-way.

    def _hear_signals(self) -> None:
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        self._selector.register(self._wake, selectors.EVENT_READ, None)

    def _signals(self) -> None:
        for number in set(self._wake.recv(4096)):
            if number in (signal.SIGTERM, signal.SIGINT):
                self._stop()
            elif number == signal.SIGHUP:
                self._reload()
            elif number == signal.SIGCHLD:
                self._reap()

    def _stop(self) -> None:
        if self._stopping:
            return
        self._log.info("shutting down: requests under way are answered first")
        systemd.notify("STOPPING=1")
        self._stopping = time.monotonic() + self._settings.shutdown_patience + 5
        for worker in self._workers.values():
            os.kill(worker.pid, signal.SIGTERM)

    def _reload(self) -> None:
        self._log.reopen()
        self._log.info("reloading")
        systemd.notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        for worker in self._workers.values():
            os.kill(worker.pid, signal.SIGHUP)
        systemd.notify("READY=1")

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            worker = self._workers.pop(pid, None)
            if worker is not None:
                self._buried(worker, status)

    def _buried(self, worker: _Worker, status: int) -> None:
        link = worker.link
        if link in self._hub.links:
            self._receive(link)  # its last words
        self._drop(link)
        if self._stopping:
            return
        how = os.waitstatus_to_exitcode(status)
        reason = link.failure or (f"signal {-how}" if how < 0 else f"exit code {how}")
        self._log.error(f"worker {worker.pid} ended: {reason}")
        quick = not link.ready and time.monotonic() - worker.began < QUICK
        self._failed = self._failed + 1 if quick or link.failure else 0
        if (self._failed >= TRIES and not self._workers) or (link.failure and not self._announced):
            self._exit = link.exit_code
            self._log.error("no worker can be started; giving up")
            self._stop()
        elif self._failed:
            self._not_before = time.monotonic() + min(0.05 * 2**self._failed, 5.0)


def _no_core_dumps() -> None:
    """They would hold keys."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
