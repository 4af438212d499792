"""What the writers share: every value as text, or a refusal that names each one that is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def as_text(value: Any) -> str | None:
    """``value`` as text (a JSON object as compact JSON), or ``None`` when it is binary."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def all_text(values: Mapping[str, Any], *, format: str, base64: bool = False) -> dict[str, str]:
    """Every value as text; binary ones as base64 where that was asked for, else refused by name."""
    texts = {name: as_text(value) for name, value in values.items()}
    binary = [name for name, text in texts.items() if text is None]
    if binary and not base64:
        raise InvalidRequest(
            f"{listing(binary)}: binary, which {format} cannot hold; leave out with --skip-binary, "
            "or write as base64 with --base64"
        )
    return {name: _base64(values[name]) if text is None else text for name, text in texts.items()}


def refuse(names: Iterable[str], why: str) -> None:
    """Raise ``InvalidRequest`` naming all of ``names``; nothing when there are none."""
    found = list(names)
    if found:
        raise InvalidRequest(f"{listing(found)}: {why}")


def listing(names: list[str], most: int = 8) -> str:
    """A few names for a message, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _base64(value: bytes) -> str:
    import base64

    return base64.b64encode(value).decode("ascii")
