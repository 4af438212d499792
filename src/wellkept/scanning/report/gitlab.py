"""GitLab's secret detection report, version 15 of its schema."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .rows import Row, Rows

VERSION = "15.1.4"
NO_COMMIT = "0000000"
"""What GitLab expects where there is no commit to name."""

_URL = "https://wellkept.readthedocs.io/"
_SPACE = uuid.UUID("6f0e6f1e-7d9a-5c52-9a57-2f0c5d6b8f11")


def render(rows: Rows) -> str:
    return json.dumps(document(rows), indent=2, ensure_ascii=False) + "\n"


def document(rows: Rows) -> dict[str, Any]:
    tool = {
        "id": "wellkept",
        "name": "wellkept",
        "url": _URL,
        "version": rows.version,
        "vendor": {"name": "wellkept"},
    }
    return {
        "version": VERSION,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "secret_detection",
            "start_time": _moment(rows.started or rows.ended),
            "end_time": _moment(rows.ended),
            "status": "success" if rows.complete else "failure",
            "messages": [
                {
                    "level": "fatal" if problem.fatal else "warn",
                    "value": f"{problem.kind}: {problem.subject}: {problem.message}",
                }
                for problem in rows.problems
            ],
        },
        "vulnerabilities": [_vulnerability(row) for row in rows.rows],
    }


def _vulnerability(row: Row) -> dict[str, Any]:
    commit: dict[str, Any] = {"sha": row.place.commit or NO_COMMIT}
    for key, value in (("author", row.place.author), ("date", row.place.date)):
        if value:
            commit[key] = value
    found: dict[str, Any] = {
        "id": str(uuid.uuid5(_SPACE, row.id)),
        "name": row.message[:255],
        "description": " ".join(part for part in (row.message + ".", row.grants) if part),
        "severity": row.severity.capitalize(),
        "raw_source_code_extract": row.line or row.secret,
        "location": {
            "file": row.place.path,
            "commit": commit,
            "start_line": row.place.line,
            "end_line": row.place.end_line,
        },
        "identifiers": [
            {"type": "wellkept_rule_id", "name": f"wellkept rule {row.rule}", "value": row.rule},
            {"type": "wellkept_fingerprint", "name": f"wellkept finding {row.short}", "value": row.id},
        ],
    }
    if row.revoke:
        found["solution"] = row.revoke
    return found


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
