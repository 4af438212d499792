"""How far a history was scanned and found clean: the tips of that time, kept in the cache for the next scan.

The position holds for one repository, one set of rules and one set of options; anything else starts over. It is
only kept after a scan that was complete and found nothing, so that a finding is reported until it is dealt with.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import Any

from ...engine.cache import folder
from ...rule import BUILTIN
from . import objects, repository
from .process import GitFailed


def place(path: str, asked: dict[str, Any]) -> str | None:
    """The file for this repository and these options; none where there is no repository."""
    found = repository.Repository(path, path)
    directory = found.ask("rev-parse", "--absolute-git-dir")
    if not directory:
        return None
    state = sha256(json.dumps([directory, asked], sort_keys=True).encode("utf-8", "surrogatepass"))
    for name in _rule_files(asked.get("config") or []):
        try:
            with open(name, "rb") as file:
                state.update(sha256(file.read()).digest())
        except OSError:
            continue  # named when the rules are loaded
    return os.path.join(folder(), f"position-{state.hexdigest()[:40]}")


def load(name: str, path: str) -> list[str]:
    """The tips that were scanned and still exist; none when there is no position."""
    try:
        with open(name, encoding="ascii") as file:
            tips = json.load(file)
    except (OSError, ValueError):
        return []
    if not isinstance(tips, list) or not all(_is_name(tip) for tip in tips):
        return []
    try:
        there = objects.some(repository.Repository(path, path), tips)
        return [entry.oid for entry in there if entry.kind in ("commit", "tag")]
    except GitFailed:
        return []


def save(name: str, path: str) -> None:
    """Remember the present tips; a cache that cannot be written costs the next scan its head start only."""
    try:
        tips = repository.tips(repository.Repository(path, path))
        os.makedirs(os.path.dirname(name), mode=0o700, exist_ok=True)
        temporary = f"{name}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            json.dump(tips, file)
        os.replace(temporary, name)
    except (OSError, GitFailed):
        return


def _rule_files(config: list[str]) -> list[str]:
    names = [os.path.join(BUILTIN, name) for name in sorted(os.listdir(BUILTIN))]
    return [*names, *(os.path.abspath(name) for name in config)]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) in (40, 64) and not value.strip("0123456789abcdef")
