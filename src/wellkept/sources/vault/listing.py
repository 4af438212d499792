"""Listing a mount: folder by folder, a level at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from ...errors import Malformed, SecretError
from .answers import GATEWAY, parse, sort_failure

if TYPE_CHECKING:
    from .http1 import Answer
    from .kv import Layout
    from .session import Session

DEPTH = 64
"""Folders in folders that are followed."""


def walk(session: Session, layout: Layout, prefix: str, deadline: float) -> list[str]:
    """The names below ``prefix``, sorted and without it. A folder within that may not be listed is left out."""
    start = f"{quote(prefix, safe='/')}/" if prefix else ""
    names: list[str] = []
    folders = [""]
    for depth in range(DEPTH):
        paths = [layout.names + start + quote(folder, safe="/") for folder in folders]
        deeper: list[str] = []
        for folder, answer in zip(folders, session.call_many("LIST", paths, deadline), strict=True):
            for key in _keys(session.source, folder, answer, top=depth == 0):
                (deeper if key.endswith("/") else names).append(folder + key)
        if not deeper:
            break
        folders = deeper
    return sorted(names)


def _keys(source: str, folder: str, answer: Answer | SecretError, *, top: bool) -> list[str]:
    what = f"listing {folder or 'the top folder'}"
    if isinstance(answer, SecretError):
        raise answer
    if answer.status == 404 or (answer.status == 403 and not top):
        return []
    if answer.status != 200:
        raise sort_failure(answer, what, name=None, source=source)
    data = parse(answer, what, name=None, source=source).get("data")
    keys = data.get("keys") if isinstance(data, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise Malformed(f"{source}: {what}: the answer holds no list{GATEWAY}", source=source)
    return [key for key in keys if key.strip("/")]
