"""Baselines: old findings stay quiet, new ones do not; git merges them; nothing is hidden by accident."""

import os
import subprocess

import pytest

from doubles.leaks import TOKEN, finding
from wellkept.errors import ConfigError
from wellkept.scanning.baseline import Baseline
from wellkept.scanning.fingerprint import Fingerprinter

MAKER = Fingerprinter(b"k" * 32)


def found(*numbers):
    return MAKER.stamp([finding(f"{TOKEN}{n}", f"x {TOKEN}{n}", path=f"f{n}") for n in numbers])


@pytest.fixture(params=["folder", "file"])
def path(request, tmp_path):
    where = tmp_path / "baseline"
    if request.param == "file":
        where.write_text("# findings accepted when scanning began\n")
    return str(where)


def git(root, *words):
    environ = {
        **os.environ,
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    return subprocess.run(
        ["git", *words], cwd=root, env=environ, check=True, capture_output=True, text=True
    ).stdout


def test_what_is_in_it_is_not_new(path):
    assert Baseline.load(path).write(found(1, 2)) == (2, 0)
    fresh, old = Baseline.load(path).new(found(1, 2, 3))
    assert [item.location.path for item in fresh] == ["f3"]
    assert [item.location.path for item in old] == ["f1", "f2"]


def test_moved_code_stays_in_it(path):
    Baseline.load(path).write(found(1))
    moved = MAKER.stamp([finding(f"{TOKEN}1", "y", path="elsewhere", line=77)])
    assert Baseline.load(path).new(moved)[0] == []


def test_entries_go_only_when_told_to(path):
    Baseline.load(path).write(found(1, 2))
    assert Baseline.load(path).write(found(2)) == (0, 0)
    assert Baseline.load(path).gone(found(2)) == [found(1)[0].fingerprint]
    assert Baseline.load(path).write(found(2), drop=True) == (0, 1)
    assert len(Baseline.load(path)) == 1


def test_no_value_stands_in_it(path, tmp_path):
    Baseline.load(path).write(found(1, 2))
    for folder, _, names in os.walk(tmp_path):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                assert TOKEN.encode() not in file.read()


def test_branches_that_add_findings_merge_without_a_conflict(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    where = str(tmp_path / "baseline")
    Baseline.load(where).write(found(0))
    git(tmp_path, "add", "."), git(tmp_path, "commit", "-qm", "base")
    for branch, numbers in (("left", (1, 2, 3)), ("right", (2, 3, 4))):
        git(tmp_path, "checkout", "-q", "-b", branch, "main")
        Baseline.load(where).write(found(*numbers))
        git(tmp_path, "add", "."), git(tmp_path, "commit", "-qm", branch)
    git(tmp_path, "merge", "-q", "-m", "both", "left")
    assert Baseline.load(where).new(found(0, 1, 2, 3, 4))[0] == []


def test_a_baseline_file_with_a_conflict_is_refused(tmp_path):
    where = tmp_path / "baseline"
    where.write_text("<<<<<<< HEAD\n" + "0" * 32 + " rule\n=======\n")
    with pytest.raises(ConfigError, match="line 1"):
        Baseline.load(str(where))


def test_a_stray_file_in_the_folder_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"notes\.txt"):
        Baseline.load(str(tmp_path))


def test_one_that_cannot_be_read_is_an_error_and_not_empty(tmp_path):
    where = tmp_path / "baseline"
    where.mkdir()
    (where / ("0" * 32)).mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        Baseline.load(str(where))


def test_none_is_an_empty_one(tmp_path):
    assert len(Baseline.load(str(tmp_path / "none"))) == 0
