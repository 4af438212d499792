"""Fingerprints of everything in a store: every version that can be read, live and former."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...errors import WellkeptError
from . import key as keys_
from .build import Builder
from .file import Record, write
from .windows import derive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...core.local import LocalStore
    from ...core.model import Metadata
    from ...secret import Secret
    from .file import Content

_BATCH = 500


class Made(NamedTuple):
    """What a file holds: ``secrets`` by name, their ``versions``, the ``variants`` of all; and what it does not:
    ``ordinary`` versions are too short or too common to look for, ``unread`` ones could not be read, with the reason."""

    secrets: int
    versions: int
    variants: int
    bytes: int
    ordinary: tuple[str, ...]
    unread: tuple[tuple[str, str], ...]


def fingerprints(
    store: LocalStore,
    path: str,
    *,
    prefix: str = "",
    key: bytes | None = None,
    progress: Callable[[int], None] | None = None,
) -> Made:
    """Write the fingerprint file ``path`` of all secrets below ``prefix``, under ``key`` (the store's own without).

    Every reading is recorded in the audit log like any other. Raises ``Denied`` where the identity may not list.
    """
    keys = derive(keys_.from_store(store) if key is None else key)
    builder = Builder(keys)
    names: set[str] = set()
    ordinary: list[str] = []
    unread: list[tuple[str, str]] = []
    count = 0
    for record, outcome in _versions(store, prefix):
        shown = f"{record.name}@{record.version}"
        if isinstance(outcome, str):
            unread.append((shown, outcome))
            continue
        count += 1
        names.add(record.name)
        if not builder.add(outcome, record):
            ordinary.append(shown)
        if progress is not None:
            progress(count)
    size = write(path, _content(builder, store), keys)
    return Made(len(names), count, builder.variants, size, tuple(ordinary), tuple(unread))


def _content(builder: Builder, store: LocalStore) -> Content:
    return builder.content(store._barrier.clock.time(), store.store_id)


def _versions(store: LocalStore, prefix: str) -> Iterator[tuple[Record, Secret | str]]:
    """Each version that has a value, with it or with why it cannot be read."""
    wanted: list[Record] = []
    for name in store.walk(prefix):
        metadata = store.metadata(name)
        for info in metadata.versions:
            if info.destroyed is None:
                wanted.append(_record(metadata, info.number, info.stages, info.created))
        if len(wanted) >= _BATCH:
            yield from _read(store, wanted)
            wanted = []
    yield from _read(store, wanted)


def _record(metadata: Metadata, number: int, stages: tuple[str, ...], created: float) -> Record:
    return Record(metadata.name, str(number), tuple(stages), metadata.owner, created)


def _read(store: LocalStore, wanted: list[Record]) -> Iterator[tuple[Record, Secret | str]]:
    requests = [
        store._request("read", f"secret/data/{record.name}", {"version": int(record.version)})
        for record in wanted
    ]
    answers = store._core.handle_many(requests)
    for record, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, WellkeptError):
            yield record, str(answer)
        else:
            yield record, store._version(record.name, answer).secret
