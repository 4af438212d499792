"""A mount's tuning: reading and writing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import mount_table
from ..form import Field, bad
from ..form.convert import Unconvertible, to_flag, to_text, to_texts
from ..form.duration import parse_seconds
from ..mount import LISTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..form import Call
    from ..mount import Mount, MountConfig
    from ..service import Service
    from ..ttl import Bounds

FIELDS: dict[str, Field] = {
    "path": Field(clear=True),
    "default_lease_ttl": Field(clear=True),
    "max_lease_ttl": Field(clear=True),
    "description": Field(clear=True),
    "audit_non_hmac_request_keys": Field("strings", clear=True),
    "audit_non_hmac_response_keys": Field("strings", clear=True),
    "options": Field("pairs"),
    "listing_visibility": Field(clear=True),
    "passthrough_request_headers": Field("strings", clear=True),
    "allowed_response_headers": Field("strings", clear=True),
    "token_type": Field(clear=True),
    "allowed_managed_keys": Field("strings", clear=True),
    "plugin_version": Field(clear=True),
    "user_lockout_config": Field("map", clear=True),
}
_BUILT_IN = frozenset({"sys/", "cubbyhole/", "identity/"})
_NOT_OF_BUILT_IN = (
    "description",
    "options",
    "listing_visibility",
    "passthrough_request_headers",
    "allowed_response_headers",
    "plugin_version",
    "token_type",
    "user_lockout_config",
)
"""Parameters that the mounts which are always there do not have."""
_TOKEN_TYPES = ("default-service", "default-batch", "service", "batch")


def read(mount: Mount, system: Bounds) -> dict[str, Any]:
    """The members of ``sys/mounts/PATH/tune``: its own times to live or the system's, and what else was set."""
    config = mount.config
    told: dict[str, Any] = {
        "default_lease_ttl": config.default_lease_ttl or int(system.default),
        "description": mount.description,
        "force_no_cache": config.force_no_cache,
        "max_lease_ttl": config.max_lease_ttl or int(system.most),
    }
    for name in LISTS:
        if getattr(config, name):
            told[name] = list(getattr(config, name))
    if config.listing_visibility:
        told["listing_visibility"] = config.listing_visibility
    if mount.options:
        told["options"] = dict(mount.options)
    if config.token_type:
        told["token_type"] = config.token_type
    told.update(lockout(config))
    return told


def lockout(config: MountConfig) -> dict[str, Any]:
    """The tuning of lockout, where there is any, under the names that are shown."""
    given = config.user_lockout
    if not given:
        return {}
    return {
        "user_lockout_counter_reset_duration": given.get("lockout_counter_reset", 0),
        "user_lockout_disable": given.get("lockout_disable", False),
        "user_lockout_duration": given.get("lockout_duration", 0),
        "user_lockout_threshold": given.get("lockout_threshold", 0),
    }


def _semantic(version: str) -> str:
    """``v1`` as ``v1.0.0``."""
    parts = version.removeprefix("v").split(".")
    return f"v{'.'.join([*parts, '0', '0'][:3])}" if all(part.isdecimal() for part in parts) else version[:64]


def write(service: Service, call: Call, mount: Mount) -> None:
    """Take over what was given, inside the transaction of the call. Raises ``Refusal``."""
    given = {name: call.data[name] for name in FIELDS if name in call.data and name != "path"}
    mounts = mount_table.load(call.view, mount.table)
    own = next((each for each in mounts if each.uuid == mount.uuid), None)
    if own is None:
        raise bad(f'tune of path "{mount.path}" failed: no mount entry found')
    if mount.path in _BUILT_IN:
        for name in _NOT_OF_BUILT_IN:
            if name in given:
                raise bad(f"cannot tune parameter {name} of {mount.path}")
    if given.get("plugin_version"):
        shown = _semantic(given["plugin_version"])
        raise bad(f"plugin not found in the catalog: {mount.kind}, version={shown}")
    config = own.config
    values = _checked(given)
    default = values.get("default_lease_ttl", config.default_lease_ttl)
    most = values.get("max_lease_ttl", config.max_lease_ttl)
    if most and default > most:
        raise bad(
            f"backend max lease TTL of {most} would be less than backend default lease TTL of {default}"
        )
    if "token_type" in values and (mount.table != "auth" or mount.kind == "token"):
        where = "'token_type' can only be modified on auth mounts"
        raise bad(
            where
            if mount.table != "auth"
            else "'token_type' cannot be set for 'token' or 'ns_token' auth mounts"
        )
    apply(config, values)
    if "description" in given:
        own.description = given["description"]
    if "options" in given:
        _retune(service, call, own, given["options"])
    mount_table.save(call.view, mount.table, mounts)


