"""The embedded store: a directory with ``store.db`` and ``audit.jsonl``, opened by whoever has its key.

``create_store`` and ``open_store`` put the rooms together; ``LocalStore`` (in ``facade``) is what they give
back.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..barrier import Barrier
from ..barrier.sealconfig import read_seal_config
from ..clock import SYSTEM
from ..errors import ConfigError, StorageUnavailable, WellkeptError
from ..storage.sqlite import SQLiteStorage
from .audit import Audit
from .audit_chain import Chain
from .audit_file import AuditFile
from .authority import Authority
from .client import this_process
from .command import Lazy
from .core import Core
from .facade import LocalStore
from .model import Metadata, Version, VersionInfo
from .place import AUDIT, DATABASE
from .policy import OPERATOR
from .request import Identity, Request, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..barrier.seals import Seal
    from ..barrier.seals.keyfile import KeyFileSeal
    from ..clock import Clock
    from .command import Engine


BUSY_TIMEOUT = 30.0
"""Seconds to wait for other writers: a batch of 100,000 secrets may keep the lock for ten."""


def create_store(
    path: str | os.PathLike[str], seal: Seal | None = None, *, clock: Clock = SYSTEM
) -> LocalStore:
    """A new, empty store in the directory ``path`` (made, mode 0700, when missing), open to the operator.

    ``seal`` closes it; without one a new key file is made at ``unlock.default_key_path``, or where
    ``$WELLKEPT_KEY_FILE`` says. Raises ``ConfigError`` when there is a store already.
    """
    from .place import move, present, workshop

    directory = _directory(path)
    taken = present(directory)
    if taken:
        raise ConfigError(f"there is a store in {directory} already ({taken[0]}); choose another directory")
    store_id = new_id()
    made = None
    try:
        with workshop(directory, "creating") as work:
            if seal is None:
                seal = made = _new_key_file(store_id)
            barrier = _build(work, seal, store_id, clock)
            move(work, directory)
        made = None
    except OSError as error:
        failure = StorageUnavailable(
            f"{directory}: no store can be made here ({os.strerror(error.errno or 0)})"
        )
    else:
        storage = SQLiteStorage.open(os.path.join(directory, DATABASE), busy_timeout=BUSY_TIMEOUT)
        return _assemble(directory, barrier.over(storage), (OPERATOR,), clock)
    finally:
        if made is not None:
            os.unlink(made.path)  # the key of nothing
    raise failure


def _directory(path: str | os.PathLike[str]) -> str:
    text = os.fsdecode(path)
    if not text or "\0" in text:
        raise ConfigError(f"{text!r} is not the path of a directory")
    return os.path.abspath(text)


def _build(work: str, seal: Seal, store_id: str, clock: Clock) -> Barrier:
    """A whole new store in ``work``, closed again; its barrier."""
    storage = SQLiteStorage.create(os.path.join(work, DATABASE))
    try:
        barrier = Barrier.initialize(storage, seal, store_id=store_id, clock=clock)
        with _assemble(work, barrier, (OPERATOR,), clock) as store:
            store._audit.file.initialise()
            store._core.handle(store._request("update", "sys/init", {"kind": seal.kind}))
    finally:
        storage.close()
    return barrier


def open_store(
    path: str | os.PathLike[str],
    seal: Seal | None = None,
    *,
    policies: Sequence[str] | None = None,
    clock: Clock = SYSTEM,
    prompt: Callable[[], str] | None = None,
) -> LocalStore:
    """The store in the directory ``path``.

    ``seal`` opens it; without one it is looked for (see ``unlock``), and ``prompt`` is asked for a passphrase.
    ``policies``: act under these and not as the operator. Raises ``StorageUnavailable`` when there is no
    store, ``Sealed`` when it cannot be opened, ``IntegrityError`` when it is damaged.
    """
    directory = _directory(path)
    database = os.path.join(directory, DATABASE)
    if not os.path.lexists(database):
        raise StorageUnavailable(f"there is no store in {directory}; make one with: wellkept init")
    storage = SQLiteStorage.open(database, busy_timeout=BUSY_TIMEOUT)
    try:
        if seal is None:
            from .unlock import find_seal

            seal = find_seal(read_seal_config(storage), prompt=prompt)
        barrier = Barrier.unseal(storage, seal, clock=clock)
        return _assemble(directory, barrier, (OPERATOR,) if policies is None else tuple(policies), clock)
    except BaseException:
        storage.close()
        raise


def _assemble(directory: str, barrier: Barrier, policies: tuple[str, ...], clock: Clock) -> LocalStore:
    from ..engines.kv import KV

    chain = Chain(barrier.derive("audit"))
    audit = Audit(AuditFile(os.path.join(directory, AUDIT), chain, barrier), chain, clock)

    def backup(archive: str) -> None:
        from .backup import write_archive

        write_archive(directory, barrier, archive, clock)

    def system() -> Engine:
        from .system import System

        return System(barrier, audit, chain, backup)

    mounts: dict[str, tuple[Engine, str]] = {"secret": (KV(), "mount/secret/"), "sys": (Lazy(system), "sys/")}
    core = Core(barrier, audit, Authority(barrier), mounts, clock, barrier.storage.scrub)  # type: ignore[attr-defined]
    return LocalStore(directory, barrier, audit, core, Identity(this_process().user, policies))


def _new_key_file(store_id: str) -> KeyFileSeal:
    from ..barrier.seals.keyfile import KeyFileSeal
    from .unlock import KEY_FILE, default_key_path

    return KeyFileSeal.create(os.environ.get(KEY_FILE) or default_key_path(store_id))


__all__ = [
    "LocalStore",
    "Metadata",
    "Request",
    "Version",
    "VersionInfo",
    "WellkeptError",
    "create_store",
    "open_store",
]
