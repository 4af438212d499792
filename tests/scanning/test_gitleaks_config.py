"""A configuration file written for gitleaks means the same here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wellkept.errors import ConfigError
from wellkept.scanning import gitleaks
from wellkept.scanning.rule import Rule

if TYPE_CHECKING:
    from pathlib import Path

BASE = """
[[rules]]
id = "acme"
description = "Acme token"
regex = '''(acme)_([a-z0-9]{20})'''
secretGroup = 2
entropy = 3.1
keywords = ["ACME_"]
tags = ["internal"]

[[rules]]
id = "path-only"
path = '''\\.p12$'''

[[rules]]
id = "old"
regex = '''old_[0-9]{8}'''

[[rules.allowlists]]
condition = "AND"
paths = ['''^docs/''']
regexes = ['''old_0000''']

[allowlist]
description = "global"
paths = ['''vendor/''']
stopwords = ["example"]
commits = ["ABCDEF0123456789"]

[[allowlists]]
targetRules = ["acme"]
regexTarget = "line"
regexes = ['''nosec''']
"""
ASKED = {
    "rule": "acme",
    "secret": b"s3cret",
    "match": b"acme_s3cret",
    "line": b"x = acme_s3cret",
    "path": "a.py",
}


def write(folder: Path, text: str, name: str = ".gitleaks.toml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def allowed(configuration: gitleaks.Configuration, **changed: object) -> bool:
    asked = {**ASKED, **changed}
    return any(allowance.allows(**asked) for allowance in configuration.allowances)  # type: ignore[arg-type]


def test_rules_become_ours_and_the_group_of_the_secret_is_named(tmp_path: Path) -> None:
    found = gitleaks.load(write(tmp_path, BASE))
    acme = next(rule for rule in found.rules if rule.id == "acme")
    assert acme.pattern == "(acme)_(?P<secret>[a-z0-9]{20})"
    assert (acme.name, acme.entropy, acme.keywords, acme.tags) == (
        "Acme token",
        3.1,
        ("acme_",),
        ("internal",),
    )


def test_what_has_no_counterpart_is_named(tmp_path: Path) -> None:
    assert any("path-only" in text for text in gitleaks.load(write(tmp_path, BASE)).left_out)


def test_global_allow_lists_hold_for_every_rule(tmp_path: Path) -> None:
    found = gitleaks.load(write(tmp_path, BASE))
    assert not allowed(found)
    assert allowed(found, path="src/vendor/x.py")
    assert allowed(found, secret=b"myEXAMPLEtoken")
    assert allowed(found, commit="abcdef0123456789")


def test_an_allow_list_for_one_rule_looks_at_its_target(tmp_path: Path) -> None:
    found = gitleaks.load(write(tmp_path, BASE))
    assert allowed(found, line=b"x = acme_s3cret # nosec")
    assert not allowed(found, rule="old", line=b"x # nosec")


def test_and_asks_for_all_kinds_of_condition(tmp_path: Path) -> None:
    found = gitleaks.load(write(tmp_path, BASE))
    assert allowed(found, rule="old", secret=b"old_00001234", path="docs/a.md")
    assert not allowed(found, rule="old", secret=b"old_00001234", path="src/a.py")
    assert not allowed(found, rule="old", secret=b"old_12345678", path="docs/a.md")


def test_extending_the_defaults_stands_over_the_built_in_rules(tmp_path: Path) -> None:
    text = '[extend]\nuseDefault = true\ndisabledRules = ["gone"]\n[[rules]]\nid = "mine"\nregex = "m_[0-9]{9}"\n'
    found = gitleaks.load(write(tmp_path, text))
    builtin = [Rule("gone", "Gone", "", "g"), Rule("kept", "Kept", "", "k")]
    assert [rule.id for rule in found.over(builtin)] == ["kept", "mine"]
    assert [rule.id for rule in gitleaks.load(write(tmp_path, BASE)).over(builtin)] == ["acme", "old"]


def test_extending_a_file_adds_to_it(tmp_path: Path) -> None:
    write(tmp_path, BASE, "base.toml")
    text = '[extend]\npath = "base.toml"\n[[rules]]\nid = "old"\n[[rules.allowlists]]\nstopwords = ["tmp"]\n'
    found = gitleaks.load(write(tmp_path, text))
    assert {rule.id for rule in found.rules} == {"acme", "old"}
    assert allowed(found, rule="old", secret=b"old_tmp")


@pytest.mark.parametrize(
    "text",
    [
        "[[rules]]\nregex = 'x'\n",
        "[[rules]]\nid = 'a'\nregex = '(x)'\nsecretGroup = 2\n",
        "[allowlist]\ndescription = 'nothing'\n",
        "[allowlist]\nregexTarget = 'file'\nregexes = ['x']\n",
        "[allowlist]\ncondition = 'XOR'\nregexes = ['x']\n",
        "rules = 3\n",
        "[[rules]\n",
        "[extend]\npath = '.gitleaks.toml'\n",
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        gitleaks.load(write(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        gitleaks.load(str(tmp_path / "none.toml"))
