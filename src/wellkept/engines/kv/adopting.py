"""Taking over a secret's whole history from another store: numbers, times and states as they were there."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from ...core import options
from ...core.command import Command
from ...core.model import CURRENT, PREVIOUS, VersionInfo
from ...core.request import Response, new_id
from ...errors import Conflict, InvalidRequest
from . import keys
from .records import Record
from .values import JSON, Value, as_object, decode_object, encode_object, from_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.view import View

_FIELDS = frozenset({"created", "updated", "latest", "versions", "max_versions", "cas_required",
                     "delete_version_after", "custom_metadata"})  # fmt: skip
MOST = 10_000
"""Versions of one secret."""


def adopt(name: str, data: Mapping[str, Any]) -> Command:
    """``adopt/NAME``, update: a secret that is not there yet, with its history.

    ``versions``: a list of objects with ``number``, ``created``, ``data`` (an object; none for one whose value is
    gone), ``expires`` and ``destroyed`` (seconds since the epoch). Raises ``Conflict`` when there is one already.
    """
    what = f"taking over {name!r}"
    options.only(data, _FIELDS, what)
    versions = data.get("versions")
    if not isinstance(versions, (list, tuple)) or len(versions) > MOST:
        raise InvalidRequest(f"{what}: 'versions' must be a list of at most {MOST}")
    taken = [_version(each, name, what) for each in versions]
    latest = options.number(data.get("latest", 0), f"{what}: 'latest'")
    numbers = [info.number for info, _ in taken]
    if len(set(numbers)) != len(numbers) or (numbers and max(numbers) > latest):
        raise InvalidRequest(f"{what}: a version stands twice, or above 'latest'")
    record = _record(data, taken, latest, what)

    def run(view: View, now: float) -> Response:
        if keys.load(view, name) is not None:
            raise Conflict(f"there is a secret {name!r} already; nothing was taken over")
        for info, content in taken:
            if content is not None:
                view.put(keys.value_key(name, info), content)
        keys.save(view, name, record)
        return Response({"versions": len(taken)}, version=record.latest or None)

    return Command(
        name,
        run,
        exists=lambda view: keys.load(view, name) is not None,
        clear={"versions": numbers[-50:]},
        values={str(info.number): content for info, content in taken[-50:] if content is not None},
    )


def _version(given: Any, name: str, what: str) -> tuple[VersionInfo, bytes | None]:
    if not hasattr(given, "get"):
        raise InvalidRequest(f"{what}: a version must be an object")
    number = options.number(given.get("number"), f"{what}: 'number'", least=1)
    content, content_type = None, JSON
    if given.get("data") is not None:
        content, content_type = _content(given["data"], name)
    destroyed = options.time(given, "destroyed", what)
    if (content is None) != (destroyed is not None):
        raise InvalidRequest(f"{what}: a version has its data, or the time at which it was destroyed")
    created = options.time(given, "created", what) or 0.0
    expires = options.time(given, "expires", what)
    info = VersionInfo(
        number, new_id(), created, expires=expires, destroyed=destroyed, content_type=content_type
    )
    return info, content


def _content(fields: Any, name: str) -> tuple[bytes, str]:
    """An object that only stands for text or bytes becomes these; ``values.as_object`` makes it again (decision 0081)."""
    content = encode_object(fields, name)
    plain: Value | None = None
    if set(fields) == {"value"} and isinstance(fields["value"], str):
        plain = from_data({"value": fields["value"]}, name)
    elif set(fields) == {"value", "encoding"} and fields["encoding"] == "base64":
        raw = _decoded(fields["value"])
        plain = None if raw is None else from_data({"value": raw}, name)
    if plain is not None and decode_object(as_object(plain.content, plain.content_type), name) == fields:
        return plain.content, plain.content_type
    return content, JSON


def _decoded(text: Any) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (TypeError, ValueError):
        return None


def _record(
    data: Mapping[str, Any], taken: list[tuple[VersionInfo, bytes | None]], latest: int, what: str
) -> Record:
    record = Record(options.time(data, "created", what) or 0.0)
    record.updated = options.time(data, "updated", what) or record.created
    record.latest = latest
    record.versions = {info.number: info for info, _ in sorted(taken, key=lambda pair: pair[0].number)}
    if latest in record.versions:
        record.stages[CURRENT] = latest
        older = [number for number in record.versions if number < latest]
        if older:
            record.stages[PREVIOUS] = max(older)
    record.max_versions = options.number(data.get("max_versions") or 0, f"{what}: 'max_versions'")
    record.cas_required = options.flag(data.get("cas_required") or False, f"{what}: 'cas_required'")
    after = data.get("delete_version_after")
    record.delete_version_after = (
        None if not after else options.duration(after, f"{what}: 'delete_version_after'")
    )
    custom = data.get("custom_metadata") or {}
    if not hasattr(custom, "items") or not all(
        isinstance(key, str) and isinstance(value, str) for key, value in custom.items()
    ):
        raise InvalidRequest(f"{what}: 'custom_metadata' must be an object of texts")
    record.custom_metadata = dict(custom)
    return record
