"""Whole histories out of a server's KV engine, for moving to another store: every version that can still be read.

A version that is deleted there (softly) cannot be read without bringing it back, and the source is not touched; so
it comes as destroyed, like those that are, and is counted.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ...errors import Malformed, NotFound, SecretError
from . import answers, kv, listing

if TYPE_CHECKING:
    from .kv import Layout
    from .session import Session

EXCHANGE = 60.0
"""Seconds for one exchange with the server."""


class History(NamedTuple):
    """``data`` as ``engines.kv.adopting`` takes it; ``lost`` versions were deleted but not destroyed."""

    data: dict[str, Any]
    lost: int

    def __repr__(self) -> str:
        return f"<History of {len(self.data['versions'])} versions>"


class Histories:
    """Of the mount and prefix that ``session``'s URL names."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._layout: Layout | None = None

    @property
    def layout(self) -> Layout:
        if self._layout is None:
            options = self._session.options
            known = options.kv
            self._layout = (
                kv.detect(self._session, _deadline()) if known is None else kv.layout(options.mount, known)
            )
        return self._layout

    def names(self) -> list[str]:
        """Every secret below the prefix, with it."""
        prefix = self._session.options.prefix
        found = listing.walk(self._session, self.layout, prefix, time.monotonic() + 10 * EXCHANGE)
        return [f"{prefix}/{name}" if prefix else name for name in found]

    def of(self, name: str) -> History:
        """The secret called ``name``. Raises ``NotFound`` when it has gone meanwhile."""
        if not self.layout.versioned:
            data = self._read(name, None)
            now = time.time()
            return History(
                {"created": now, "latest": 1, "versions": [{"number": 1, "created": now, "data": data}]}, 0
            )
        return self._versions(name, self._metadata(name))

    def _versions(self, name: str, metadata: dict[str, Any]) -> History:
        versions, lost = [], 0
        for number, fields in sorted(metadata["versions"].items(), key=lambda pair: int(pair[0])):
            version: dict[str, Any] = {"number": int(number), "created": _moment(fields.get("created_time"))}
            ends = _moment(fields.get("deletion_time")) if fields.get("deletion_time") else None
            gone = bool(fields.get("destroyed")) or (ends is not None and ends <= time.time())
            version["data"] = None if gone else self._read(name, int(number))
            if version["data"] is None:
                lost += not fields.get("destroyed")
                version["destroyed"] = ends or version["created"]
            elif ends is not None:
                version["expires"] = ends
            versions.append(version)
        data = {
            "created": _moment(metadata.get("created_time")),
            "updated": _moment(metadata.get("updated_time")),
            "latest": metadata["current_version"],
            "versions": versions,
            "max_versions": metadata.get("max_versions") or 0,
            "cas_required": bool(metadata.get("cas_required")),
            "custom_metadata": metadata.get("custom_metadata") or {},
        }
        after = str(metadata.get("delete_version_after") or "0s")
        if after != "0s":
            from ...core.durations import seconds

            data["delete_version_after"] = seconds(after)
        return History(data, lost)

    def _metadata(self, name: str) -> dict[str, Any]:
        answer = self._session.call("GET", self.layout.names + quote(name, safe="/"), deadline=_deadline())
        if answer.status != 200:
            raise self._sorted(answer, name)
        data = answers.part(answer, "data")
        if data is None or not isinstance(data.get("versions"), dict):
            raise Malformed(f"{self._session.source}: the history of {name!r} cannot be read", name=name)
        return data

    def _read(self, name: str, number: int | None) -> dict[str, Any] | None:
        """A version's fields; ``None`` when it was deleted meanwhile."""
        tail = "" if number is None else f"?version={number}"
        path = self.layout.data + quote(name, safe="/") + tail
        answer = self._session.call("GET", path, deadline=_deadline())
        what = f"reading {name!r}"
        try:
            found = kv.parse(answer, self.layout.versioned, what=what, name=name, source=self._session.source)
        except NotFound:
            return None
        return found.data

    def _sorted(self, answer: Any, name: str) -> SecretError:
        return answers.sort_failure(answer, f"reading {name!r}", name=name, source=self._session.source)


def _deadline() -> float:
    return time.monotonic() + EXCHANGE


def _moment(text: Any) -> float:
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return time.time()
