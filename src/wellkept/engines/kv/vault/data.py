"""``data/NAME``: writing a version, patching it, deleting it softly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....core.form import bad
from ....core.form.convert import Unconvertible, to_number
from ....core.model import CURRENT
from ....core.refusal import Refusal
from ....core.request import Response
from .. import keys
from ..merge import merged
from ..records import DEFAULT_MAX_VERSIONS, Record, unusable
from ..values import JSON, decode_object, encode_object
from . import config as configs
from .reading import gone, load, metadata_of

if TYPE_CHECKING:
    from ....core.form import Call, Data
    from ....core.view import View
    from .config import Config


def write(call: Call) -> Response:
    """A new version."""
    name = _name(call)
    if "data" not in call.data:
        raise bad("no data provided")
    content = encode_object(call.data["data"], name)
    config = configs.load(call.view)
    record = load(call.view, name) or Record(call.now)
    check_cas(call.data, config, record)
    return _append(call.view, name, record, config, content, call.now)


def patch(call: Call) -> Response:
    """A new version: the current one with the given fields merged into it (RFC 7386)."""
    view, name, now = call.view, _name(call), call.now
    if "data" not in call.data:
        raise bad("no data provided")
    record = load(view, name)
    if record is None:
        return nothing_there()
    config = configs.load(view)
    check_cas(call.data, config, record)
    info = record.versions.get(record.current)
    if info is None:
        return nothing_there()
    if unusable(info, now):
        raise Refusal(404, data=metadata_of(info, record))
    stored = keys.value(view, name, info)
    if info.content_type != JSON:
        raise bad("the current version is not an object, so it has no fields to patch; write it whole")
    changes = decode_object(encode_object(call.data["data"], name), name)
    content = encode_object(merged(decode_object(stored, name), changes), name)
    return _append(view, name, record, config, content, now)


def delete(call: Call) -> None:
    """The current version, softly; nothing happens when it is gone already."""
    name = call.data["path"]
    record = load(call.view, name)
    info = None if record is None else record.versions.get(record.current)
    if record is None or info is None or gone(info, call.now):
        return
    record.set(info.number, deleted=call.now)
    keys.save(call.view, name, record)


def nothing_there() -> Response:
    """404 with an empty body, as OpenBao answers a patch of nothing."""
    return Response(status=404, raw=("application/json", b""))


def check_cas(data: Data, config: Config, record: Record) -> None:
    """Raises ``Refusal`` unless the version to be replaced is the one that was named, or none had to be."""
    options: dict[str, Any] = data["options"]
    if "cas" not in options:
        if config.cas_required or record.cas_required:
            raise bad("check-and-set parameter required for this call")
        return
    try:
        cas: int | None = to_number(options["cas"])
    except Unconvertible:
        cas = None
    if cas is None:
        raise bad("error parsing check-and-set parameter")
    # 0 means "only if there is none", and a version that is only pending is one all the same.
    if cas != (record.current if cas else record.latest):
        raise bad("check-and-set parameter did not match the current version")


def _append(view: View, name: str, record: Record, config: Config, content: bytes, now: float) -> Response:
    lifetime = _lifetime(config, record)
    info = record.add(now, stages=(CURRENT,), content_type=JSON, expires=now + lifetime if lifetime else None)
    for each in record.prune(max(record.max_versions, config.max_versions) or DEFAULT_MAX_VERSIONS):
        view.delete(keys.value_key(name, each))
    view.put(keys.value_key(name, info), content)
    keys.save(view, name, record)
    return Response(metadata_of(info, record), version=info.number)


def _lifetime(config: Config, record: Record) -> float:
    """Seconds that a new version lives, 0 for no end: the shorter of the secret's and the mount's."""
    if config.delete_version_after < 0:
        return 0
    given = [each for each in (config.delete_version_after, record.delete_version_after) if each]
    return min(given, default=0)


def _name(call: Call) -> str:
    name: str = call.data["path"]
    if not name:
        raise bad("missing path")
    return name
