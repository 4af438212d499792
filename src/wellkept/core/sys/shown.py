"""How a mount is shown: the same in listings, on its own, and to the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..mount import LISTS
from ..registry import AUTH_METHODS, SECRET_ENGINES
from .tuning import lockout

if TYPE_CHECKING:
    from ..mount import Mount, MountConfig

VERSION = "v2.7.2+builtin.bao"
"""Which of OpenBao's engines ours are like: clients look for "builtin" here."""
_BUILT_IN = frozenset({"cubbyhole", "identity", "system", "token"})


def shown(mount: Mount) -> dict[str, Any]:
    """The members of ``sys/mounts/PATH``."""
    own = mount.kind in _BUILT_IN
    told: dict[str, Any] = {
        "accessor": mount.accessor,
        "config": config(mount.config),
        "description": mount.description,
        "external_entropy_access": mount.external_entropy_access,
        "local": mount.local,
        "options": None if own else dict(mount.options),
        "plugin_version": mount.config.plugin_version,
        "running_plugin_version": VERSION,
        "running_sha256": "",
        "seal_wrap": mount.seal_wrap,
        "type": mount.kind,
        "uuid": mount.uuid,
    }
    if not own and mount.kind in {**SECRET_ENGINES, **AUTH_METHODS}:
        told["deprecation_status"] = "supported"
    return told


def config(tuned: MountConfig) -> dict[str, Any]:
    """The tuning that was set."""
    told: dict[str, Any] = {
        "default_lease_ttl": tuned.default_lease_ttl,
        "force_no_cache": tuned.force_no_cache,
        "max_lease_ttl": tuned.max_lease_ttl,
    }
    for name in LISTS:
        values = getattr(tuned, name)
        if values:
            told[name] = list(values)
    if tuned.listing_visibility:
        told["listing_visibility"] = tuned.listing_visibility
    if tuned.token_type:
        told["token_type"] = tuned.token_type
    if tuned.user_lockout:
        told["user_lockout_config"] = lockout(tuned)
    return told
