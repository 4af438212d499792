"""Secrets as files in memory, for programs that read files: mode 0400, in a fresh directory of mode 0700.

The directory lies on a memory-backed file system, so nothing reaches a disk (swap aside), and goes when the
command has ended. A ``kill -9`` leaves it behind; so its owner holds a lock on it, and the next ``run``
sweeps away those of ours that nobody holds.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from ...errors import ConfigError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "wellkept-run-"
MEMORY = frozenset({"tmpfs", "ramfs"})


class SecretFiles:
    """A directory with one file a secret; ``path`` is the directory."""

    def __init__(self, parent: str) -> None:
        """Make it below ``parent``, and sweep what killed runs have left there."""
        _sweep(parent)
        self.path, self._lock = _fresh(parent)
        self._written: dict[str, bytes] = {}

    def update(self, files: Mapping[str, bytes]) -> bool:
        """Make the directory hold exactly ``files`` (relative name to content); whether that changed anything.

        Each file is replaced as a whole, so a reader sees the old or the new content.
        """
        for name in files:
            _check(name)
        changed = files != self._written
        for name, content in files.items():
            if self._written.get(name) != content:
                self._write(name, content)
        for name in set(self._written) - set(files):
            os.unlink(os.path.join(self.path, name))
        self._written = dict(files)
        return changed

    def _write(self, name: str, content: bytes) -> None:
        target = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        beside = os.path.join(self.path, f".{os.getpid()}.new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.rename(beside, target)

    def remove(self) -> None:
        """Remove the directory with everything in it; safe to call twice."""
        _remove(self.path)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def memory_directory() -> str:
    """Where files stay in memory: ``$XDG_RUNTIME_DIR`` or ``/dev/shm``, whichever really is.

    Raises ``ConfigError`` where there is none.
    """
    for candidate in (os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm"):  # noqa: S108 - memory is the point
        if candidate and os.access(candidate, os.W_OK | os.X_OK) and file_system(candidate) in MEMORY:
            return candidate
    raise ConfigError(
        "no memory-backed directory to put the files in (looked at $XDG_RUNTIME_DIR and /dev/shm); "
        "hand them over in the environment, or accept a disk with --files-in DIR"
    )


def file_system(path: str, mounts: str = "/proc/self/mounts") -> str | None:
    """The type of the file system that ``path`` is on, as Linux names it; ``None`` where that cannot be known."""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.split(" ") for line in file]
    except OSError:
        return None
    real = os.path.realpath(path)
    best, found = "", None
    for fields in lines:
        point = _unescape(fields[1])
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, found = point, fields[2]
    return found


def _unescape(text: str) -> str:
    for octal, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, char)
    return text


def _check(name: str) -> None:
    parts = name.split("/")
    if "\0" in name or any(part in ("", ".", "..") or part.startswith(".") for part in parts):
        raise InvalidRequest(f"{name!r} cannot be the name of a file; leave it out with --only")


def _fresh(parent: str) -> tuple[str, int]:
    """A new directory and the lock on it. Another run's sweep may see it before it is locked; then another."""
    from tempfile import mkdtemp

    while True:
        path = mkdtemp(prefix=PREFIX, dir=parent)
        lock = _locked(path)
        if lock >= 0 and os.path.isdir(path):
            return path, lock
        if lock >= 0:
            os.close(lock)


def _locked(path: str) -> int:
    """A descriptor that holds the lock on a directory, or -1 when it is gone or somebody else holds it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return -1
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return -1
    return handle


def _sweep(parent: str) -> None:
    for name in os.listdir(parent):
        path = os.path.join(parent, name)
        if name.startswith(PREFIX) and _ours(path):
            lock = _locked(path)
            if lock >= 0:
                _remove(path)
                os.close(lock)


def _ours(path: str) -> bool:
    try:
        return os.lstat(path).st_uid == os.getuid()
    except OSError:
        return False


def _remove(path: str) -> None:
    from shutil import rmtree

    rmtree(path, ignore_errors=True)
