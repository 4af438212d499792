"""The files of a working tree that git would commit: tracked or not, but not ignored."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ...location import Location
from ...problem import Problem
from .. import BaseTarget, Item
from . import repository
from .process import GitFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 256


class WorkTree(BaseTarget):
    """``git ls-files``, read from the disk. A symbolic link is not followed."""

    name = "worktree"

    def __init__(self, path: str = ".") -> None:
        self.path = path

    def units(self) -> Iterator[Any]:
        found = repository.find(self.path)
        if isinstance(found, Problem):
            yield found
            return
        try:
            listed = found.git(
                "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"
            )
        except GitFailed as error:
            yield Problem("corrupt", self.path, f"git could not list its files: {error}")
            return
        paths = [path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path]
        if not paths:
            yield Problem("empty", self.path, "has no file that is tracked or could be")
        for start in range(0, len(paths), BATCH):
            yield paths[start : start + BATCH]

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        for path in unit:
            full = os.path.join(self.path, path)
            if os.path.islink(full) or os.path.isdir(full) or not os.path.lexists(full):
                continue  # a link, a submodule, or removed and not yet staged
            yield Item(Location(path=path), file=full)
