"""``Scanner``: scans a target with all rules, in one process or several, and reports what it found and what not."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ..secret import Secret
from .content import ContentScanner, Hit
from .engine.cache import prepare
from .engine.matcher import Matcher
from .finding import Finding
from .limits import Limits
from .location import NOTHING
from .problem import Problem
from .workers import ItemTimeout, Pool, UnitRunner, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .hooks import KnownMatcher
    from .rule import Rule
    from .targets import Target

BATCH = 32
"""Units that a worker is given at once."""


class Stats(NamedTuple):
    """How much was looked at: ``files`` are items (files, blobs, layers' members), ``seconds`` by the wall."""

    files: int = 0
    bytes: int = 0
    units: int = 0
    seconds: float = 0.0
    engine: str = ""
    rules: int = 0


class Report(NamedTuple):
    """What a scan came to. ``complete`` is whether "nothing found" would prove anything."""

    findings: list[Finding]
    problems: list[Problem]
    stats: Stats

    @property
    def complete(self) -> bool:
        """No problem that left something unscanned."""
        return not any(problem.fatal for problem in self.problems)


class Scanner:
    """Rules made ready once, for any number of scans.

    ``rules`` none means our own, with the files of ``config`` merged over them. ``jobs`` is the number of worker
    processes: 1 scans in this process, 0 as many as there are processors. ``depth`` is how deep encodings are
    undone. ``engine`` is ``auto``, ``vectorscan`` or ``fallback``. ``known`` recognises the store's own secrets.
    Raises ``ConfigError`` for rules that cannot be read; a single bad rule is a problem of every report.
    """

    def __init__(
        self,
        rules: Sequence[Rule] | None = None,
        *,
        config: Sequence[str] = (),
        jobs: int = 1,
        max_file_size: int | None = None,
        depth: int | None = None,
        engine: str = "auto",
        known: KnownMatcher | None = None,
        decode: bool = True,
        archives: bool = True,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        if max_file_size is not None:
            limits = limits._replace(max_file_size=max_file_size)
        if depth is not None:
            limits = limits._replace(depth=depth)
        self._limits = limits
        self._jobs = jobs or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else jobs or 1
        self._decode = decode
        self._archives = archives
        compiled, self._engine, self._problems = prepare(rules, config, engine=engine)
        self.rules = compiled.rules
        self._matcher = Matcher(compiled, self._engine, known)

    def scan(self, target: Target, progress: Callable[[Stats], None] | None = None) -> Report:
        """Everything that is found in the target, ordered by place; ``progress`` is called after every batch."""
        begun = time.monotonic()
        problems = list(self._problems)
        hits: list[tuple[int, Hit]] = []
        stats = Stats(engine=self._engine.name, rules=len(self.rules))
        for order, (found, faults, files, size) in self._results(target, problems):
            hits.extend((order, hit) for hit in found)
            problems.extend(faults)
            stats = stats._replace(
                files=stats.files + files,
                bytes=stats.bytes + size,
                units=stats.units + 1,
                seconds=time.monotonic() - begun,
            )
            if progress is not None:
                progress(stats)
        findings = [self._finding(hit) for _, hit in hits]
        findings.sort(key=Finding.sort_key)
        findings = target.settle(findings)
        if not stats.files and not any(problem.fatal for problem in problems):
            problems.append(Problem("empty", target.name, "nothing was there to scan"))
        problems.sort(key=lambda problem: (problem.subject, problem.kind, problem.message))
        return Report(findings, problems, stats._replace(seconds=time.monotonic() - begun))

    def _results(
        self, target: Target, problems: list[Problem]
    ) -> Iterator[tuple[int, tuple[list[Hit], list[Problem], int, int]]]:
        batches = _batched(target.units(), problems, self._jobs)
        if self._jobs == 1:
            runner, number = self._local(target), 0
            for batch in batches:
                for unit in batch:
                    yield number, runner.run(0, unit, {})
                    number += 1
            return
        first = next(batches, None)
        if first is None:
            return
        import gc

        gc.freeze()  # so that a collection in a worker does not touch, and copy, what is shared
        pool = Pool(self._jobs, lambda note, pulse: self._runner(target, note, pulse), self._limits.timeout)
        for serial, answers in pool.run(_chain(first, batches)):
            for hits, faults, files, size in answers:
                yield (
                    serial,
                    ([unpack(hit) for hit in hits], [Problem(*fault) for fault in faults], files, size),
                )

    def _local(self, target: Target) -> UnitRunner:
        started, limit = time.monotonic(), self._limits.timeout

        def note(place: int, number: int) -> None:
            nonlocal started
            started = time.monotonic()

        def pulse(offset: int) -> None:
            if time.monotonic() - started > limit * (1 + (offset >> 26)):
                raise ItemTimeout

        return self._runner(target, note, pulse)

    def _runner(
        self, target: Target, note: Callable[[int, int], None], pulse: Callable[[int], None]
    ) -> UnitRunner:
        scanner = ContentScanner(
            self._matcher, self._limits, decode=self._decode, archives=self._archives, pulse=pulse
        )
        return UnitRunner(target, scanner, note)

    def _finding(self, hit: Hit) -> Finding:
        details = hit.details or NOTHING
        if hit.rule < 0:
            known: Any = details.get("known", {})
            name = str(known.get("path", "known secret")) if isinstance(known, dict) else "known secret"
            return Finding(
                "known", name, "wellkept", "critical", 1.0, Secret(hit.secret, name=name), hit.location, hit.line,
                details=details,
            )  # fmt: skip
        rule = self.rules[hit.rule]
        return Finding(
            rule.id, rule.name, rule.provider, rule.severity, hit.confidence, Secret(hit.secret, name=rule.id),
            hit.location, hit.line, details=details,
        )  # fmt: skip


def _batched(units: Iterator[Any], problems: list[Problem], jobs: int) -> Iterator[list[Any]]:
    """Units in batches; small at first, so that no worker waits and few units make many batches."""
    batch: list[Any] = []
    size, given = 1, 0
    for unit in units:
        if isinstance(unit, Problem):
            problems.append(unit)
            continue
        batch.append(unit)
        if len(batch) >= size:
            yield batch
            batch, given = [], given + 1
            size = min(BATCH, 1 + given // (2 * jobs))
    if batch:
        yield batch


def _chain(first: list[Any], rest: Iterator[list[Any]]) -> Iterator[list[Any]]:
    yield first
    yield from rest