def _retune(service: Service, call: Call, mount: Mount, options: Mapping[str, str]) -> None:
    """New options; an engine that must change what it has stored for them does it in the same transaction."""
    merged = {**mount.options}
    for name, value in options.items():
        if value == "":
            merged.pop(name, None)
        else:
            merged[name] = value
    if merged.get("version", "1") < mount.options.get("version", "1"):
        raise bad(f"cannot downgrade mount from version {mount.options['version']}")
    current = service.router.by_accessor(mount.accessor)
    retune = getattr(service.router.engine(current), "retune", None) if current is not None else None
    if retune is not None:
        retune(call.view.below(mount.prefix), options, call.now)
    mount.options = merged


def parse_config(given: Mapping[str, Any]) -> dict[str, Any]:
    """The ``config`` of a new mount, checked. Raises ``Refusal``."""
    converted: dict[str, Any] = {}
    for name, value in given.items():
        if name in ("default_lease_ttl", "max_lease_ttl"):
            label = "default" if name.startswith("default") else "max"
            converted[name] = _ttl(value, f"unable to parse {label} TTL of {value}: ")
        elif name in FIELDS or name in ("force_no_cache", "plugin_name"):
            converted[name] = _convert(name, value)
    return _checked(converted)


def _convert(name: str, value: Any) -> Any:
    failure = ""
    try:
        if name == "force_no_cache":
            return to_flag(value)
        if name in LISTS:
            return to_texts(value)
        return value if name in ("options", "user_lockout_config") else to_text(value)
    except Unconvertible as error:
        failure = str(error)
    raise bad(f"unable to convert given mount config information: {failure}")


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(given)
    for name in ("default_lease_ttl", "max_lease_ttl"):
        if name in values and not isinstance(values[name], int):
            values[name] = _ttl(values[name], "")
    visibility = values.get("listing_visibility", "")
    if visibility not in ("", "hidden", "unauth"):
        raise bad(f"invalid listing_visibility {visibility}")
    kind = values.get("token_type")
    if kind is not None and kind not in _TOKEN_TYPES:
        raise bad("invalid value for 'token_type'")
    if "user_lockout_config" in values:
        values["user_lockout"] = _lockout(values.pop("user_lockout_config"))
    return values


def _ttl(value: Any, prefix: str) -> int:
    if isinstance(value, str) and value == "system":
        return 0
    failure = ""
    try:
        seconds = parse_seconds(str(value))
    except ValueError as error:
        failure = str(error)
    if failure:
        raise bad(prefix + failure)
    if seconds < 0:
        raise bad(f"{prefix}cannot be negative")
    return int(seconds)


def _lockout(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name == "lockout_threshold":
            text = str(value)
            if not text.isdecimal():
                raise bad("unable to parse user lockout threshold")
            found[name] = int(text)
        elif name in ("lockout_duration", "lockout_counter_reset", "lockout_counter_reset_duration"):
            key = "lockout_counter_reset" if "reset" in name else name
            found[key] = _ttl(value, "")
        elif name == "lockout_disable":
            found[name] = to_flag(value)
    return found


def apply(config: MountConfig, values: Mapping[str, Any]) -> None:
    """Write checked values into ``config``."""
    for name, value in values.items():
        if name in ("description", "options"):
            continue
        setattr(config, name, tuple(value) if isinstance(value, list) else value)
