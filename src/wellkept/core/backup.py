"""Backups: a consistent archive of a store in use, and its restoration, verified before it replaces anything.

The database is copied first; it holds the audit log's head of that moment. Then the audit log is copied up
to exactly there. So the two fit each other without stopping anybody, and a restored store's log verifies.
Everything stays encrypted under the store's own keys: an archive is opened by the seal that closed the store
when it was made.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..clock import SYSTEM
from ..errors import ConfigError, InvalidRequest, StorageUnavailable
from . import archive as form
from .audit_chain import Chain, Head
from .audit_file import HEAD_MARK
from .audit_verify import AuditBroken, verify
from .local import open_store
from .place import AUDIT, DATABASE, move, present, sync, workshop

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..barrier import Barrier
    from ..barrier.seals import Seal
    from ..clock import Clock
    from .local import LocalStore

T = TypeVar("T")

_MEMBERS = frozenset({DATABASE, AUDIT})
_PURPOSE = "backup"


class Restored(NamedTuple):
    """What was restored: the store's id, when the backup was made (seconds since the epoch), how many entries
    were verified, and how many audit lines. ``audit_problem`` says what is wrong with the audit log when it was
    broken already as the backup was made (the evidence is restored with it). ``previous`` is where the store
    that was there before now lies, if there was one."""

    store_id: str
    created: float
    entries: int
    lines: int
    audit_problem: str | None
    previous: str | None


def backup(store: LocalStore, path: str | os.PathLike[str]) -> None:
    """The same as ``store.backup(path)``."""
    store.backup(os.fsdecode(path))


def write_archive(directory: str, barrier: Barrier, path: str, clock: Clock) -> None:
    """Write the archive ``path`` of the store in ``directory``; what ``sys/backup`` does.

    The copy is opened and verified before the archive appears under its name. Raises ``InvalidRequest`` when
    there is something at ``path``, ``StorageUnavailable`` when it cannot be written, ``IntegrityError`` when the
    store is damaged; then no archive is left behind.
    """
    target = os.path.abspath(path)
    if os.path.lexists(target):
        raise InvalidRequest(f"{target} exists already; a backup never replaces a file")
    _guarded(f"the backup {target} cannot be written", lambda: _write(directory, barrier, target, clock))


def _write(directory: str, barrier: Barrier, target: str, clock: Clock) -> None:
    work = f"{target}.partial-{os.urandom(6).hex()}"
    os.mkdir(work, 0o700)
    try:
        copy = os.path.join(work, DATABASE)
        barrier.storage.backup_to(copy)  # type: ignore[attr-defined]
        head = _check_copy(copy, barrier)
        files = [(DATABASE, copy, os.stat(copy).st_size), _log(os.path.join(directory, AUDIT), head)]
        made = os.path.join(work, "archive")
        fd = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as out:
            form.write(out, barrier.store_id, clock.time(), files, barrier.derive(_PURPOSE))
            out.flush()
            os.fsync(out.fileno())
        _publish(made, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_copy(copy: str, barrier: Barrier) -> Head:
    """Read every entry of the copy through the barrier's keys; returns the audit head in it."""
    from ..storage.sqlite import SQLiteStorage

    storage = SQLiteStorage.open(copy)
    try:
        opened = barrier.over(storage)
        for _ in opened.scan(""):
            pass
        return Chain(barrier.derive("audit")).open_head(opened.get_mark(HEAD_MARK))
    finally:
        storage.close()


def _log(path: str, head: Head) -> tuple[str, str, int]:
    """The audit log up to ``head``, as a member. One that was cut is taken as it is: it is evidence."""
    try:
        size = os.stat(path, follow_symlinks=False).st_size
    except FileNotFoundError:
        return AUDIT, os.devnull, 0
    return AUDIT, path, min(size, head.size)


def restore(
    path: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    seal: Seal | None = None,
    *,
    replace: bool = False,
    clock: Clock = SYSTEM,
    prompt: Callable[[], str] | None = None,
) -> Restored:
    """Unpack an archive into the store directory ``directory``, which must not hold a store yet.

    Everything is verified in a directory within it before anything is moved: checksums, the archive's seal,
    every entry, the audit log. With ``replace``, a store that is there is moved aside, never removed. Raises
    ``IntegrityError`` for a damaged or altered archive, ``Sealed`` when ``seal`` does not open it, ``ConfigError``
    when the directory is taken.
    """
    archive = os.path.abspath(os.fsdecode(path))
    target = os.path.abspath(os.fsdecode(directory))
    return _guarded(
        f"the backup {archive} cannot be restored to {target}",
        lambda: _restore(archive, target, seal, replace, clock, prompt),
    )


def _restore(
    archive: str,
    target: str,
    seal: Seal | None,
    replace: bool,
    clock: Clock,
    prompt: Callable[[], str] | None,
) -> Restored:
    taken = present(target)
    if taken and not replace:
        raise ConfigError(
            f"there is a store in {target} already ({taken[0]}); restore elsewhere, or say to replace it"
        )
    previous = None
    with workshop(target, "restore") as work:
        header = form.extract(archive, work, _MEMBERS)
        with open_store(work, seal, clock=clock, prompt=prompt) as store:
            entries, lines, problem = _verify(archive, store)
            store._core.handle(store._request("update", "sys/restore", {"created": round(header.created)}))
        if taken:
            previous = _swap(work, target, taken, clock)
        else:
            move(work, target)
    return Restored(header.store_id, header.created, entries, lines, problem, previous)


def _verify(archive: str, store: LocalStore) -> tuple[int, int, str | None]:
    barrier, file = store._barrier, store._audit.file
    form.check_seal(archive, barrier.derive(_PURPOSE))
    entries = sum(1 for _ in barrier.scan(""))
    problem = None
    try:
        lines = verify(file.path, Chain(barrier.derive("audit")), file.head()).lines
    except AuditBroken as error:  # the archive is as it was made, so the log was broken before that
        problem, lines = str(error).replace(file.path, AUDIT), error.line - 1
    return entries, lines, problem


def _swap(work: str, target: str, taken: list[str], clock: Clock) -> str:
    """Move the old files aside and the new ones in; on failure, back."""
    aside = os.path.join(target, f"before-restore-{clock.time():.0f}-{os.urandom(3).hex()}")
    os.mkdir(aside, 0o700)
    moved: list[str] = []
    try:
        for name in taken:
            os.rename(os.path.join(target, name), os.path.join(aside, name))
            moved.append(name)
        move(work, target)
    except BaseException:
        for name in moved:
            os.rename(os.path.join(aside, name), os.path.join(target, name))
        os.rmdir(aside)
        raise
    return aside


def _publish(made: str, target: str) -> None:
    """Give the finished archive its name, unless somebody else has taken it meanwhile."""
    try:
        os.link(made, target)
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        os.rename(made, target)
    sync(os.path.dirname(target))


def _guarded(what: str, action: Callable[[], T]) -> T:
    reason = ""
    try:
        return action()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
    raise StorageUnavailable(f"{what}: {reason}")
