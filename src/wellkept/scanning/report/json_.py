"""The report as JSON: for programs, and for ``wellkept scan explain``."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .rows import Place, Row, Rows

FORMAT = 1


def render(rows: Rows) -> str:
    return json.dumps(document(rows), indent=2, ensure_ascii=False) + "\n"


def document(rows: Rows) -> dict[str, Any]:
    """The report as plain data. Keys are only ever added; ``format`` changes when one changes its meaning."""
    return {
        "format": FORMAT,
        "tool": {"name": "wellkept", "version": rows.version},
        "started": moment(rows.started),
        "ended": moment(rows.ended),
        "complete": rows.complete,
        "summary": rows.summary,
        "stats": dict(rows.stats),
        "findings": [finding(row) for row in rows.rows],
        "allowed": [
            {**finding(row), "reason": reason, "until": until} for row, reason, until in rows.allowed
        ],
        "baselined": [row.id for row in rows.baselined],
        "problems": [problem._asdict() for problem in rows.problems],
    }


def finding(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "rule": row.rule,
        "name": row.name,
        "provider": row.provider,
        "message": row.message,
        "severity": row.severity,
        "confidence": row.confidence,
        "level": row.level,
        "secret": row.secret,
        "length": row.length,
        "line": row.line,
        "location": _place(row.place),
        "also": [_place(place) for place in row.also],
        "grants": row.grants,
        "revoke": row.revoke,
        "details": dict(row.details),
    }


def moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _place(place: Place) -> dict[str, Any]:
    return {key: value for key, value in place._asdict().items() if value not in ("", None, ())}
