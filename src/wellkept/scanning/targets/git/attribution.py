"""Which commit brought a blob first, and under which path: for all blobs at once, from differences of trees.

``rev-list`` names the commits, children before parents, and ``diff-tree`` what each changed against its
parents; of a merge only what no parent had. The last that names a blob is the first that had it. Contents are
not looked at, so this costs a small part of what ``log -p`` does; half of the commits each go to two processes.
"""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING, NamedTuple

from .process import GitFailed, close, last_line, start

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .repository import Repository

_WORDS = ("diff-tree", "--stdin", "-r", "-c", "--root", "--raw", "-z", "--no-abbrev", "--no-renames")
_FILES = (b"100644", b"100755", b"120000")
FEW = 2_000
"""Commits that are not worth a second process."""


class Origin(NamedTuple):
    """Where a blob first appeared: ``order`` counts commits from the oldest, ``path`` is as git has it."""

    order: int
    commit: str
    path: str


class Person(NamedTuple):
    """Who made a commit, and when (RFC 3339)."""

    name: str
    email: str
    date: str


def commits(repository: Repository, tips: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """The commits reachable from ``tips`` and not from ``known``, oldest first. Raises ``GitFailed``."""
    asked = "".join(f"{tip}\n" for tip in tips) + "".join(f"^{tip}\n" for tip in known)
    listed = repository.git(
        "rev-list", "--topo-order", "--reverse", "--stdin", stdin=asked.encode("ascii")
    ).decode("ascii")
    return listed.split()


def origins(repository: Repository, oldest_first: Sequence[str], jobs: int = 2) -> dict[str, Origin]:
    """The first appearance of every blob that these commits brought. Raises ``GitFailed``."""
    parts = max(1, jobs if len(oldest_first) > FEW else 1)
    size = -(-len(oldest_first) // parts) or 1
    outputs: list[bytes | GitFailed] = [b""] * parts
    threads = []
    for part in range(parts):
        some = oldest_first[part * size : (part + 1) * size]
        thread = threading.Thread(target=_changes, args=(repository, some, outputs, part))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    order = {commit.encode("ascii"): number for number, commit in enumerate(oldest_first)}
    found: dict[str, Origin] = {}
    for listed in outputs:
        if isinstance(listed, GitFailed):
            raise listed
        _parse(listed, order, found)
    return found


def _changes(
    repository: Repository, some: Sequence[str], outputs: list[bytes | GitFailed], part: int
) -> None:
    process = start(
        repository.directory,
        *_WORDS,
        in_hook=repository.in_hook,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, error = process.communicate("".join(f"{commit}\n" for commit in some).encode("ascii"))
        outputs[part] = GitFailed(last_line(error)) if process.returncode else out
    finally:
        close(process)


def _parse(listed: bytes, order: Mapping[bytes, int], found: dict[str, Origin]) -> None:
    fields = iter(listed.split(b"\0"))
    at, commit = -1, ""
    for field in fields:
        if not field.startswith(b":"):
            if field:
                at, commit = order[field], field.decode("ascii")
            continue
        path = next(fields)
        parents = len(field) - len(field.lstrip(b":"))
        words = field[parents:].split(b" ")
        if words[parents] not in _FILES:
            continue  # removed, or a submodule
        blob = words[2 * parents + 1].decode("ascii")
        before = found.get(blob)
        if before is None or before.order > at:
            found[blob] = Origin(at, commit, path.decode("utf-8", "surrogateescape"))


def people(repository: Repository, wanted: Iterable[str]) -> dict[str, Person]:
    """Author and date of commits. Raises ``GitFailed``."""
    asked = "".join(f"{commit}\n" for commit in dict.fromkeys(wanted)).encode("ascii")
    if not asked:
        return {}
    listed = repository.git(
        "rev-list",
        "--no-walk=unsorted",
        "--stdin",
        "--encoding=UTF-8",
        "--format=%H%x00%an%x00%ae%x00%aI",
        stdin=asked,
    )
    found = {}
    for line in listed.decode("utf-8", "replace").split("\n"):
        fields = line.split("\0")
        if len(fields) == 4:
            found[fields[0]] = Person(*fields[1:])
    return found


def in_tree(repository: Repository, tree: str = "HEAD") -> dict[str, str]:
    """Path to blob of every file of a commit; empty where there is none."""
    try:
        listed = repository.git("ls-tree", "-r", "-z", "--full-tree", tree)
    except GitFailed:
        return {}
    found = {}
    for line in listed.split(b"\0"):
        header, _, path = line.partition(b"\t")
        words = header.split(b" ")
        if len(words) == 3 and words[1] == b"blob":
            found[path.decode("utf-8", "surrogateescape")] = words[2].decode("ascii")
    return found
