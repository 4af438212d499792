"""An image's configuration as text that reads like what made it: environment, commands, labels, build history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...location import Location
from .. import Item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .manifest import Part


def items(part: Part, config: Any) -> Iterator[Item]:
    """One item for the environment, one for the build's history, one for the rest."""
    inner = config.get("config") if isinstance(config, dict) else None
    inner = inner if isinstance(inner, dict) else {}
    environment = _lines(inner.get("Env"))
    if environment:
        yield _item(part, "config/Env", environment)
    history = config.get("history") if isinstance(config, dict) else None
    commands = [
        text
        for entry in (history if isinstance(history, list) else [])
        if isinstance(entry, dict)
        for text in (entry.get("created_by"), entry.get("comment"))
        if isinstance(text, str)
    ]
    if commands:
        yield _item(part, "config/history", commands)
    rest = {key: value for key, value in inner.items() if key != "Env"}
    others = {key: value for key, value in config.items() if key not in ("config", "history", "rootfs")}
    text = json.dumps({**others, "config": rest}, indent=1, ensure_ascii=False)
    yield _item(part, "config/settings", text.split("\n"))


def _item(part: Part, path: str, lines: list[str]) -> Item:
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    extra = {"config": part.digest} | ({"image": part.image} if part.image else {})
    return Item(Location(path=path, extra=extra), data=data, size=len(data), unpack=False)


def _lines(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
