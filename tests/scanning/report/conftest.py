"""A report with findings of every sort."""

import pytest

from doubles.leaks import NESTED, PASSWORD, PEM, SHORT, TOKEN, finding
from wellkept.scanning.fingerprint import Fingerprinter
from wellkept.scanning.problem import Problem
from wellkept.scanning.report.rows import rows


@pytest.fixture
def findings():
    import base64

    blob = base64.b64encode(f"user={NESTED}".encode()).decode()
    line = f"a = '{TOKEN}'; b = '{PASSWORD}' # {TOKEN[::-1]}"
    cut = ("p" * 470 + f" key={TOKEN}")[:508]  # the line was cut in the middle of the token
    found = [
        finding(TOKEN, line, details={"note": f"seen with {PASSWORD}", "owner": "@team"}),
        finding(PASSWORD, line, rule="password", severity="critical", column=40),
        finding(SHORT, f"pin={SHORT}", rule="pin", severity="low", line=9),
        finding(
            PEM,
            PEM.splitlines()[1],
            rule="private-key",
            severity="critical",
            line=20,
            end_line=25,
            end_column=5,
        ),
        finding(NESTED, f"data: {blob} {TOKEN}", rule="nested", decoded=("base64",), line=30),
        finding("pppp" * 2, cut, rule="other", path=f"logs/{TOKEN}\n\x1b[2J\u202e.log", line=31),
        finding(
            TOKEN,
            f"x {TOKEN}",
            path="old/config.py",
            commit="c0ffee" * 6 + "beef",
            author=f"Eve\x1b]0;{PASSWORD}",
            email="e@x",
            in_head=False,
        ),
        finding(TOKEN, f"x {TOKEN}", path="logs/cut.log", line=4),
        finding("pppp" * 2, cut, rule="other", path="logs/cut.log", line=5),
    ]
    return Fingerprinter().stamp(found)


@pytest.fixture
def problems():
    return [
        Problem("unreadable", f"dir/\x1b[31m{PASSWORD}", f"cannot be read: {TOKEN}"),
        Problem("special", "a\nsocket", "has no content"),
    ]


@pytest.fixture
def report(findings, problems):
    return rows(
        findings,
        problems,
        {"files": 12, "bytes": 3_000_000, "seconds": 0.5},
        started=1.0,
        ended=1_900_000_000.0,
    )
