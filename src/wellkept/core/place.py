"""A store's files, and moving a finished set of them into place: the database last, so that where it stands
the store is whole."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "store.db"
AUDIT = "audit.jsonl"
FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-guard", AUDIT)


def present(directory: str) -> list[str]:
    """Which of a store's files are in ``directory``."""
    return [name for name in FILES if os.path.lexists(os.path.join(directory, name))]


def move(source: str, target: str) -> None:
    """Move a store's files from one directory to another of the same file system."""
    for name in reversed(FILES):
        if os.path.lexists(os.path.join(source, name)):
            os.rename(os.path.join(source, name), os.path.join(target, name))
    sync(target)


@contextmanager
def workshop(target: str, purpose: str) -> Iterator[str]:
    """A new private directory inside ``target`` (made when missing), gone afterwards; and ``target`` with it,
    when it was made here and nothing came to stand in it."""
    import shutil

    made = not os.path.isdir(target)
    os.makedirs(target, mode=0o700, exist_ok=True)
    work = os.path.join(target, f".{purpose}-{os.urandom(6).hex()}")
    try:
        os.mkdir(work, 0o700)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if made and not os.listdir(target):
            os.rmdir(target)


def sync(directory: str) -> None:
    """Make the names in ``directory`` durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
