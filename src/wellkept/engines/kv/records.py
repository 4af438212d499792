"""How a secret's record is stored, and the changes that can be made to it: pure, no storage, no clock.

One record a secret, holding what is known of each of its versions; the values are stored apart, each under
its version's UUID, so that a change of metadata does not rewrite them. A stage is a name for one version,
so the record maps stages to numbers, and no two versions can carry the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core.compact import printer
from ...core.model import CURRENT, PENDING, PREVIOUS, VersionInfo
from ...core.request import new_id
from ...errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_MAX_VERSIONS = 10

_parse = json.JSONDecoder().decode
_print = printer(ascii_only=False)
_NO_FLAGS: dict[str, Any] = {}
_FLAGS = ("enabled", "not_before", "expires", "deleted", "destroyed", "content_type")
_PLAIN = VersionInfo(0, "", 0.0)._asdict()
_FIELDS = (
    "max_versions",
    "cas_required",
    "delete_version_after",
    "tags",
    "description",
    "owner",
    "rotation_policy",
    "custom_metadata",
    "metadata_version",
    "metadata_cas_required",
    "oldest",
)
_OPTIONAL = frozenset(_FIELDS)


class Record:
    """A secret without its values. ``versions`` maps numbers to ``VersionInfo`` whose ``stages`` is empty;
    ``stages`` maps labels to numbers. ``latest`` counts on even when versions go. ``metadata_version`` counts the
    changes of the metadata, ``oldest`` is the first number of the window of versions kept (0 until it moves): both
    are Vault's."""

    __slots__ = ("created", "latest", "stages", "updated", "versions", *_FIELDS)

    def __init__(self, created: float) -> None:
        self.created = created
        self.updated = created
        self.latest = 0
        self.versions: dict[int, VersionInfo] = {}
        self.stages: dict[str, int] = {}
        self.max_versions = 0
        self.cas_required = False
        self.delete_version_after: float | None = None
        self.tags: dict[str, str] = {}
        self.description = ""
        self.owner = ""
        self.rotation_policy: dict[str, Any] | None = None
        self.custom_metadata: dict[str, str] = {}
        self.metadata_version = 0
        self.metadata_cas_required = False
        self.oldest = 0

    @property
    def current(self) -> int:
        """The number of the current version; 0 when there is none."""
        return self.stages.get(CURRENT, 0)

    @property
    def kept(self) -> int:
        """How many versions are kept."""
        return self.max_versions or DEFAULT_MAX_VERSIONS

    def info(self, number: int) -> VersionInfo:
        """A version with its stages filled in."""
        labels = [label for label, held in self.stages.items() if held == number]
        if not labels:
            return self.versions[number]
        labels.sort()
        number, uuid, created, _, *rest = self.versions[number]
        return VersionInfo._make((number, uuid, created, tuple(labels), *rest))

    def add(self, now: float, *, stages: Iterable[str], content_type: str, **flags: Any) -> VersionInfo:
        """Append a version; ``stages`` are put on it, and ``current`` moves the way ``move`` says."""
        self.latest += 1
        self.updated = now
        info = VersionInfo(self.latest, new_id(), now, content_type=content_type, **flags)
        self.versions[info.number] = info
        for stage in stages:
            self.move(stage, info.number)
        return self.info(info.number)

    def move(self, stage: str, number: int | None) -> None:
        """Put ``stage`` on a version, or off when ``number`` is ``None``.

        What was current becomes previous; what becomes current is no longer pending.
        """
        if number is None:
            self.stages.pop(stage, None)
            return
        if stage == CURRENT and self.current not in (0, number):
            self.stages[PREVIOUS] = self.current
        self.stages[stage] = number
        if stage == CURRENT:
            for label in (PENDING, PREVIOUS):
                if self.stages.get(label) == number:
                    del self.stages[label]

    def set(self, number: int, **flags: Any) -> None:
        """Change a version's flags."""
        self.versions[number] = self.versions[number]._replace(**flags)

    def prune(self, kept: int | None = None) -> list[VersionInfo]:
        """Forget the oldest versions above the limit (``kept``, or the record's own), and return them.

        Never the current one; versions that carry another stage after those that carry none.
        """
        kept = self.kept if kept is None else kept
        if self.latest - self.oldest >= kept:
            self.oldest = self.latest - kept + 1
        excess = len(self.versions) - kept
        if excess <= 0:
            return []
        staged = set(self.stages.values())
        candidates = [number for number in self.versions if number != self.current]
        candidates.sort(key=lambda number: (number in staged, number))
        gone = [self.versions.pop(number) for number in candidates[:excess]]
        self.stages = {label: number for label, number in self.stages.items() if number in self.versions}
        return gone

    def encode(self) -> bytes:
        """As bytes to be stored."""
        document: dict[str, Any] = {
            "created": self.created,
            "updated": self.updated,
            "latest": self.latest,
            "stages": self.stages,
            "versions": [_pack(info) for info in self.versions.values()],
        }
        for field in _FIELDS:
            value = getattr(self, field)
            if value:
                document[field] = value
        return _print(document).encode()

    @classmethod
    def decode(cls, stored: bytes) -> Record:
        """From stored bytes, which are authentic (the barrier has checked them)."""
        document = _parse(stored.decode())
        record = cls(document["created"])
        record.updated = document["updated"]
        record.latest = document["latest"]
        record.stages = document["stages"]
        for number, uuid, created, *flags in document["versions"]:
            record.versions[number] = VersionInfo(number, uuid, created, **(flags[0] if flags else _NO_FLAGS))
        for field in _OPTIONAL.intersection(document):
            setattr(record, field, document[field])
        return record


def _pack(info: VersionInfo) -> list[Any]:
    packed: list[Any] = [info.number, info.uuid, info.created]
    flags = {name: value for name in _FLAGS if (value := getattr(info, name)) != _PLAIN[name]}
    return [*packed, flags] if flags else packed


def unusable(info: VersionInfo, now: float) -> str:
    """Why a version cannot be read at ``now``; empty when it can.

    The end of a lifetime is exclusive, its beginning inclusive.
    """
    if info.destroyed is not None:
        return f"was destroyed at {moment(info.destroyed)}; its value is gone"
    if info.deleted is not None:
        return f"was deleted at {moment(info.deleted)}; undelete it, or write a new version"
    if not info.enabled:
        return "is disabled; enable it, or write a new version"
    if info.not_before is not None and now < info.not_before:
        return f"is not valid before {moment(info.not_before)}"
    if info.expires is not None and now >= info.expires:
        return f"expired at {moment(info.expires)}; write a new version"
    return ""


def choose(record: Record | None, name: str, *, version: int | None, stage: str | None) -> VersionInfo:
    """The version asked for: by number, by stage, else the current. Raises ``NotFound`` saying why not."""
    if record is None:
        raise NotFound(f"there is no secret {name!r}", name=name)
    if version is None:
        label = stage or CURRENT
        number = record.stages.get(label)
        if number is None:
            what = "no version yet" if not record.versions else f"no version with the stage {label!r}"
            raise NotFound(f"secret {name!r} has {what}", name=name)
        return record.info(number)
    if version not in record.versions:
        kept = f"{min(record.versions)} to {max(record.versions)}" if record.versions else "none"
        raise NotFound(f"secret {name!r} has no version {version}; kept: {kept}", name=name)
    return record.info(version)


def moment(seconds: float) -> str:
    """A time for messages: RFC 3339, UTC, whole seconds (plus the fraction only where there is one)."""
    from ...core.audit import timestamp

    text = timestamp(seconds)
    return text.replace(".000000Z", "Z")
