"""The differences that are there on purpose: ``known.toml`` says which and why."""

from __future__ import annotations

import json
import pathlib
import re
import tomllib
from typing import TYPE_CHECKING, Any

from .answers import unlike

if TYPE_CHECKING:
    from .sides import Answer, Difference

FILE = pathlib.Path(__file__).with_name("known.toml")
ENTRIES: list[dict[str, Any]] = tomllib.loads(FILE.read_text())["difference"]


def reason(difference: Difference) -> str:
    """What the first entry that fits is about, or nothing."""
    return next((entry["about"] for entry in ENTRIES if fits(entry, difference)), "")


def fits(entry: dict[str, Any], difference: Difference) -> bool:
    step, theirs, ours = difference.step, difference.theirs, difference.ours
    body = step.body
    text = body.decode("latin-1") if isinstance(body, bytes) else "" if body is None else json.dumps(body)
    whole = {"method": step.method, "where": difference.where}
    within = {
        "path": step.path,
        "body": text,
        "headers": "\n".join(map(": ".join, step.headers)),
        "theirs": told(theirs),
        "ours": told(ours),
    }
    return (
        all(re.fullmatch(entry[name], each) for name, each in whole.items() if name in entry)
        and all(re.search(entry[name], each) for name, each in within.items() if name in entry)
        and ("same" not in entry or not unlike(theirs._replace(status=ours.status), ours))
    )


def told(answer: Answer) -> str:
    return f"{answer.status} {json.dumps(answer.body, ensure_ascii=False)}"
