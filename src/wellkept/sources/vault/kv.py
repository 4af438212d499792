"""The KV engine's two dialects: where each keeps data and names, and how to tell which one a mount speaks.

Version 2 has versions and puts ``data/`` and ``metadata/`` after the mount; version 1 has neither. The server
tells which it is at ``sys/internal/ui/mounts/MOUNT``, to anybody whose policy lets them touch anything under
that mount; so reading one secret needs permission for that one secret only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ...errors import ConfigError, Denied, Malformed
from . import answers

if TYPE_CHECKING:
    from .http1 import Answer
    from .session import Session


class Layout(NamedTuple):
    """Where a mount keeps things; both end with a slash."""

    versioned: bool
    data: str
    names: str


class Found(NamedTuple):
    """What a read found: the fields (``None``: deleted), the version's number, when it was made."""

    data: dict[str, Any] | None
    version: str | None
    created: float | None = None

    def __repr__(self) -> str:
        return f"<Found version {self.version}>"


def layout(mount: str, kv: int) -> Layout:
    """The paths under ``mount`` for version ``kv``."""
    base = quote(mount, safe="/")
    return (
        Layout(True, f"{base}/data/", f"{base}/metadata/")
        if kv == 2
        else Layout(False, f"{base}/", f"{base}/")
    )


def detect(session: Session, deadline: float) -> Layout:
    """Ask the server which version the mount speaks; a server that cannot say is taken for version 2."""
    mount, source = session.options.mount, session.source
    what = f"asking which engine is mounted at {mount}/"
    answer = session.call("GET", f"sys/internal/ui/mounts/{quote(mount, safe='/')}", deadline=deadline)
    if answer.status in (404, 405, 501) or (answer.status == 400 and b"unsupported" in answer.body):
        return layout(mount, 2)
    if answer.status in (401, 403):
        raise Denied(
            f"{source}: permission denied for everything under {mount}/, or there is no such mount",
            source=source,
        )
    if answer.status >= 300:
        raise answers.sort_failure(answer, what, name=None, source=source)
    data = answers.part(answer, "data") or {}
    path, kind, options = data.get("path"), data.get("type"), data.get("options")
    if not isinstance(path, str) or not isinstance(kind, str):
        raise Malformed(f"{source}: {what}: the answer is not Vault's JSON{answers.GATEWAY}", source=source)
    if kind not in ("kv", "generic"):
        raise ConfigError(
            f"{source}: the engine at {path} is {kind!r}, not 'kv'; secrets.lease() reads the others"
        )
    if path.strip("/") != mount:
        rest = mount.removeprefix(path)
        raise ConfigError(
            f"{source}: the mount is {path.strip('/')!r}; write what follows it as ?prefix={rest}"
        )
    version = options.get("version") if isinstance(options, dict) else None
    return layout(mount, 2 if version == "2" else 1)


def parse(answer: Answer, versioned: bool, *, what: str, name: str, source: str) -> Found:
    """What a read's ``answer`` holds. Raises the sorted error for anything but a secret or a deleted version."""
    if answer.status == 404 and versioned:
        outer = answers.part(answer, "data")
        metadata = None if outer is None else outer.get("metadata")
        if isinstance(metadata, dict):
            return Found(None, _number(metadata.get("version")))
    if answer.status != 200:
        raise answers.sort_failure(answer, what, name=name, source=source)
    data: Any = answers.parse(answer, what, name=name, source=source).get("data")
    version = created = None
    if versioned and isinstance(data, dict):
        metadata = data.get("metadata")
        if isinstance(metadata, dict):
            version, created = _number(metadata.get("version")), _moment(metadata.get("created_time"))
        data = data.get("data") if version is not None else None
    if not isinstance(data, dict):
        raise Malformed(
            f"{source}: {what}: the answer holds no secret{answers.GATEWAY}", name=name, source=source
        )
    return Found(data, version, created)


def _number(value: Any) -> str | None:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _moment(value: Any) -> float | None:
    """RFC 3339 as seconds since the epoch."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(value).timestamp()
    except (TypeError, ValueError):
        return None
