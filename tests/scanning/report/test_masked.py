"""No output of any format holds a secret, searched byte by byte in every form."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest

from doubles.leaks import PASSWORD, PEM, SECRETS, SHORT, TOKEN, finding
from wellkept.scanning.allow import Allowed
from wellkept.scanning.explain import explain
from wellkept.scanning.fingerprint import Fingerprinter
from wellkept.scanning.report import FORMATS, render
from wellkept.scanning.report.json_ import document
from wellkept.scanning.report.rows import rows

PIECE = 6


def forms(secret):
    """``secret`` as it could stand in an output: encoded at every alignment, escaped, and its lines."""
    raw = secret.encode()
    yield from (raw, raw.hex().encode(), raw.hex().upper().encode(), raw[::-1])
    for before in range(3):
        encoded = b64encode(b"." * before + raw)
        inner = encoded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
        yield from (
            inner,
            inner.translate(bytes.maketrans(b"+/", b"-_")),
            urlsafe_b64encode(raw).rstrip(b"="),
        )
    yield from (quote(secret, safe="").encode(), quote_plus(secret).encode(), quote(secret).encode())
    yield from (json.dumps(secret)[1:-1].encode(), json.dumps(secret, ensure_ascii=False)[1:-1].encode())
    yield from (html.escape(secret).encode(), repr(secret)[1:-1].encode(), ascii(secret)[1:-1].encode())
    yield from (line.encode() for line in secret.splitlines() if "PRIVATE KEY" not in line)
    if len(secret) > 12:
        yield from (raw[at : at + PIECE + 4] for at in range(len(raw) - PIECE - 3) if "KEY" not in secret)


def assert_clean(output):
    data = output.encode()
    for secret in SECRETS:
        for form in forms(secret):
            if form == secret.encode()[::-1]:
                continue
            assert form not in data, f"{secret[:2]}… stands in the output"


@pytest.mark.parametrize("kind", FORMATS)
def test_no_format_holds_a_secret(kind, report):
    assert_clean(render(kind, report))


@pytest.mark.parametrize("kind", FORMATS)
def test_allowed_and_baselined_findings_are_masked_too(kind, findings, problems):
    allowed = [Allowed(found, f"because {PASSWORD}", "2030-01-01", "file") for found in findings[:3]]
    assert_clean(render(kind, rows(findings[5:], problems, allowed=allowed, baselined=findings[3:5])))


def test_every_explanation_is_masked(report):
    for entry in document(report)["findings"]:
        assert_clean(explain(entry, repository="https://example.com/x.git"))


def test_a_second_secret_on_the_same_line_is_masked(report):
    line = report.rows[0].line
    assert line.startswith("a = '*****'; b = '*****'")


def test_a_secret_that_the_line_was_cut_in_is_masked():
    cut = "p" * 480 + f" key={TOKEN[:20]}"
    found = Fingerprinter().stamp([finding("p" * 9, cut), finding(TOKEN, f"key={TOKEN}", line=8)])
    assert rows(found).rows[0].line.endswith("key=*****")


def test_a_line_with_an_encoded_secret_is_not_shown(report):
    assert [row.line for row in report.rows if row.rule == "nested"] == [
        "(not shown: the secret is encoded on this line)"
    ]


def test_values_are_shown_when_asked_for_and_lines_are_not(findings):
    shown = rows(findings, reveal=True)
    assert [row.secret for row in shown.rows][:3] == [TOKEN, PASSWORD, SHORT]
    assert all(TOKEN not in row.line and PEM.splitlines()[1] not in row.line for row in shown.rows)


@pytest.mark.parametrize("kind", FORMATS)
def test_no_control_character_of_a_file_name_reaches_the_output(kind, report):
    output = render(kind, report)
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert (
        "logs/*****\\n\\x1b[2J\\u202e.log"
        in output.replace("\\\\", "\\").replace("%0A", "\\n").replace("%5C", "\\")
        or kind == "sarif"
    )


def test_nothing_else_of_the_line_is_lost(report):
    assert report.rows[2].line == "pin=*****"


def test_more_secrets_than_one_redactor_holds_are_all_masked():
    many = [
        finding(
            f"tok{n:05d}Xy{n * 7919 % 99991:05d}",
            f"k=tok{n:05d}Xy{n * 7919 % 99991:05d} other=tok{(n + 1) % 4500:05d}Xy{(n + 1) % 4500 * 7919 % 99991:05d}",
            line=n + 1,
        )
        for n in range(4500)
    ]
    assert {row.line for row in rows(many).rows} == {"k=***** other=*****"}


def test_what_is_not_reported_is_masked_on_the_lines_that_are():
    shown, dropped = finding(TOKEN, f"a={TOKEN} b={PASSWORD}"), finding(PASSWORD, "x", line=80)
    assert rows([shown], masked=[dropped]).rows[0].line == "a=***** b=*****"
