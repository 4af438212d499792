"""Each format is what its readers expect."""

import json
import os
import subprocess
import xml.etree.ElementTree as ET

import pytest

from wellkept.errors import ConfigError
from wellkept.scanning.finding import SEVERITIES
from wellkept.scanning.report import render
from wellkept.scanning.report.rows import rows

HERE = os.path.dirname(__file__)
CHROMIUM = next(
    (
        path
        for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
        if os.path.exists(path)
    ),
    None,
)


@pytest.fixture(scope="module")
def schema():
    with open(os.path.join(HERE, "sarif-2.1.0-rtm.5.json"), encoding="utf-8") as file:
        return json.load(file)


def check(document, schema):
    import jsonschema

    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(document)] == []


def test_sarif_validates_against_the_official_schema(report, schema):
    document = json.loads(render("sarif", report))
    check(document, schema)
    run = document["runs"][0]
    assert len(run["results"]) == len(report.rows)
    assert run["invocations"][0]["executionSuccessful"] is False
    assert all(
        result["partialFingerprints"]["wellkept/v1"] == row.id
        for result, row in zip(run["results"], report.rows, strict=True)
    )
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(
        dict.fromkeys(row.rule for row in report.rows)
    )


def test_sarif_of_nothing_and_of_suppressed_findings_validates(findings, schema):
    from wellkept.scanning.allow import Allowed

    check(json.loads(render("sarif", rows([]))), schema)
    some = rows(findings[:2], allowed=[Allowed(findings[2], "known", "", "file")], baselined=findings[3:4])
    document = json.loads(render("sarif", some))
    check(document, schema)
    assert [bool(result.get("suppressions")) for result in document["runs"][0]["results"]] == [
        False,
        False,
        True,
        True,
    ]


def test_a_broken_report_would_not_validate(report, schema):
    import jsonschema

    document = json.loads(render("sarif", report))
    document["runs"][0]["results"][0]["locations"] = "nowhere"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_json_tells_everything_a_program_needs(report):
    document = json.loads(render("json", report))
    assert document["complete"] is False
    assert len(document["findings"]) == len(report.rows)
    first = document["findings"][0]
    assert first["location"] == {
        "path": "app/config.py",
        "file": "app/config.py",
        "line": 3,
        "column": 9,
        "end_line": 3,
        "end_column": 45,
    }
    assert first["secret"] == "*****"
    assert {problem["kind"] for problem in document["problems"]} == {"unreadable", "special"}


def test_junit_counts_failures_and_errors(report):
    root = ET.fromstring(render("junit", report))
    assert root.attrib["failures"] == str(len(report.rows)) == str(len(root.findall(".//failure")))
    assert root.attrib["errors"] == "1" == str(len(root.findall(".//error")))
    assert root.attrib["tests"] == str(len(root.findall(".//testcase")))


def test_junit_of_nothing_is_one_passed_test():
    root = ET.fromstring(render("junit", rows([])))
    assert len(root.findall(".//testcase")) == 1
    assert not root.findall(".//failure")


def test_gitlab_report_has_what_gitlab_requires(report):
    document = json.loads(render("gitlab", report))
    assert document["scan"]["type"] == "secret_detection"
    assert document["scan"]["status"] == "failure"
    assert len({entry["id"] for entry in document["vulnerabilities"]}) == len({row.id for row in report.rows})
    for entry in document["vulnerabilities"]:
        assert entry["severity"].lower() in SEVERITIES
        assert entry["location"]["commit"]["sha"]
        assert entry["identifiers"][0]["value"]
        assert set(entry["location"]) == {"file", "commit", "start_line", "end_line"}


def test_github_annotations_are_one_line_each(report):
    lines = render("github", report).splitlines()
    assert len(lines) == len(report.rows) + len(report.problems) + 1
    assert lines[0].startswith(
        "::error file=app/config.py,line=3,endLine=3,title=Some token,col=9::Some token"
    )


def test_a_file_name_cannot_add_an_annotation():
    from doubles.leaks import finding

    found = finding("secretvalue1", "x", path="a,line=1::b%0A::error::c\n::error::d")
    text = render("github", rows([found]))
    assert len(text.splitlines()) == 2
    assert text.startswith("::error file=a%2Cline=1%3A%3Ab%250A")


def test_table_names_place_rule_and_problem(report):
    text = render("table", report)
    assert "app/config.py:3:9" in text
    assert "no longer in HEAD" in text
    assert "problem  unreadable" in text
    assert "not everything could be looked at" in text
    assert "\x1b[" in render("table", report, colour=True)


def test_the_table_shows_the_mask_of_a_long_line():
    from doubles.leaks import TOKEN, finding

    text = render("table", rows([finding(TOKEN, "a" * 200 + TOKEN + "b" * 200)]), width=80)
    assert "*****" in text
    assert max(map(len, text.splitlines()[1:])) <= 82


def test_an_unknown_format_is_refused(report):
    with pytest.raises(ConfigError, match="choose from"):
        render("pdf", report)


def test_markup_in_names_stays_text():
    from doubles.leaks import finding

    text = render(
        "html",
        rows([finding("secretvalue1", "<script>alert(1)</script>", path="<img src=x onerror=alert(1)>")]),
    )
    assert "<script>alert" not in text
    assert "<img" not in text


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: apt-get install chromium")
def test_the_page_opens_in_chromium_without_an_error(report, tmp_path):
    page = tmp_path / "report.html"
    page.write_text(render("html", report), encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    command += [
        "--virtual-time-budget=2000",
        f"--user-data-dir={tmp_path}/profile",
        "--dump-dom",
        f"file://{page}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "CONSOLE" not in done.stderr
    assert f"{len(report.rows)} shown" in done.stdout, "the script ran"


def test_a_known_secret_is_named_with_version_stage_owner_and_age():
    from doubles.leaks import TOKEN, finding

    known = {
        "path": "prod/pay/key",
        "version": "2",
        "stage": "previous",
        "owner": "@pay",
        "age_days": 41,
        "form": "hex",
    }
    report = rows([finding(TOKEN, f"k={TOKEN}", rule="known", severity="critical", details={"known": known})])
    text = render("table", report)
    assert "the store's secret prod/pay/key, version 2 (previous)" in text
    assert "owner @pay; age 41 days" in text
    (entry,) = json.loads(render("json", report))["findings"]
    assert entry["details"] == known
