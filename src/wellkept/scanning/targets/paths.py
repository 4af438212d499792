"""Files and folders. Everything is walked, hidden or ignored by git or not, unless asked otherwise."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from ..location import Location
from ..problem import Problem
from . import BaseTarget, Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BATCH_BYTES = 1 << 20
BATCH_FILES = 64


class PathsTarget(BaseTarget):
    """Scans files and, recursively, folders.

    A link given as an argument is followed; links within a folder are not (what they point to is either in the
    tree anyway or was not asked for): no loop can arise. ``skip(path, is_folder)`` says what to leave out, for
    ignore files on request. Paths are reported as given, joined with what stands below.
    """

    name = "paths"

    def __init__(self, paths: Sequence[str], *, skip: Callable[[str, bool], bool] | None = None) -> None:
        self._paths = list(paths)
        self._skip = skip

    def units(self) -> Iterator[Any]:
        """Lists of paths, about a mebibyte or 64 files each; what cannot be walked is a problem."""
        batch: list[str] = []
        size = 0
        seen: set[str] = set()
        for path in self._paths:
            real = os.path.realpath(path)
            if real in seen:
                continue  # given twice
            seen.add(real)
            for found in self._start(path):
                if isinstance(found, Problem):
                    yield found
                    continue
                batch.append(found[0])
                size += found[1]
                if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
                    yield batch
                    batch, size = [], 0
        if batch:
            yield batch

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        """The files of a list."""
        for path in unit:
            yield Item(Location(path), file=path)

    def _start(self, path: str) -> Iterator[tuple[str, int] | Problem]:
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
            reason = "there is no such file or folder" if missing else getattr(error, "strerror", str(error))
            yield Problem("missing" if missing else "unreadable", path, f"{reason}; it was not scanned")
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self._walk(path)
        else:
            yield path, status.st_size

    def _walk(self, top: str) -> Iterator[tuple[str, int] | Problem]:
        stack = [top]
        while stack:
            folder = stack.pop()
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=_name)
            except OSError as error:
                yield Problem("unreadable", folder, f"{error.strerror}; the folder was not scanned")
                continue
            below: list[str] = []
            for entry in entries:
                found = self._entry(entry, below)
                if found is not None:
                    yield found
            stack.extend(reversed(below))

    def _entry(self, entry: os.DirEntry[str], below: list[str]) -> tuple[str, int] | Problem | None:
        path = entry.path
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            if self._skip is not None and self._skip(path, is_folder):
                return None
            if is_folder:
                below.append(path)
                return None
            if entry.is_file(follow_symlinks=False):
                return path, 16_384  # about the mean; asking would cost a system call for each file
            if entry.is_symlink():
                return self._link(path)
            return Problem("special", path, "it is no regular file, so it was not scanned")
        except OSError as error:
            return Problem("unreadable", path, f"{error.strerror}; it was not scanned")

    def _link(self, path: str) -> Problem | None:
        """Links are not followed; only one that leads out of all that is scanned is worth a word."""
        try:
            real = os.path.realpath(path, strict=True)
        except OSError:
            return Problem("symlink", path, "the link leads nowhere or in a circle")
        for top in self._paths:
            base = os.path.realpath(top)
            if real == base or real.startswith(base.rstrip("/") + "/"):
                return None
        return Problem("symlink", path, "the link leads out of what is scanned; it was not followed")


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name
