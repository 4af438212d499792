"""Records of the store as JSON: the same shape from every command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .output import moment

if TYPE_CHECKING:
    from ..core.model import Metadata, VersionInfo


def version(info: VersionInfo) -> dict[str, Any]:
    """One version, without its value. Times are RFC 3339 in UTC, or null."""
    return {
        "version": info.number,
        "uuid": info.uuid,
        "created": _time(info.created),
        "stages": list(info.stages),
        "state": state(info),
        "enabled": info.enabled,
        "not_before": _time(info.not_before),
        "expires": _time(info.expires),
        "deleted": _time(info.deleted),
        "destroyed": _time(info.destroyed),
        "content_type": info.content_type,
    }


def metadata(found: Metadata) -> dict[str, Any]:
    """A secret as a whole, without its versions and values."""
    return {
        "name": found.name,
        "created": _time(found.created),
        "updated": _time(found.updated),
        "version": found.current,
        "latest": found.latest,
        "oldest": found.oldest,
        "description": found.description,
        "owner": found.owner,
        "tags": dict(found.tags),
        "custom_metadata": dict(found.custom_metadata),
        "rotation_policy": None if found.rotation_policy is None else dict(found.rotation_policy),
        "max_versions": found.max_versions,
        "cas_required": found.cas_required,
        "delete_version_after": found.delete_version_after,
    }


def state(info: VersionInfo, now: float | None = None) -> str:
    """In a word why a version can or cannot be read: ``destroyed``, ``deleted``, ``disabled``, ``expired``,
    ``not yet`` or ``ok``."""
    if now is None:
        from ..clock import SYSTEM

        now = SYSTEM.time()
    if info.destroyed is not None:
        return "destroyed"
    if info.deleted is not None and info.deleted <= now:
        return "deleted"
    if not info.enabled:
        return "disabled"
    if info.expires is not None and info.expires <= now:
        return "expired"
    if info.not_before is not None and info.not_before > now:
        return "not yet"
    return "ok"


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else moment(seconds)
