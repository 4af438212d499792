"""GitHub's workflow commands: an annotation for each finding and problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .rows import Rows

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "notice"}


def render(rows: Rows) -> str:
    out: list[str] = []
    for row in rows.rows:
        place = row.place
        fields = {
            "file": place.file,
            "line": str(place.line),
            "endLine": str(place.end_line),
            "title": row.name or row.rule,
        }
        if place.end_line == place.line:
            fields["col"] = str(place.column)
        where = ",".join(f"{key}={_property(value)}" for key, value in fields.items())
        commit = f" in commit {place.commit[:12]}" if place.commit else ""
        inside = f" at {place}" if place.path != place.file else ""
        out.append(
            f"::{_LEVELS.get(row.severity, 'error')} {where}::"
            + _data(f"{row.message}{commit}{inside} [{row.rule} {row.short}]")
        )
    for problem in rows.problems:
        level = "error" if problem.fatal else "warning"
        subject = f"{problem.subject}: " if problem.subject else ""
        out.append(
            f"::{level} title={_property('wellkept scan: ' + problem.kind)}::{_data(subject + problem.message)}"
        )
    out.append(_data(rows.summary))
    return "\n".join(out) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
