"""What to do about a finding: the commands are run here as they stand."""

import os
import subprocess

import pytest

from doubles.leaks import TOKEN, finding
from wellkept.errors import NotFound
from wellkept.scanning.explain import explain, find
from wellkept.scanning.fingerprint import Fingerprinter
from wellkept.scanning.report.json_ import document
from wellkept.scanning.report.rows import rows
from wellkept.scanning.rule import Rule


def entry(found, rules=()):
    return document(rows(Fingerprinter(b"k" * 32).stamp([found]), rules=rules))["findings"][0]


def test_a_finding_is_found_by_the_beginning_of_its_id():
    one = entry(finding(TOKEN, "x"))
    assert find([one], one["id"][:8].upper()) is one
    with pytest.raises(NotFound, match="8 digits"):
        find([one], one["id"][:7])
    with pytest.raises(NotFound, match="no finding"):
        find([one], "0" * 12)


def test_two_that_begin_alike_are_not_guessed_between():
    with pytest.raises(NotFound, match="2 findings"):
        find([{"id": "0" * 31 + "1"}, {"id": "0" * 31 + "2"}], "0" * 10)


def test_it_says_what_it_grants_and_how_to_revoke_it():
    rule = Rule(
        id="some-token",
        name="Some token",
        provider="Some",
        pattern="x",
        grants="reads everything",
        revoke="Settings, Tokens",
    )
    text = explain(entry(finding(TOKEN, "x"), [rule]))
    assert "What it grants: reads everything" in text
    assert "Settings, Tokens" in text


def test_one_of_the_stores_own_is_rotated():
    details = {"path": "prod/billing/db pass", "version": "3", "stage": "previous", "owner": "@pay"}
    text = explain(entry(finding(TOKEN, "x", rule="known", details=details)))
    assert "wellkept rotate 'prod/billing/db pass'" in text
    assert "version 3, previous: make sure that it is dead" in text


def test_an_image_is_built_again():
    assert "RUN --mount=type=secret" in explain(entry(finding(TOKEN, "x", layer="sha256:1")))


@pytest.fixture
def leaked(tmp_path):
    """A repository with a secret in its history, and the finding of it."""
    root = tmp_path / "origin"
    environ = {
        **os.environ,
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }

    def git(*words):
        return subprocess.run(
            ["git", *words], cwd=root, env=environ, check=True, capture_output=True, text=True
        ).stdout.strip()

    root.mkdir()
    git("init", "-q")
    (root / "it's.py").write_text(f"first\nkey = '{TOKEN}' # é\n")
    git("add", "."), git("commit", "-qm", "leak")
    commit = git("rev-parse", "HEAD")
    found = finding(
        TOKEN, "x", path="it's.py", line=2, end_line=2, column=8, end_column=8 + len(TOKEN), commit=commit
    )
    return root, found


def test_the_commands_fetch_exactly_the_secret_and_put_it_where_filter_repo_reads_it(leaked, tmp_path):
    root, found = leaked
    text = explain(entry(found), repository=str(root))
    commands = [
        line.strip()
        for line in text.splitlines()
        if line.strip().startswith(("git clone", "umask", "printf"))
    ]
    assert len(commands) == 3
    assert "git filter-repo --replace-text ../replacements.txt" in text
    subprocess.run(["sh", "-euc", "\n".join(commands)], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "replacements.txt").read_text() == f"literal:{TOKEN}==>REMOVED\n"
    assert (tmp_path / "replacements.txt").stat().st_mode & 0o077 == 0


def test_a_secret_of_several_lines_goes_with_its_file(leaked):
    root, found = leaked
    many = found._replace(location=found.location._replace(end_line=5))
    assert "git filter-repo --invert-paths --path 'it'\"'\"'s.py'" in explain(
        entry(many), repository=str(root)
    )
