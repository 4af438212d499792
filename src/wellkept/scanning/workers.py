"""Worker processes: units go out, hits and problems come back, and a worker that hangs or dies is noticed.

Each worker is a fork of the coordinator, so that the compiled rules are shared; one pipe each way. A worker
writes which item it is at, and since when, into a shared page; the coordinator ends one that stays too long,
starts another, and gives it the same units again with the item named as poisoned.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import struct
import time
from typing import TYPE_CHECKING, Any

from .location import NOTHING, Location
from .problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .content import ContentScanner, Hit
    from .targets import Target

_HEAD = struct.Struct("<I")
_STATE = struct.Struct("<dqq")
TICK = 0.25
"""Seconds between looks at the clock."""


class ItemTimeout(Exception):
    """An item took longer than its time."""


class UnitRunner:
    """Runs units: expands, scans, collects. The same code in a worker and in the coordinator itself."""

    def __init__(self, target: Target, scanner: ContentScanner, note: Callable[[int, int], None]) -> None:
        self._target = target
        self._scanner = scanner
        self._note = note

    def run(
        self, serial: int, unit: Any, poisoned: dict[int, str]
    ) -> tuple[list[Hit], list[Problem], int, int]:
        """Hits, problems, number of items and of bytes of one unit. ``poisoned`` items are passed over."""
        hits: list[Hit] = []
        problems: list[Problem] = []
        files, before, number, subject = 0, self._scanner.bytes, 0, str(self._target.name)
        try:
            for item in self._target.expand(unit):
                if isinstance(item, Problem):
                    problems.append(item)
                    continue
                number += 1
                subject = item.origin.display
                if number in poisoned:
                    kind = poisoned[number]
                    problems.append(Problem(kind, subject, _POISON[kind]))
                    continue
                self._note(serial, number)
                files += 1
                try:
                    for found in self._scanner.scan(item):
                        if isinstance(found, Problem):
                            problems.append(found)
                        else:
                            hits.append(found)
                except ItemTimeout:
                    problems.append(Problem("timeout", subject, _POISON["timeout"]))
        except Exception as error:  # nothing that a target meets may end the scan of everything else
            reason = error.strerror if isinstance(error, OSError) else type(error).__name__
            problems.append(
                Problem("unreadable", subject, f"scanning it failed ({reason}); it was not scanned whole")
            )
        return hits, problems, files, self._scanner.bytes - before


_POISON = {
    "timeout": "it took longer than its time; it was not scanned whole",
    "worker": "the process that scanned it died; it was not scanned",
}


class _Worker:
    """One process, seen from the coordinator."""

    def __init__(self, run: Callable[[int, int, Any], None]) -> None:
        import mmap

        self.state = mmap.mmap(-1, _STATE.size)
        task_read, self.tasks = os.pipe()
        self.results, result_write = os.pipe()
        self.busy: tuple[int, Any, dict[int, dict[int, str]]] | None = None
        self.buffer = bytearray()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.close(self.tasks)
                os.close(self.results)
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # the coordinator ends its workers
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                run(task_read, result_write, self.state)
                code = 0
            except BaseException:  # the coordinator sees the end of the pipe; nothing may be printed here
                code = 1
            finally:
                os._exit(code)
        os.close(task_read)
        os.close(result_write)

    def send(self, serial: int, units: list[Any], poisoned: dict[int, dict[int, str]]) -> None:
        self.busy = (serial, units, poisoned)
        _STATE.pack_into(self.state, 0, 0.0, -1, 0)
        body = marshal.dumps((serial, units, poisoned))
        _write(self.tasks, _HEAD.pack(len(body)) + body)

    def close(self) -> None:
        for descriptor in (self.tasks, self.results):
            try:
                os.close(descriptor)
            except OSError:
                pass  # closed already
        self.state.close()


class Pool:
    """``jobs`` workers. ``run`` yields what came back for each batch of units, in the order they were given."""

    def __init__(
        self,
        jobs: int,
        make: Callable[[Callable[[int, int], None], Callable[[int], None]], UnitRunner],
        timeout: float,
    ) -> None:
        self._jobs = jobs
        self._make = make
        self._timeout = timeout
        self._workers: list[_Worker] = []
        self._others: list[int] = []

    def run(self, batches: Iterator[list[Any]]) -> Iterator[tuple[int, list[Any]]]:
        """Pairs of a batch's number and its results; raises nothing for a dead worker, that becomes a problem."""
        serial, exhausted = 0, False
        try:
            while True:
                while not exhausted and (worker := self._idle()) is not None:
                    batch = next(batches, None)
                    if batch is None:
                        exhausted = True
                        break
                    self._send(worker, serial, batch, {})
                    serial += 1
                busy = [worker for worker in self._workers if worker.busy is not None]
                if not busy:
                    return
                yield from self._collect(busy)
        finally:
            self._end()

    def _idle(self) -> _Worker | None:
        for worker in self._workers:
            if worker.busy is None:
                return worker
        if len(self._workers) < self._jobs:
            return self._start()
        return None

    def _start(self) -> _Worker:
        worker = _Worker(self._serve)
        self._workers.append(worker)
        return worker

    def _send(
        self, worker: _Worker, serial: int, units: list[Any], poisoned: dict[int, dict[int, str]]
    ) -> None:
        try:
            worker.send(serial, units, poisoned)
        except BrokenPipeError:
            pass  # it died while idle: the end of its other pipe says so next

    def _collect(self, busy: list[_Worker]) -> Iterator[tuple[int, list[Any]]]:
        poll = select.poll()
        for worker in busy:
            poll.register(worker.results, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(TICK * 1000)}
        for worker in busy:
            if worker.results in ready:
                part = os.read(worker.results, 1 << 20)
                if not part:
                    self._replace(worker, "worker")
                    continue
                worker.buffer += part
                if len(worker.buffer) >= 4:
                    size = _HEAD.unpack_from(worker.buffer)[0]
                    if len(worker.buffer) >= 4 + size:
                        assert worker.busy is not None
                        serial = worker.busy[0]
                        answer = marshal.loads(bytes(worker.buffer[4 : 4 + size]))  # noqa: S302  from our own fork
                        worker.buffer.clear()
                        worker.busy = None
                        yield serial, answer
                        continue
            since, _, _ = _STATE.unpack_from(worker.state)
            if since and time.monotonic() - since > 2 * self._timeout + 1:
                self._replace(worker, "timeout")  # it had its chance to notice by itself

    def _replace(self, worker: _Worker, kind: str) -> None:
        """Ends a worker and gives its units to a new one, without the item that it was at."""
        _, at, number = _STATE.unpack_from(worker.state)
        self._kill(worker)
        self._workers.remove(worker)
        assert worker.busy is not None
        serial, units, poisoned = worker.busy
        place = at if at >= 0 else 0
        poisoned.setdefault(place, {})[number if at >= 0 else -1] = kind
        if at < 0 or sum(len(marks) for marks in poisoned.values()) > 16:
            poisoned = {index: {0: kind} for index in range(len(units))}  # none of it can be scanned
        self._send(self._start(), serial, units, poisoned)

    def _kill(self, worker: _Worker) -> None:
        try:
            os.kill(worker.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # gone already
        os.waitpid(worker.pid, 0)
        worker.close()

    def _end(self) -> None:
        for worker in self._workers:
            if worker.busy is not None:
                os.kill(worker.pid, signal.SIGKILL)
            worker.close()
        for worker in self._workers:
            os.waitpid(worker.pid, 0)
        self._workers.clear()

    def _serve(self, tasks: int, results: int, state: Any) -> None:
        """A worker's life."""
        for other in self._workers:
            other.close()
        started = 0.0

        def note(place: int, number: int) -> None:
            nonlocal started
            started = time.monotonic()
            _STATE.pack_into(state, 0, started, place, number)

        def pulse(offset: int) -> None:
            nonlocal started
            now = time.monotonic()
            if now - started > self._timeout * (1 + (offset >> 26)):
                raise ItemTimeout
            state[0:8] = struct.pack("<d", now)

        runner = self._make(note, pulse)
        while (head := _exactly(tasks, 4)) is not None:
            body = _exactly(tasks, _HEAD.unpack(head)[0])
            assert body is not None
            _, units, poisoned = marshal.loads(body)  # noqa: S302  from the coordinator
            answer: list[Any] = []
            for place, unit in enumerate(units):
                marks = poisoned.get(place, {})
                if 0 in marks:
                    message = "the process that scanned a part of it died again and again; it was not scanned"
                    answer.append(([], [("worker", repr(unit)[:200], message)], 0, 0))
                    continue
                hits, problems, files, size = runner.run(place, unit, marks)
                answer.append(([_pack(hit) for hit in hits], [tuple(p) for p in problems], files, size))
            data = marshal.dumps(answer)
            _write(results, _HEAD.pack(len(data)) + data)


def _pack(hit: Hit) -> tuple[Any, ...]:
    where = tuple(hit.location[:-1])
    return (*hit[:-1], where, dict(hit.location.extra))


def unpack(packed: tuple[Any, ...]) -> Hit:
    """A hit as a worker sent it."""
    from .content import Hit

    *fields, where, extra = packed
    place = Location._make((*where, extra or NOTHING))
    return Hit._make((*fields, place))


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _exactly(descriptor: int, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        part = os.read(descriptor, size - len(data))
        if not part:
            return None
        data += part
    return data
