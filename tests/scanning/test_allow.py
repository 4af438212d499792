"""Allow-lists: by comment and by file, never without a reason, never after their day."""

import datetime

import pytest

from doubles.leaks import TOKEN, finding
from wellkept.errors import ConfigError
from wellkept.scanning.allow import AllowList, matches
from wellkept.scanning.fingerprint import Fingerprinter

TODAY = datetime.date(2026, 11, 22)
MAKER = Fingerprinter(b"k" * 32)


def one(text=f"x = '{TOKEN}'", **place):
    return MAKER.stamp([finding(TOKEN, text, **place)])[0]


def split(text):
    return AllowList().split([one(text)], TODAY)


def written(tmp_path, text):
    path = tmp_path / "allow.toml"
    path.write_text(text)
    return AllowList.load(str(path))


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("# wellkept:allow a demo key", "a demo key"),
        ("// wellkept:allow: a demo key until=2026-11-22", "a demo key"),
        ("/* wellkept:allow a demo key until=2027-01-01 */", "a demo key"),
        ("<!-- wellkept:allow a demo key -->", "a demo key"),
        ("# wellkept:allow until=2027-01-01 rule=some-token a demo key", "a demo key"),
    ],
)
def test_a_comment_with_a_reason_allows(comment, reason):
    remaining, allowed = split(f"x = '{TOKEN}'  {comment}")
    assert remaining == []
    assert allowed[0].reason == reason


@pytest.mark.parametrize(
    ("comment", "remark"),
    [
        ("# wellkept:allow", "no reason"),
        ("# wellkept:allow until=2027-01-01", "no reason"),
        ("/* wellkept:allow */", "no reason"),
        ("# wellkept:allow demo until=2026-11-21", "ended on 2026-11-21"),
        ("# wellkept:allow demo until=tomorrow", "no date"),
        (f"# wellkept:allow {TOKEN}", "holds the secret"),
    ],
)
def test_a_comment_that_does_not_count_says_why(comment, remark):
    remaining, allowed = split(f"x = '{TOKEN}'  {comment}")
    assert allowed == []
    assert remark in remaining[0].details["allow"]


def test_a_comment_about_another_rule_allows_nothing():
    remaining, allowed = split(f"x = '{TOKEN}'  # wellkept:allow rule=other demo")
    assert (len(remaining), allowed) == (1, [])


def test_a_comment_does_not_speak_for_other_places():
    found = one(f"x = '{TOKEN}'  # wellkept:allow demo")
    found = found._replace(also=(found.location._replace(path="other.py"),))
    assert AllowList().split([found], TODAY)[1] == []


@pytest.mark.parametrize(
    "keys",
    [
        "fingerprint = '{id}'",
        "fingerprint = '{short}'",
        "rule = 'some-token'",
        "path = 'app/**'",
        "rule = 'some-token'\npath = '*.py'",
    ],
)
def test_an_entry_of_the_file_allows(keys, tmp_path):
    found = one()
    entries = written(
        tmp_path,
        "[[allow]]\nreason = 'why'\nuntil = 2026-11-22\n"
        + keys.format(id=found.fingerprint, short=found.fingerprint[:12]),
    )
    remaining, allowed = entries.split([found], TODAY)
    assert remaining == []
    assert (allowed[0].reason, allowed[0].until, allowed[0].source) == ("why", "2026-11-22", "allow.toml")
    remaining, allowed = entries.split([found], TODAY + datetime.timedelta(days=1))
    assert allowed == []
    assert "ended on 2026-11-22" in remaining[0].details["allow"]


@pytest.mark.parametrize(
    "keys",
    ["fingerprint = '00000000'", "rule = 'other'", "path = 'lib/**'", "rule = 'some-token'\npath = '*.js'"],
)
def test_an_entry_for_something_else_does_not(keys, tmp_path):
    assert written(tmp_path, f"[[allow]]\nreason = 'why'\n{keys}").split([one()], TODAY)[1] == []


def test_a_path_must_fit_every_place_of_the_finding(tmp_path):
    found = one()
    found = found._replace(also=(found.location._replace(path="real/settings.py"),))
    assert written(tmp_path, "[[allow]]\nreason = 'why'\npath = 'app/**'").split([found], TODAY)[1] == []


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[[allow]]\nrule = 'x'", "no reason"),
        ("[[allow]]\nreason = ' '\nrule = 'x'", "no reason"),
        ("[[allow]]\nreason = 'why'", "allow everything"),
        ("[[allow]]\nreason = 'why'\nrules = 'x'", "the keys are"),
        ("[[allow]]\nreason = 'why'\nrule = 'x'\nuntil = 'soon'", "date"),
        ("[[allow]]\nreason = 'why'\nrule = 1", "text"),
        ("[[allow]]\nreason = 'why'\nfingerprint = 'abc'", "8 digits"),
        ("[allow]\nreason = 'why'", "tables"),
        ("deny = 1", "tables"),
        ("[[allow]", "cannot be read"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(text, match, tmp_path):
    with pytest.raises(ConfigError, match=match):
        written(tmp_path, text)


def test_a_missing_file_is_an_error_unless_it_is_the_default(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        AllowList.load(str(tmp_path / "none"))
    assert AllowList.load(str(tmp_path / "none"), missing_ok=True).entries == []


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.py", "a/b.py", True),
        ("/*.py", "a/b.py", False),
        ("tests/", "tests/a/b.py", True),
        ("tests/**", "tests/a/b.py", True),
        ("**/fixtures/*.json", "a/b/fixtures/c.json", True),
        ("**/fixtures/*.json", "a/fixtures/c/d.json", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
    ],
)
def test_globs(pattern, path, fits):
    assert matches(pattern, path) is fits
