"""From version 1 to version 2: each entry becomes the first version of a secret of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.model import CURRENT
from ...entries import descendants
from .. import keys
from ..records import Record
from ..values import JSON

if TYPE_CHECKING:
    from ....core.view import View

FIRST = "v1/"
"""Where a mount of version 1 keeps its entries."""


def upgrade(view: View, now: float) -> int:
    """Move all entries; returns how many. In one transaction, so that a mount is never half of each."""
    names = descendants(view, FIRST)
    for name in names:
        entry = view.get(FIRST + name)
        if entry is None:
            continue
        record = Record(now)
        info = record.add(now, stages=(CURRENT,), content_type=JSON)
        record.oldest = 1
        view.put(keys.value_key(name, info), entry.value)
        keys.save(view, name, record)
        view.delete(FIRST + name)
    return len(names)
