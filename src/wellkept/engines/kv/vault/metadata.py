"""``metadata/NAME``: a secret's own settings and the list of its versions; folders, plain and detailed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....core.form import bad
from ....core.form.convert import Unconvertible, to_text
from ....core.form.duration import quoted, show
from ....core.form.times import moment
from ....core.request import NOTHING, Response
from .. import keys
from ..records import Record
from . import config as configs
from .data import nothing_there
from .folders import below, children
from .reading import deletion_time, load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ....core.form import Call
    from ....core.view import View
    from .config import Config

_SETTINGS = (
    "cas_required",
    "max_versions",
    "delete_version_after",
    "custom_metadata",
    "metadata_cas_required",
)
_MANDATED = '"cas_required" set to false, but is mandated by backend config. This value will be ignored.'
_WRONG = "custom_metadata validation failed"
MAX_KEYS, MAX_KEY, MAX_VALUE = 64, 128, 512


def read(call: Call) -> Response | None:
    record = load(call.view, call.data["path"])
    return None if record is None else Response(describe(record))


def write(call: Call) -> Response | None:
    """The given settings replaced; makes the secret if need be. Nothing given, nothing done."""
    name, data = call.data["path"], call.data
    if not name:
        raise bad("missing path")
    if not any(setting in data for setting in _SETTINGS):
        return None
    custom = _custom(data["custom_metadata"]) if "custom_metadata" in data else None
    config = configs.load(call.view)
    record = load(call.view, name) or Record(call.now)
    _check_cas(call, config, record)
    _settle(call, record)
    if custom is not None:
        record.custom_metadata = {key: value for key, value in custom.items() if value is not None}
    return _save(call, name, record, config)


def patch(call: Call) -> Response | None:
    """As a write, but custom metadata merges, null removing a key; the secret must be there."""
    name, data = call.data["path"], call.data
    if not name:
        raise bad("missing path")
    if not any(setting in data for setting in _SETTINGS):
        return None
    custom = _custom(data["custom_metadata"], patching=True) if "custom_metadata" in data else {}
    config = configs.load(call.view)
    record = load(call.view, name)
    if record is None:
        return nothing_there()
    _check_cas(call, config, record)
    _settle(call, record)
    if "custom_metadata" in data:
        cleared = data.raw["custom_metadata"] is None
        both = {} if cleared else {**record.custom_metadata, **custom}
        record.custom_metadata = {key: value for key, value in both.items() if value is not None}
        _refuse(_count(record.custom_metadata))
    return _save(call, name, record, config)


def purge(call: Call) -> None:
    """The secret, all versions, all values."""
    view, name = call.view, call.data["path"]
    record = load(view, name)
    if record is None:
        return
    for info in record.versions.values():
        if info.destroyed is None:
            view.delete(keys.value_key(name, info))
    view.delete(keys.META + name)


def listing(call: Call) -> Response | None:
    names = children(call, keys.META)
    return Response({"keys": names}) if names else None


def detailed_listing(call: Call) -> Response | None:
    names = children(call, keys.META)
    return Response({"key_info": _infos(call, names), "keys": names}) if names else None


def scan(call: Call) -> Response:
    names = below(call, keys.META)
    return Response({"keys": names} if names else NOTHING, status=200)


def detailed_scan(call: Call) -> Response:
    names = below(call, keys.META)
    return Response({"key_info": _infos(call, names), "keys": names} if names else NOTHING, status=200)


def _infos(call: Call, names: Iterable[str]) -> dict[str, Any]:
    folder = call.data["path"].rstrip("/")
    prefix = f"{folder}/" if folder else ""
    return {name: _info(call.view, (prefix + name).rstrip("/")) for name in names}


def _info(view: View, name: str) -> dict[str, Any]:
    record = load(view, name)
    return {} if record is None else describe(record)


def describe(record: Record) -> dict[str, Any]:
    """A record as Vault shows it."""
    return {
        "cas_required": record.cas_required,
        "created_time": moment(record.created),
        "current_metadata_version": record.metadata_version,
        "current_version": record.current or record.latest,
        "custom_metadata": record.custom_metadata or None,
        "delete_version_after": show(record.delete_version_after or 0),
        "max_versions": record.max_versions,
        "metadata_cas_required": record.metadata_cas_required,
        "oldest_version": record.oldest,
        "updated_time": moment(record.updated),
        "versions": {
            str(number): {
                "created_time": moment(info.created),
                "deletion_time": deletion_time(info),
                "destroyed": info.destroyed is not None,
            }
            for number, info in record.versions.items()
        },
    }


def _check_cas(call: Call, config: Config, record: Record) -> None:
    if "metadata_cas" in call.data:
        if call.data["metadata_cas"] != record.metadata_version:
            if record.metadata_version == 0:
                raise bad("metadata_cas must be 0 when creating new metadata")
            raise bad("metadata check-and-set parameter does not match the current version")
    elif config.metadata_cas_required or record.metadata_cas_required:
        raise bad("metadata check-and-set parameter required for this call")


def _settle(call: Call, record: Record) -> None:
    data = call.data
    if "max_versions" in data:
        record.max_versions = configs.unsigned(data["max_versions"])
    if "cas_required" in data:
        record.cas_required = data["cas_required"]
    if "delete_version_after" in data:
        record.delete_version_after = data["delete_version_after"] or None
    if "metadata_cas_required" in data:
        record.metadata_cas_required = data["metadata_cas_required"]


def _save(call: Call, name: str, record: Record, config: Config) -> Response | None:
    record.metadata_version += 1
    record.updated = call.now
    keys.save(call.view, name, record)
    if "cas_required" in call.data and config.cas_required and not call.data["cas_required"]:
        return Response(warnings=(_MANDATED,), status=200)
    return None


def _custom(given: dict[str, Any], *, patching: bool = False) -> dict[str, str | None]:
    """Checked; ``None`` stands only while patching, for a key to be removed."""
    failure = ""
    found: dict[str, str | None] = {}
    for key, value in given.items():
        if value is None and patching:
            found[key] = None
            continue
        try:
            found[key] = to_text(value)
        except Unconvertible as error:
            failure = f"{_WRONG}: {error}"
    if failure:
        raise bad(failure)
    kept = {key: value for key, value in found.items() if value is not None}
    _refuse(_count(kept) or [text for item in kept.items() for text in _problems(*item)])
    return found


def _count(custom: dict[str, str]) -> list[str]:
    if len(custom) <= MAX_KEYS:
        return []
    return [f"payload must contain at most {MAX_KEYS} keys, provided {len(custom)}"]


def _problems(key: str, value: str) -> Iterable[str]:
    size, length = len(value.encode("utf-8", "surrogatepass")), len(key.encode("utf-8", "surrogatepass"))
    shown = quoted(key)
    if not 0 < length <= MAX_KEY:
        yield f"length of key {shown} is {length} but must be 0 < len(key) <= {MAX_KEY}"
    if not 0 < size <= MAX_VALUE:
        yield f"length of value for key {shown} is {size} but must be 0 < len(value) <= {MAX_VALUE}"
    if not key.isprintable():
        yield f"key {shown} ({key}) contains unprintable characters"
    if not value.isprintable():
        yield f"value for key {shown} contains unprintable characters"


def _refuse(problems: list[str]) -> None:
    if problems:
        head = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        lines = "\n\t* ".join(f"{_WRONG}: {text}" for text in problems)
        raise bad(f"{head} occurred:\n\t* {lines}\n\n")
