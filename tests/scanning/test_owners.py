"""Owners: CODEOWNERS as GitHub and GitLab read it, else git's blame, which runs nothing of the repository's."""

import os
import subprocess

import pytest

from doubles.leaks import TOKEN, finding
from wellkept.scanning.owners import Owners, parse

GITHUB = """\
# comment
*       @global
*.js    @js @web   # trailing
/build/logs/ @ops
docs/*  docs@example.com
apps/   @apps
/scripts/**/run.sh @run
apps/none
"""


def owners(text, path):
    for line in reversed(parse(text)):
        if line.pattern.fullmatch(path):
            return " ".join(line.owners)
    return None


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("README", "@global"),
        ("a/b/c.js", "@js @web"),
        ("build/logs/x/y", "@ops"),
        ("other/build/logs/x", "@global"),
        ("docs/a.md", "docs@example.com"),
        ("docs/deep/a.md", "@global"),
        ("x/apps/y.py", "@apps"),
        ("scripts/a/b/run.sh", "@run"),
        ("scripts/run.sh", "@run"),
        ("apps/none", ""),
    ],
)
def test_the_last_pattern_that_fits_counts(path, owner):
    assert owners(GITHUB, path) == owner


def test_gitlab_sections_have_default_owners():
    text = "* @all\n[Docs][2] @writers\ndocs/\nREADME.md @me\n^[Optional]\n*.rb @ruby"
    assert owners(text, "docs/x") == "@writers"
    assert owners(text, "README.md") == "@me"
    assert owners(text, "x.rb") == "@ruby"


def git(root, *words):
    environ = {
        **os.environ,
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@example.com",
        "GIT_COMMITTER_NAME": "c",
        "GIT_COMMITTER_EMAIL": "c@d",
    }
    subprocess.run(["git", *words], cwd=root, env=environ, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("one\ntwo\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    return tmp_path


def test_without_codeowners_whoever_wrote_the_line(repository):
    (named,) = Owners(str(repository)).name([finding(TOKEN, "x", path=str(repository / "a.py"), line=2)])
    assert named.details["owner"] == "Ann <ann@example.com>"


def test_codeowners_comes_first(repository):
    (repository / ".github").mkdir()
    (repository / ".github" / "CODEOWNERS").write_text("*.py @team\n")
    (named,) = Owners(str(repository)).name([finding(TOKEN, "x", path="a.py", line=2)])
    assert named.details["owner"] == "@team"


def test_the_stores_own_owner_is_kept(repository):
    (named,) = Owners(str(repository)).name([finding(TOKEN, "x", path="a.py", details={"owner": "payments"})])
    assert named.details["owner"] == "payments"


def test_blame_runs_nothing_that_the_repository_configures(repository):
    mark = repository / "ran"
    for key in ("core.fsmonitor", "diff.x.textconv", "filter.x.smudge", "filter.x.clean", "core.pager"):
        git(repository, "config", key, f"touch {mark}; cat")
    (repository / ".gitattributes").write_text("* diff=x filter=x\n")
    assert Owners(str(repository)).of(finding(TOKEN, "x", path="a.py", line=1).location).startswith("Ann")
    assert not mark.exists()


@pytest.mark.parametrize("path", ["--output=x", "../outside", "missing.py"])
def test_a_strange_path_has_no_owner(path, repository):
    assert Owners(str(repository)).of(finding(TOKEN, "x", path=path).location) == ""
