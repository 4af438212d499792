"""JSON merge patch (RFC 7386): objects merge, ``null`` removes, everything else replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def merged(target: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``target`` with ``changes`` applied; neither is changed."""
    result = dict(target)
    for key, change in changes.items():
        if change is None:
            result.pop(key, None)
        elif isinstance(change, dict):
            present = result.get(key)
            result[key] = merged(present if isinstance(present, dict) else {}, change)
        else:
            result[key] = change
    return result
