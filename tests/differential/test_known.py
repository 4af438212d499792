"""The list of known differences is not out of date: each is still there, and shown by its own request."""

from __future__ import annotations

import json

import pytest

from . import known
from .areas import AREAS
from .play import play
from .sides import Step

_NO_AREA = next(area for area in AREAS if area.name == "system")


def _step(entry, line):
    method, path, *rest = line.split(" ", 2)
    path = path.replace("{mount}", "{n}" + entry.get("mount", "")).replace("{long}", "x" * 256)
    body = rest[0] if rest else None
    if body is not None:
        body = body[1:].encode() if body.startswith("!") else json.loads(body)
    headers = tuple(entry["with"].split(": ", 1)) if "with" in entry else ()
    return Step(method, path, body, headers=(headers,) if headers else ())


@pytest.mark.slow
@pytest.mark.parametrize("entry", known.ENTRIES, ids=lambda entry: entry["about"])
def test_a_known_difference_is_still_there(entry, sides):
    area = next((area for area in AREAS if area.name == entry.get("mount")), _NO_AREA)
    found = play(sides, area, [_step(entry, line) for line in entry["shows"].strip().splitlines()])
    assert found, "the two answer alike: the entry can go"
    assert known.fits(entry, found[0]), str(found[0])


def test_no_entry_lacks_what_the_page_says():
    for entry in known.ENTRIES:
        assert all(entry[name] for name in ("about", "openbao", "here", "reason", "shows")), entry["about"]
    assert len({entry["about"] for entry in known.ENTRIES}) == len(known.ENTRIES)
