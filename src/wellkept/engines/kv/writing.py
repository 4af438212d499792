"""Changing versions: write, merge, roll back, delete softly, undelete, destroy, and a version's flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...core import options
from ...core.command import Command
from ...core.model import CURRENT
from ...core.request import Response
from ...errors import Conflict, InvalidRequest, NotFound
from . import keys
from .merge import merged
from .reading import usable
from .records import Record, choose
from .values import JSON, Value, decode_object, encode_object, from_data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...core.model import VersionInfo
    from ...core.view import View

_WRITE = frozenset({"data", "value", "content_type", "options"})
_PATCH = frozenset({"data", "options"})
_OPTIONS = frozenset({"cas", "expires", "not_before", "stages", "from_version"})
_VERSIONS = frozenset({"versions"})
_CHANGE = frozenset({"version", "enabled", "expires", "not_before", "stage", "unstage"})


class Options(NamedTuple):
    """A write's options, checked."""

    cas: int | None
    expires: float | None
    not_before: float | None
    stages: tuple[str, ...]
    from_version: int | None

    @classmethod
    def of(cls, data: Mapping[str, Any], what: str) -> Options:
        given = data.get("options") or {}
        if not hasattr(given, "items"):
            raise InvalidRequest(f"{what}: 'options' must be an object")
        options.only(given, _OPTIONS, f"{what}, options")
        expires = options.time(given, "expires", what)
        not_before = options.time(given, "not_before", what)
        if expires is not None and not_before is not None and expires <= not_before:
            raise InvalidRequest(f"{what}: it would expire before it becomes valid")
        return cls(
            options.optional_number(given, "cas", what),
            expires,
            not_before,
            options.stages(given.get("stages") or (), what),
            options.optional_number(given, "from_version", what, least=1),
        )

    def clear(self) -> dict[str, Any]:
        """For the audit record: what was asked for, where it was."""
        shown = {key: value for key, value in self._asdict().items() if value is not None}
        if self.stages == (CURRENT,):
            del shown["stages"]
        return {"options": shown} if shown else {}


def write(name: str, data: Mapping[str, Any]) -> Command:
    """``data/NAME``, update: a new version, from ``data``, ``value``, or ``options.from_version``."""
    what = f"writing {name!r}"
    options.only(data, _WRITE, what)
    asked = Options.of(data, what)
    if asked.from_version is not None:
        if "data" in data or "value" in data:
            raise InvalidRequest(f"{what}: give a value or 'from_version', not both")
        return Command(
            name, _rollback(name, asked, asked.from_version), exists=_exists(name), clear=asked.clear()
        )
    value = from_data(data, name)

    def run(view: View, now: float) -> Response:
        record = keys.load(view, name) or Record(now)
        return _append(view, name, record, value, asked, now)

    return Command(
        name,
        run,
        exists=_exists(name),
        clear={**asked.clear(), "content_type": value.content_type},
        values={"value": value.content},
    )


def _rollback(name: str, asked: Options, version: int) -> Callable[[View, float], Response]:
    def run(view: View, now: float) -> Response:
        record = _existing(view, name)
        _check_cas(record, name, asked.cas)
        info, content = usable(view, name, now, version=version)
        return _append(view, name, record, Value(content, info.content_type), asked, now)

    return run


def patch(name: str, data: Mapping[str, Any]) -> Command:
    """``data/NAME``, patch: the current object with ``data`` merged into it (RFC 7386), as a new version."""
    what = f"patching {name!r}"
    options.only(data, _PATCH, what)
    asked = Options.of(data, what)
    if asked.from_version is not None:
        raise InvalidRequest(f"{what}: 'from_version' is for a write")
    changes = data.get("data")
    content = encode_object(changes, name)

    def run(view: View, now: float) -> Response:
        record = _existing(view, name)
        _check_cas(record, name, asked.cas)
        info, stored = usable(view, name, now)
        if info.content_type != JSON:
            raise InvalidRequest(
                f"secret {name!r} is {info.content_type}, so it has no fields to patch; write it whole"
            )
        result = encode_object(merged(decode_object(stored, name), decode_object(content, name)), name)
        return _append(view, name, record, Value(result, JSON), asked, now)

    return Command(name, run, clear=asked.clear(), values={"data": content})


def _append(view: View, name: str, record: Record, value: Value, asked: Options, now: float) -> Response:
    _check_cas(record, name, asked.cas)
    expires = asked.expires
    if record.delete_version_after:
        latest = now + record.delete_version_after
        expires = latest if expires is None else min(expires, latest)
    info = record.add(
        now,
        stages=asked.stages,
        content_type=value.content_type,
        expires=expires,
        not_before=asked.not_before,
    )
    view.put(keys.value_key(name, info), value.content)
    for gone in record.prune():  # perhaps the new one: the current version is never the one to go
        view.delete(keys.value_key(name, gone))
    keys.save(view, name, record)
    return Response(info._asdict(), version=info.number)


