"""JUnit's XML: each finding a failed test, each problem an error, and one passed test where there is neither."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from .rows import Rows

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(rows: Rows) -> str:
    cases: list[str] = []
    for row in rows.rows:
        text = "\n".join(
            part for part in (f"{row.message} at {row.place}", row.line, row.grants, row.revoke) if part
        )
        kind = _attribute(row.severity)
        cases.append(
            f"    <testcase classname={_attribute(row.place.path)} name={_attribute(f'{row.rule} {row.short}')}>\n"
            f"      <failure type={kind} message={_attribute(row.message)}>{_text(text)}</failure>\n    </testcase>"
        )
    for problem in rows.problems:
        case = f"    <testcase classname={_attribute(problem.subject or 'scan')} name={_attribute(problem.kind)}>\n"
        tag = "error" if problem.fatal else "system-err"
        attributes = f" type={_attribute(problem.kind)}" if problem.fatal else ""
        cases.append(f"{case}      <{tag}{attributes}>{_text(problem.message)}</{tag}>\n    </testcase>")
    if not cases:
        cases.append('    <testcase classname="scan" name="no secret was found"/>')
    errors = sum(problem.fatal for problem in rows.problems)
    counts = f'tests="{len(cases)}" failures="{len(rows.rows)}" errors="{errors}"'
    seconds = f'time="{max(0.0, rows.ended - rows.started) if rows.started else 0.0:.3f}"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites {counts} {seconds}>\n"
        f'  <testsuite name="wellkept scan" {counts} {seconds}>\n' + "\n".join(cases) + "\n"
        "  </testsuite>\n</testsuites>\n"
    )


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
