"""Reading values: the current version, one by number or stage, or only the structure of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core import options
from ...core.command import Command
from ...core.request import Response
from ...errors import InvalidRequest, NotFound
from . import keys
from .records import choose, unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.model import VersionInfo
    from ...core.view import View

_READ = frozenset({"version", "stage"})
_SUBKEYS = frozenset({"version", "stage", "depth"})


def read(name: str, data: Mapping[str, Any]) -> Command:
    """``data/NAME``: ``value`` (bytes) and ``metadata`` of one version. Raises ``NotFound`` with the reason."""
    version, stage = _which(name, data, _READ)

    def run(view: View, now: float) -> Response:
        info, content = usable(view, name, now, version=version, stage=stage)
        return Response(
            {"value": content, "metadata": info._asdict()}, version=info.number, digests={"value": content}
        )

    return Command(name, run, clear=_clear(data))


def subkeys(name: str, data: Mapping[str, Any]) -> Command:
    """``subkeys/NAME``: the fields of a JSON value with ``null`` for leaves, down to ``depth`` (0: all)."""
    version, stage = _which(name, data, _SUBKEYS)
    from .values import decode_object

    depth = options.optional_number(data, "depth", f"subkeys of {name!r}") or 0

    def run(view: View, now: float) -> Response:
        info, content = usable(view, name, now, version=version, stage=stage)
        structure = _skeleton(decode_object(content, name), depth)
        return Response({"subkeys": structure, "metadata": info._asdict()}, version=info.number)

    return Command(name, run, clear=_clear(data))


def usable(
    view: View, name: str, now: float, *, version: int | None = None, stage: str | None = None
) -> tuple[VersionInfo, bytes]:
    """A version that may be read now, with its value.

    Record and value are two reads; when the value is gone, the record is asked again, for somebody may
    have destroyed the version between them.
    """
    record = keys.load(view, name)
    while True:
        info = choose(record, name, version=version, stage=stage)
        reason = unusable(info, now)
        if reason:
            raise NotFound(f"version {info.number} of secret {name!r} {reason}", name=name)
        entry = view.get(keys.value_key(name, info))
        if entry is not None:
            return info, entry.value
        again = keys.load(view, name)
        if again is not None and info.number in again.versions and again.info(info.number) == info:
            return info, keys.value(view, name, info)  # which raises that it is missing
        record = again


def _which(name: str, data: Mapping[str, Any], known: frozenset[str]) -> tuple[int | None, str | None]:
    what = f"reading {name!r}"
    options.only(data, known, what)
    version = options.optional_number(data, "version", what)
    stage = data.get("stage")
    if stage is not None:
        options.stage(stage, what)
        if version:
            raise InvalidRequest(f"{what}: give a version or a stage, not both")
    return version or None, stage


def _clear(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in data.items() if value is not None}


def _skeleton(value: dict[str, Any], depth: int) -> dict[str, Any]:
    return {
        key: _skeleton(child, depth - 1) if isinstance(child, dict) and depth != 1 and child else None
        for key, child in value.items()
    }
