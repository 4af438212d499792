"""A server's KV engine (version 2) with the methods of a local store, so that `get`, `set`, `list` and their kin
work on it as on a directory. What a server's API does not have is refused by name."""

from __future__ import annotations

import base64
import calendar
import json
import time
from typing import TYPE_CHECKING, Any

from ...core.model import CURRENT, PREVIOUS, Metadata, Version, VersionInfo
from ...errors import InvalidRequest, NotFound, WellkeptError
from ...secret import Secret
from .connection import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

VALUE = "value"
"""The one field of a version that is no object, as the library's ``vault:`` source and the server have it; bytes
have ``encoding`` beside it (decision 0081)."""

_BINARY = {"value", "encoding"}

Names = list[str]


class RemoteStore:
    """``mount`` is the KV engine's path. Names are as in a local store."""

    def __init__(self, url: str | None, mount: str = "secret") -> None:
        self._server = Server(url)
        self._mount = mount.strip("/")
        self.path = f"{self._server.url}/{self._mount}"

    def read(self, name: str, *, version: int | None = None, stage: str | None = None) -> Version:
        """The value of one version, the current one by default."""
        if stage == PREVIOUS:
            version = self._previous(name)
        elif stage not in (None, CURRENT):
            raise InvalidRequest(f"a server knows the stages current and previous, not {stage!r}")
        query = {} if version is None else {"version": str(version)}
        given = self._server.call("GET", self._at("data", name), query=query, missing=True)
        data = given.get("data") or {}
        fields = data.get("data")
        if not isinstance(fields, dict):
            reason = "that version is deleted or destroyed" if data.get("metadata") else "there is none"
            raise NotFound(f"{name!r}: {reason}", name=name, source=self.path)
        info = _info(data["metadata"], current=True)
        content, kind = _content(fields)
        return Version(Secret(content, name=name, version=str(info.number)), info._replace(content_type=kind))

    def read_many(self, names: Iterable[str]) -> dict[str, Version | WellkeptError]:
        """Each name's version or error."""
        found: dict[str, Version | WellkeptError] = {}
        for name in names:
            try:
                found[name] = self.read(name)
            except WellkeptError as error:
                found[name] = error
        return found

    def list(self, folder: str = "", *, after: str = "", limit: int | None = None) -> Names:
        """The children of ``folder``."""
        query = {"list": "true"}
        if after:
            query["after"] = after
        if limit is not None:
            query["limit"] = str(limit)
        given = self._server.call("GET", self._at("metadata", folder), query=query, missing=True)
        keys = [key for key in (given.get("data") or {}).get("keys") or [] if key > after]
        return keys[:limit]

    def walk(self, prefix: str = "") -> Iterator[str]:
        """Whole names below ``prefix``."""
        from ..list_ import walk

        return walk(self, prefix)  # type: ignore[arg-type]  # it has the methods that count

    def metadata(self, name: str) -> Metadata:
        """Without values."""
        data = self._metadata(name)
        custom = data.get("custom_metadata") or {}
        versions = tuple(
            _info({**fields, "version": number}, current=int(number) == data["current_version"])
            for number, fields in sorted(data["versions"].items(), key=lambda pair: int(pair[0]))
        )
        usable = [info.number for info in versions if info.deleted is None and info.destroyed is None]
        return Metadata(
            name,
            _moment(data["created_time"]) or 0.0,
            _moment(data["updated_time"]) or 0.0,
            data["current_version"] if data["current_version"] in usable else None,
            data["current_version"],
            data["oldest_version"],
            data["max_versions"],
            data["cas_required"],
            _seconds(data["delete_version_after"]),
            {},
            str(custom.get("description", "")),
            str(custom.get("owner", "")),
            None,
            {key: str(value) for key, value in custom.items()},
            versions,
        )

    def history(self, name: str) -> list[VersionInfo]:  # type: ignore[valid-type]
        """Every version."""
        return [*self.metadata(name).versions]

    def write(
        self,
        name: str,
        value: str | bytes | Mapping[str, Any],
        *,
        cas: int | None = None,
        content_type: str | None = None,
        **options: Any,
    ) -> VersionInfo:
        """A new version."""
        wrong = sorted(key for key, given in options.items() if given)
        if wrong:
            raise InvalidRequest(
                f"a server's API has no {wrong[0]!r} for a version; set it on the store itself"
            )
        body: dict[str, Any] = {"data": _fields(value, content_type)}
        if cas is not None:
            body["options"] = {"cas": cas}
        given = self._server.call("POST", self._at("data", name), body)
        return _info(given["data"], current=True)

    def write_many(
        self,
        values: Mapping[str, str | bytes | Mapping[str, Any]],
        *,
        progress: Callable[[int, int], None] | None = None,
        **options: Any,
    ) -> dict[str, VersionInfo]:
        """One after the other: a server has no batch, so a failure leaves those before it written."""
        made: dict[str, VersionInfo] = {}
        for name, value in values.items():
            made[name] = self.write(name, value)
            if progress is not None:
                progress(len(made), len(values))
        return made

    def patch(self, name: str, fields: Mapping[str, Any], *, cas: int | None = None) -> VersionInfo:
        """The current object with ``fields`` merged into it, as a new version."""
        body: dict[str, Any] = {"data": dict(fields)}
        if cas is not None:
            body["options"] = {"cas": cas}
        return _info(self._server.call("PATCH", self._at("data", name), body)["data"], current=True)

    def rollback(self, name: str, version: int, *, cas: int | None = None) -> VersionInfo:
        """An earlier version's value as a new version."""
        found = self._server.call("GET", self._at("data", name), query={"version": str(version)})
        fields = found["data"]["data"]
        latest = self._metadata(name)["current_version"]
        body = {"data": fields, "options": {"cas": latest if cas is None else cas}}
        return _info(self._server.call("POST", self._at("data", name), body)["data"], current=True)

    def set_metadata(self, name: str, **given: Any) -> Metadata:
        """``description``, ``owner`` and ``custom_metadata`` are kept as custom metadata."""
        body: dict[str, Any] = {}
        custom = dict(given.pop("custom_metadata", None) or {})
        for key in ("description", "owner"):
            if given.get(key) is not None:
                custom[key] = given[key]
            given.pop(key, None)
        if given.pop("tags", None) or given.pop("rotation_policy", None):
            raise InvalidRequest("a server's API has neither tags nor rotation policies; use custom metadata")
        if custom:
            body["custom_metadata"] = custom
        after = given.pop("delete_version_after", None)
        if after is not None:
            body["delete_version_after"] = f"{int(after)}s"
        body.update({key: value for key, value in given.items() if value is not None})
        self._server.call("PATCH", self._at("metadata", name), body)
        return self.metadata(name)

    def delete(self, name: str, versions: Sequence[int] | None = None) -> None:
        """Softly."""
        if versions is None:
            self._metadata(name)
            self._server.call("DELETE", self._at("data", name))
        else:
            self._on_versions("delete", name, versions)

    def undelete(self, name: str, versions: Sequence[int]) -> None:
        self._on_versions("undelete", name, versions)

    def destroy(self, name: str, versions: Sequence[int]) -> None:
        self._on_versions("destroy", name, versions)

    def purge(self, name: str) -> None:
        """Everything of it."""
        self._metadata(name)
        self._server.call("DELETE", self._at("metadata", name))

    def policies(self) -> Names:
        given = self._server.call("LIST", "sys/policies/acl", missing=True)
        return list((given.get("data") or {}).get("keys") or [])

    def policy(self, name: str) -> dict[str, Any]:
        return dict(self._server.call("GET", f"sys/policies/acl/{name}")["data"])

    def set_policy(self, name: str, document: Mapping[str, Any] | str) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        self._server.call("PUT", f"sys/policies/acl/{name}", {"policy": text})

    def delete_policy(self, name: str) -> None:
        self._server.call("DELETE", f"sys/policies/acl/{name}")

    def close(self) -> None:
        self._server.close()

    def __enter__(self) -> RemoteStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise InvalidRequest(
            f"{name.replace('_', ' ')}: only the store itself can do this; run it where the store is"
        )

    def _at(self, kind: str, name: str) -> str:
        return f"{self._mount}/{kind}/{name}"

    def _metadata(self, name: str) -> dict[str, Any]:
        given = self._server.call("GET", self._at("metadata", name), missing=True)
        if not given:
            raise NotFound(f"there is no secret {name!r}", name=name, source=self.path)
        return dict(given["data"])

    def _previous(self, name: str) -> int:
        data = self._metadata(name)
        older = [
            int(number)
            for number, fields in data["versions"].items()
            if int(number) < data["current_version"]
            and not fields["destroyed"]
            and not fields["deletion_time"]
        ]
        if not older:
            raise NotFound(f"{name!r} has no previous version", name=name, source=self.path)
        return max(older)

    def _on_versions(self, act: str, name: str, versions: Sequence[int]) -> None:
        known = self._metadata(name)["versions"]
        for number in versions:
            if str(number) not in known:
                raise NotFound(f"secret {name!r} has no version {number}", name=name, source=self.path)
        self._server.call("PUT", self._at(act, name), {"versions": list(versions)})