def _check_cas(record: Record, name: str, cas: int | None) -> None:
    if cas is None:
        if record.cas_required:
            raise InvalidRequest(
                f"secret {name!r} wants check-and-set: give 'cas', the version to be replaced"
            )
        return
    # 0 means "only if there is none", and a version that is only pending is one all the same.
    actual = record.current if cas else record.latest
    if cas != actual:
        raise Conflict(f"check-and-set failed: the current version of {name!r} is {actual}, not {cas}")


def delete_current(name: str, data: Mapping[str, Any]) -> Command:
    """``data/NAME``, delete: softly, the current version."""
    options.only(data, frozenset(), f"deleting {name!r}")

    def run(view: View, now: float) -> Response:
        record = _existing(view, name)
        info = choose(record, name, version=None, stage=None)
        return _mark(view, name, record, (info.number,), now, _soft_delete)

    return Command(name, run)


def delete(name: str, data: Mapping[str, Any]) -> Command:
    """``delete/NAME``: softly, the given versions."""
    return _on_versions(name, data, "deleting", _soft_delete)


def undelete(name: str, data: Mapping[str, Any]) -> Command:
    """``undelete/NAME``: soft deletion undone."""
    return _on_versions(name, data, "undeleting", _undelete)


def destroy(name: str, data: Mapping[str, Any]) -> Command:
    """``destroy/NAME``: the values of the given versions are removed; that they existed stays known."""
    return _on_versions(name, data, "destroying", _destroy, scrub=True)


def _on_versions(
    name: str, data: Mapping[str, Any], verb: str, change: Any, *, scrub: bool = False
) -> Command:
    what = f"{verb} {name!r}"
    options.only(data, _VERSIONS, what)
    chosen = options.numbers(data.get("versions", ()), what)

    def run(view: View, now: float) -> Response:
        return _mark(view, name, _existing(view, name), chosen, now, change)

    return Command(name, run, clear={"versions": list(chosen)}, scrub=scrub)


def _mark(
    view: View, name: str, record: Record, chosen: tuple[int, ...], now: float, change: Any
) -> Response:
    for number in chosen:
        change(view, name, record, choose(record, name, version=number, stage=None), now)
    record.updated = now
    keys.save(view, name, record)
    only_one = chosen[0] if len(chosen) == 1 else None
    return Response({"versions": [record.info(number)._asdict() for number in chosen]}, version=only_one)


def _soft_delete(view: View, name: str, record: Record, info: VersionInfo, now: float) -> None:
    if info.deleted is None and info.destroyed is None:
        record.set(info.number, deleted=now)


def _undelete(view: View, name: str, record: Record, info: VersionInfo, now: float) -> None:
    if info.destroyed is not None:
        raise NotFound(
            f"version {info.number} of secret {name!r} was destroyed; its value is gone", name=name
        )
    record.set(info.number, deleted=None)


def _destroy(view: View, name: str, record: Record, info: VersionInfo, now: float) -> None:
    if info.destroyed is None:
        view.delete(keys.value_key(name, info))
        record.set(info.number, destroyed=now)


def change_version(name: str, data: Mapping[str, Any]) -> Command:
    """``versions/NAME``: flags of one version, and stages put on it (``stage``) or taken off (``unstage``)."""
    what = f"changing a version of {name!r}"
    options.only(data, _CHANGE, what)
    number = options.number(data.get("version"), f"{what}: 'version'", least=1)
    flags: dict[str, Any] = {}
    if data.get("enabled") is not None:
        flags["enabled"] = options.flag(data["enabled"], f"{what}: 'enabled'")
    for key in ("expires", "not_before"):
        if key in data:
            flags[key] = options.time(data, key, what)
    put = () if data.get("stage") is None else options.stages([data["stage"]], what)
    off = None if data.get("unstage") is None else options.stage(data["unstage"], what)

    def run(view: View, now: float) -> Response:
        record = _existing(view, name)
        info = choose(record, name, version=number, stage=None)
        if off is not None and record.stages.get(off) != number:
            raise NotFound(f"version {number} of secret {name!r} has no stage {off!r}", name=name)
        changed = info._replace(**flags)
        if (
            changed.expires is not None
            and changed.not_before is not None
            and changed.expires <= changed.not_before
        ):
            raise InvalidRequest(f"{what}: it would expire before it becomes valid")
        record.set(number, **flags)
        for label in put:
            record.move(label, number)
        if off is not None:
            record.move(off, None)
        record.updated = now
        keys.save(view, name, record)
        return Response(record.info(number)._asdict(), version=number)

    return Command(name, run, clear={key: value for key, value in data.items() if value is not None})


def _existing(view: View, name: str) -> Record:
    record = keys.load(view, name)
    if record is None:
        raise NotFound(f"there is no secret {name!r}", name=name)
    return record


def _exists(name: str) -> Callable[[View], bool]:
    def exists(view: View) -> bool:
        record = keys.load(view, name)
        return record is not None and record.latest > 0

    return exists
