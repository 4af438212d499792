"""SARIF 2.1.0 (OASIS), as GitHub's code scanning and IDEs read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .json_ import moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .rows import Place, Row, Rows

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
PRINT = "wellkept/v1"

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}


def render(rows: Rows) -> str:
    return json.dumps(document(rows), indent=2, ensure_ascii=False) + "\n"


def document(rows: Rows) -> dict[str, Any]:
    shown = [*rows.rows, *(row for row, _, _ in rows.allowed), *rows.baselined]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(row.rule for row in shown))}
    results = [_result(row, numbers) for row in rows.rows]
    results += [
        {**_result(row, numbers), "suppressions": [_suppression(reason)]} for row, reason, _ in rows.allowed
    ]
    results += [
        {**_result(row, numbers), "suppressions": [_suppression("in the baseline")]} for row in rows.baselined
    ]
    invocation: dict[str, Any] = {
        "executionSuccessful": rows.complete,
        "endTimeUtc": moment(rows.ended),
        "toolExecutionNotifications": [_notification(problem) for problem in rows.problems],
    }
    if rows.started:
        invocation["startTimeUtc"] = moment(rows.started)
    driver = {
        "name": "wellkept",
        "version": rows.version,
        "informationUri": "https://wellkept.readthedocs.io/",
        "rules": _rules(shown),
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "utf16CodeUnits",
        "results": results,
        "properties": {"stats": dict(rows.stats)},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(shown: Iterable[Row]) -> list[dict[str, Any]]:
    rules: dict[str, dict[str, Any]] = {}
    for row in shown:
        text = " ".join(
            part for part in (row.grants, f"To revoke it: {row.revoke}" if row.revoke else "") if part
        )
        rules.setdefault(
            row.rule,
            {
                "id": row.rule,
                "name": row.name or row.rule,
                "shortDescription": {"text": row.name or row.rule},
                "fullDescription": {"text": text or row.name or row.rule},
                "help": {"text": text or "Revoke the credential, then remove it."},
                "defaultConfiguration": {"level": _LEVELS.get(row.severity, "warning")},
                "properties": {
                    "tags": ["security", "secret"],
                    "precision": "high",
                    "security-severity": _SCORES.get(row.severity, "5.0"),
                },
            },
        )
    return list(rules.values())


def _result(row: Row, numbers: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": row.rule,
        "ruleIndex": numbers[row.rule],
        "level": _LEVELS.get(row.severity, "warning"),
        "message": {"text": _message(row)},
        "locations": [_location(row.place, row.line)],
        "partialFingerprints": {PRINT: row.id},
        "properties": {
            "severity": row.severity,
            "confidence": row.confidence,
            **({"details": dict(row.details)} if row.details else {}),
        },
    }
    if row.also:
        result["relatedLocations"] = [
            {"id": number, **_location(place)} for number, place in enumerate(row.also, 1)
        ]
    return result


def _message(row: Row) -> str:
    where = f" in commit {row.place.commit[:12]}" if row.place.commit else ""
    state = f" It is {row.verified}." if row.verified else ""
    return f"Found{where}: {row.message}.{state}"


def _location(place: Place, line: str = "") -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": place.line, "startColumn": place.column, "endLine": place.end_line}
    if place.end_line > place.line or place.end_column > place.column:
        region["endColumn"] = place.end_column
    if line:
        region["snippet"] = {"text": line}
    facts = {
        key: value for key, value in place._asdict().items() if key in _FACTS and value not in ("", None, ())
    }
    found: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(place.file, safe="/!$&'()*+,;=@~")},
            "region": region,
        },
        "logicalLocations": [{"fullyQualifiedName": place.path}],
    }
    return {**found, "properties": facts} if facts else found


_FACTS = frozenset({"commit", "author", "date", "in_head", "layer", "ref", "decoded"})


def _suppression(reason: str) -> dict[str, Any]:
    return {"kind": "external", "status": "accepted", "justification": reason}


def _notification(problem: Any) -> dict[str, Any]:
    subject = f"{problem.subject}: " if problem.subject else ""
    return {
        "level": "error" if problem.fatal else "warning",
        "message": {"text": f"{subject}{problem.message}"},
        "descriptor": {"id": problem.kind},
    }