def _content(fields: Mapping[str, Any]) -> tuple[str | bytes, str]:
    if fields.keys() == {VALUE} and isinstance(fields[VALUE], str):
        return fields[VALUE], "text/plain"
    if fields.keys() == _BINARY and fields["encoding"] == "base64" and isinstance(fields[VALUE], str):
        return base64.b64decode(fields[VALUE]), "application/octet-stream"
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")), "application/json"


def _fields(value: str | bytes | Mapping[str, Any], content_type: str | None) -> dict[str, Any]:
    if isinstance(value, bytes):
        text = None
        try:
            text = value.decode()
        except UnicodeDecodeError:
            pass
        if text is None:
            return {VALUE: base64.b64encode(value).decode("ascii"), "encoding": "base64"}
        value = text
    if isinstance(value, str):
        if content_type == "application/json":
            parsed = json.loads(value)
            if isinstance(parsed, dict):
                return parsed
        return {VALUE: value}
    return dict(value)


def _info(fields: Mapping[str, Any], *, current: bool) -> VersionInfo:
    deleted = _moment(fields.get("deletion_time"))
    created = _moment(fields["created_time"]) or 0.0
    ended = deleted is not None and deleted <= time.time()
    return VersionInfo(
        int(fields["version"]),
        "",
        created,
        (CURRENT,) if current else (),
        expires=None if ended else deleted,
        deleted=deleted if ended else None,
        destroyed=created if fields.get("destroyed") else None,
    )


def _moment(text: Any) -> float | None:
    """Seconds since the epoch from RFC 3339 in UTC; nothing for no time."""
    if not isinstance(text, str) or not text or text.startswith("0001-"):
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")


def _seconds(text: str) -> float | None:
    from ...core.durations import seconds

    return seconds(text) or None
