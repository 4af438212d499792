"""The history of a repository: every blob that some commit brought, each read once.

What a later version of a file repeats is found again in it, and ``settle`` keeps the first: per secret, rule
and path the commit that added it, and whether anything in HEAD still holds it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ...location import Location
from ...problem import Problem
from .. import BaseTarget, Item
from . import attribution, objects, repository
from .process import GitFailed
from .settle import Settler

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .attribution import Origin
    from .objects import Entry
    from .repository import Repository

BATCH_BYTES = 4 << 20
BATCH_BLOBS = 2_000
LARGE = 16 << 20
"""Blobs from this many bytes on are not held in memory."""

MESSAGE = "COMMIT_EDITMSG"
"""The path that findings in a commit's message carry: the name of the file in which it was written."""


class GitHistory(BaseTarget):
    """``tips`` and ``known`` bound the commits (reachable from the first, not from the second); without tips it
    is all refs, HEAD and all stashes. ``dangling`` adds what no ref reaches. ``may_be_empty`` for a push that
    brings nothing new. After ``units``, ``counts`` says how many commits and blobs that was."""

    name = "git"

    def __init__(
        self,
        path: str,
        *,
        tips: Sequence[str] | None = None,
        known: Sequence[str] = (),
        dangling: bool = False,
        in_hook: bool = False,
        may_be_empty: bool = False,
        messages: bool = True,
        jobs: int = 2,
    ) -> None:
        self.path = path
        self.counts: dict[str, int] = {"commits": 0, "blobs": 0}
        self._tips, self._known = tips, known
        self._dangling, self._in_hook, self._may_be_empty = dangling, in_hook, may_be_empty
        self._messages, self._jobs = messages, jobs
        self._repository: Repository | None = None
        self._order: dict[str, int] = {}

    def units(self) -> Iterator[Any]:
        found = repository.find(self.path, in_hook=self._in_hook)
        if isinstance(found, Problem):
            yield found
            return
        self._repository = found
        try:
            yield from self._units(found)
        except GitFailed as error:
            yield Problem("corrupt", self.path, f"git could not read it: {error}")

    def _units(self, found: Repository) -> Iterator[Any]:
        yield from repository.shortcomings(found)
        tips = repository.tips(found) if self._tips is None else self._tips
        listed = attribution.commits(found, tips, self._known) if tips else []
        if self._dangling:
            listed = self._with_dangling(found, listed, tips)
        self.counts["commits"] = len(listed)
        self._order = {commit: number for number, commit in enumerate(listed)}
        if not listed:
            if not self._may_be_empty:
                yield Problem("empty", self.path, "0 commits scanned: there is no commit to look at")
            return
        origins, entries = self._survey(found, listed)
        self.counts["blobs"] = len(entries)
        if len(entries) < len(origins):
            yield Problem(
                "shallow",
                self.path,
                f"{len(origins) - len(entries)} files of the history are not in this clone, and were not scanned",
            )
        yield from _batches(objects.families(entries), origins)
        if self._messages:
            for start in range(0, len(listed), BATCH_BLOBS):
                yield ("messages", listed[start : start + BATCH_BLOBS])

    def _with_dangling(self, found: Repository, listed: list[str], tips: Sequence[str]) -> list[str]:
        reached = set(listed)
        loose = [entry.oid for entry in objects.every(found, (b"commit",)) if entry.oid not in reached]
        return listed + attribution.commits(found, loose, tips) if loose else listed

    def _survey(self, found: Repository, listed: list[str]) -> tuple[dict[str, Origin], list[Entry]]:
        """Where each blob came from, and all of them as they lie in the packs: asked for at the same time."""
        if self._known or self._tips is not None:
            origins = attribution.origins(found, listed, self._jobs)
            return origins, list(objects.some(found, origins))
        everything: list[Entry] = []
        failed: list[GitFailed] = []

        def collect() -> None:
            try:
                everything.extend(objects.every(found))
            except GitFailed as error:
                failed.append(error)

        thread = threading.Thread(target=collect)
        thread.start()
        try:
            origins = attribution.origins(found, listed, self._jobs)
        finally:
            thread.join()
        if failed:
            raise failed[0]
        return origins, self._reachable(everything, origins)

    def _reachable(self, everything: list[Entry], origins: dict[str, Origin]) -> list[Entry]:
        if self._dangling:
            for entry in everything:  # a blob that was staged once, and never committed
                if entry.oid not in origins:
                    origins[entry.oid] = attribution.Origin(-1, "", f"dangling/{entry.oid}")
        return [entry for entry in everything if entry.oid in origins]

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        found = repository.Repository(self.path, self.path, self._in_hook)
        kind = unit[0]
        try:
            if kind == "blobs":
                yield from _blobs(found, unit[1])
            elif kind == "large":
                yield _large(found, *unit[1:])
            else:
                yield from _message_items(found, unit[1])
        except GitFailed as error:
            objects.forget(found)
            yield Problem("corrupt", self.path, f"part of the history was not read: {error}")

    def settle(self, findings: list[Any]) -> list[Any]:
        if self._repository is None or not findings:
            return findings
        return Settler(self._repository, self._order).settle(findings)


def _batches(entries: Iterator[Entry], origins: dict[str, Origin]) -> Iterator[Any]:
    batch: list[tuple[str, str, str]] = []
    size = 0
    for entry in entries:
        _, commit, path = origins[entry.oid]
        if entry.size >= LARGE:
            yield ("large", entry.oid, commit, path, entry.size)
            continue
        batch.append((entry.oid, commit, path))
        size += entry.size
        if size >= BATCH_BYTES or len(batch) >= BATCH_BLOBS:
            yield ("blobs", batch)
            batch, size = [], 0
    if batch:
        yield ("blobs", batch)


def _blobs(found: Repository, batch: Sequence[tuple[str, str, str]]) -> Iterator[Item | Problem]:
    contents = objects.reader(found).read([oid for oid, _, _ in batch])
    for (oid, commit, path), (_, data) in zip(batch, contents, strict=True):
        if data is None:
            yield Problem("corrupt", path, f"object {oid} is missing or damaged; `git fsck` says more")
        else:
            yield Item(_origin(oid, commit, path), data=data, size=len(data))


def _large(found: Repository, oid: str, commit: str, path: str, size: int) -> Item:
    return Item(_origin(oid, commit, path), open=lambda: objects.BlobStream(found, oid), size=size)


def _message_items(found: Repository, commits: Sequence[str]) -> Iterator[Item | Problem]:
    for commit, data in objects.reader(found).read(commits):
        if data is None:
            yield Problem("corrupt", commit, "this commit is missing or damaged; `git fsck` says more")
            continue
        message = data.partition(b"\n\n")[2]
        if len(message) > 16:  # shorter than any credential
            yield Item(Location(path=MESSAGE, commit=commit), data=message, size=len(message), unpack=False)


def _origin(oid: str, commit: str, path: str) -> Location:
    return Location(path=path, commit=commit or None, extra={"blob": oid})
