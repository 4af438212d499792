"""A secret's own record: reading and changing it, listing names, and removing everything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core import options, paths
from ...core.command import Command
from ...core.request import Response
from ...errors import InvalidRequest, NotFound
from . import keys
from .records import Record
from .values import encode_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...core.view import View

_LIST = frozenset({"after", "limit"})
MAX_ROTATION_POLICY = 8192


def _max_versions(value: Any, what: str) -> int:
    return options.number(value, what, most=options.MAX_VERSIONS)


def _description(value: Any, what: str) -> str:
    return options.text(value, what, most=options.MAX_DESCRIPTION)


def _owner(value: Any, what: str) -> str:
    return options.text(value, what, most=options.MAX_PAIR_VALUE)


def _lifetime(value: Any, what: str) -> float | None:
    return options.duration(value, what) or None


def _rotation_policy(value: Any, what: str) -> dict[str, Any] | None:
    if value is None or value == {}:
        return None
    content = encode_object(value, what)
    if len(content) > MAX_ROTATION_POLICY:
        raise InvalidRequest(f"{what} is {len(content)} bytes of JSON; the limit is {MAX_ROTATION_POLICY}")
    parsed: dict[str, Any] = json.loads(content)
    return parsed


_FIELDS: dict[str, Callable[[Any, str], Any]] = {
    "max_versions": _max_versions,
    "cas_required": options.flag,
    "delete_version_after": _lifetime,
    "tags": options.pairs,
    "description": _description,
    "owner": _owner,
    "rotation_policy": _rotation_policy,
    "custom_metadata": options.pairs,
}
_KNOWN = frozenset(_FIELDS)
_MERGED = frozenset({"tags", "custom_metadata"})
_SHOWN = frozenset({"max_versions", "cas_required", "delete_version_after"})


def read(name: str, data: Mapping[str, Any]) -> Command:
    """``metadata/NAME``: everything known of a secret, without its values."""
    options.only(data, frozenset(), f"metadata of {name!r}")

    def run(view: View, now: float) -> Response:
        return Response(describe(name, _existing(view, name)))

    return Command(name, run)


def write(name: str, data: Mapping[str, Any]) -> Command:
    """``metadata/NAME``, update: the given fields replaced, the others left; makes the secret if need be."""
    changes = _changes(name, data)

    def run(view: View, now: float) -> Response:
        record = keys.load(view, name) or Record(now)
        return _save(view, name, record, changes, now)

    def exists(view: View) -> bool:
        return keys.load(view, name) is not None

    return Command(name, run, exists=exists, clear=_clear(changes))


def patch(name: str, data: Mapping[str, Any]) -> Command:
    """``metadata/NAME``, patch: like update, but tags and custom metadata merge, ``null`` removing a key."""
    changes = _changes(name, {key: value for key, value in data.items() if key not in _MERGED})
    merges = {}
    for key in _MERGED & data.keys():
        if not hasattr(data[key], "items"):
            raise InvalidRequest(f"{key!r} of {name!r} must be an object from text to text or null")
        merges[key] = dict(data[key])

    def run(view: View, now: float) -> Response:
        record = _existing(view, name)
        result = dict(changes)
        for key, merge in merges.items():
            both = {**getattr(record, key), **merge}
            kept = {tag: value for tag, value in both.items() if value is not None}
            result[key] = options.pairs(kept, f"{key!r} of {name!r}")
        return _save(view, name, record, result, now)

    return Command(name, run, clear=_clear({**changes, **merges}))


def purge(name: str, data: Mapping[str, Any]) -> Command:
    """``metadata/NAME``, delete: the secret, all versions, all values."""
    options.only(data, frozenset(), f"purging {name!r}")

    def run(view: View, now: float) -> Response:
        record = _existing(view, name)
        for info in record.versions.values():
            if info.destroyed is None:
                view.delete(keys.value_key(name, info))
        view.delete(keys.META + name)
        return Response({"versions": len(record.versions)})

    return Command(name, run, scrub=True)


def listing(folder: str, data: Mapping[str, Any]) -> Command:
    """``metadata/FOLDER``, list: its children, folders with a trailing slash; ``after`` and ``limit`` page."""
    what = f"listing {folder!r}"
    options.only(data, _LIST, what)
    prefix = keys.META + (paths.check_name(folder, what="folder") + "/" if folder else "")
    after = options.text(data.get("after") or "", f"{what}: 'after'", most=paths.MAX_PATH)
    limit = options.optional_number(data, "limit", what, least=1)

    def run(view: View, now: float) -> Response:
        return Response({"keys": view.list(prefix, after=after, limit=limit)})

    clear = {key: value for key, value in (("after", after), ("limit", limit)) if value}
    return Command(folder, run, clear=clear)


def describe(name: str, record: Record) -> dict[str, Any]:
    """A record as the fields of ``model.Metadata``."""
    numbers = sorted(record.versions)
    return {
        "name": name,
        "created": record.created,
        "updated": record.updated,
        "current": record.current or None,
        "latest": numbers[-1] if numbers else 0,
        "oldest": numbers[0] if numbers else 0,
        "max_versions": record.kept,
        "cas_required": record.cas_required,
        "delete_version_after": record.delete_version_after,
        "tags": record.tags,
        "description": record.description,
        "owner": record.owner,
        "rotation_policy": record.rotation_policy,
        "custom_metadata": record.custom_metadata,
        "versions": [record.info(number)._asdict() for number in numbers],
    }


def _changes(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    options.only(data, _KNOWN, f"metadata of {name!r}")
    return {key: _FIELDS[key](value, f"{key!r} of {name!r}") for key, value in data.items()}


def _save(view: View, name: str, record: Record, changes: Mapping[str, Any], now: float) -> Response:
    for field, value in changes.items():
        setattr(record, field, value)
    record.updated = now
    keys.save(view, name, record)
    return Response(describe(name, record))


def _clear(changes: Mapping[str, Any]) -> dict[str, Any]:
    # Numbers as they are; of texts only that they were changed, since people write anything into them.
    shown = {key: value for key, value in changes.items() if key in _SHOWN}
    texts = sorted(key for key in changes if key not in _SHOWN)
    return {**shown, "changed": texts} if texts else shown


def _existing(view: View, name: str) -> Record:
    record = keys.load(view, name)
    if record is None:
        raise NotFound(f"there is no secret {name!r}", name=name)
    return record
