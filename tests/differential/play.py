"""Plays a sequence at both servers and gives the differences: each sequence has mounts and names of its own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from .areas import READER, WRITER
from .sequences import numbered
from .sides import Sides, Step

if TYPE_CHECKING:
    from .areas import Area
    from .sides import Difference

_numbers = itertools.count(1)


def play(sides: Sides, area: Area, steps: list[Step]) -> list[Difference]:
    """What differs, in order. Raises ``AssertionError`` when the two could not be set up alike."""
    number = f"e{next(_numbers)}x"
    sides.begin()
    for step in _before(area):
        found = sides.ask(numbered(step, number))
        assert found is None, str(found)
    if area.name == "kv-v2":
        sides.theirs._server.wait_until_writable(f"{number}kv-v2")
    try:
        for step in area.setup:
            found = sides.ask(numbered(step, number))
            assert found is None, str(found)
        return [found for step in steps if (found := sides.ask(numbered(step, number))) is not None]
    finally:
        if area.mount is not None:
            path, table, _ = area.mount
            sides.ask(Step("DELETE", f"sys/{table}/{number}{path}"))


def _before(area: Area) -> list[Step]:
    steps = [
        Step("POST", "sys/policies/acl/{n}reader", {"policy": READER}),
        Step("POST", "sys/policies/acl/{n}writer", {"policy": WRITER}),
        Step("POST", "auth/token/create", {"policies": ["{n}reader"], "ttl": "1h"}),
        Step("POST", "auth/token/create", {"policies": ["{n}writer"], "ttl": "1h"}),
        Step("POST", "auth/token/create", {"policies": ["{n}writer"], "ttl": "1h", "type": "batch"}),
    ]
    if area.mount is not None:
        path, table, body = area.mount
        steps.append(Step("POST", f"sys/{table}/{{n}}{path}", body))
    return steps
