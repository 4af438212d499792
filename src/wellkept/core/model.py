"""What a stored secret looks like from outside: the records that the embedded store hands out.

Times are seconds since the epoch, or ``None``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..secret import Secret

MAX_VALUE = 1024 * 1024
"""The largest value, in bytes."""

CURRENT = "current"
PREVIOUS = "previous"
PENDING = "pending"


class VersionInfo(NamedTuple):
    """One version of a secret, without its value.

    ``stages``: the labels on it (``current``, ``previous``, ``pending`` and free ones), sorted. A version
    can be read when it is ``enabled``, ``not_before`` has come, ``expires`` has not, and it is neither
    ``deleted`` (softly, may be undone) nor ``destroyed`` (its value is gone); both hold the time of it.
    """

    number: int
    uuid: str
    created: float
    stages: tuple[str, ...] = ()
    enabled: bool = True
    not_before: float | None = None
    expires: float | None = None
    deleted: float | None = None
    destroyed: float | None = None
    content_type: str = "text/plain"


class Version(NamedTuple):
    """A version with its value: ``secret`` (which does not print), and ``info``."""

    secret: Secret
    info: VersionInfo


class Metadata(NamedTuple):
    """A secret as a whole, without values.

    ``current`` is the number of the version that a plain read answers with, ``None`` where there is none;
    ``latest`` and ``oldest`` are the greatest and least number kept (0 where there is none).
    ``max_versions`` is the number of versions kept; ``delete_version_after`` the lifetime in seconds that
    new versions get, ``None`` for no end. ``cas_required``: writes must say which version they replace.
    """

    name: str
    created: float
    updated: float
    current: int | None
    latest: int
    oldest: int
    max_versions: int
    cas_required: bool
    delete_version_after: float | None
    tags: Mapping[str, str]
    description: str
    owner: str
    rotation_policy: Mapping[str, Any] | None
    custom_metadata: Mapping[str, str]
    versions: tuple[VersionInfo, ...]
