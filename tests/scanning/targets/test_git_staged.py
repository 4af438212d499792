"""What is staged counts: not what lies in the directory, not what the last commit held already."""

import pytest

from wellkept.errors import InvalidRequest
from wellkept.scanning.targets.git.ranges import pre_push, pre_receive
from wellkept.scanning.targets.git.staged import Staged
from wellkept.scanning.targets.git.worktree import WorkTree


def staged(scan, repo):
    return [finding.location.path for finding in scan(Staged(str(repo.path))).findings]


def stage(repo, name, data):
    repo.write(name, data)
    repo.git("add", "-f", name)


def test_a_staged_secret_is_found_in_the_first_commit_and_in_later_ones(repo, scan, token):
    stage(repo, "a", token(1))
    assert staged(scan, repo) == ["a"]
    repo.commit(a=b"x")
    stage(repo, "d/b", b"y\n" + token(1))
    assert staged(scan, repo) == ["d/b"]


def test_the_index_counts_and_not_the_directory(repo, scan, token):
    repo.commit(a=b"x")
    stage(repo, "a", token(1))
    repo.write("a", b"clean")
    assert staged(scan, repo) == ["a"]
    stage(repo, "a", b"clean")
    repo.write("a", token(1))
    assert staged(scan, repo) == []


def test_what_the_last_commit_held_is_no_news(repo, scan, token):
    repo.commit(a=token(1) + b"\n")
    stage(repo, "a", b"# comment\n" + token(1) + b"\n")
    assert staged(scan, repo) == []
    stage(repo, "a", token(1) + b"\n" + token(2) + b"\n")
    assert staged(scan, repo) == ["a"]


def test_a_renamed_file_brings_nothing_new(repo, scan, token):
    repo.commit(a=b"some text\n" * 30 + token(1) + b"\n")
    repo.git("mv", "a", "b")
    assert staged(scan, repo) == []


def test_removals_and_modes_are_no_obstacle(repo, scan):
    repo.commit(a=b"x", b=b"y")
    repo.git("rm", "-q", "a")
    (repo.path / "b").chmod(0o755)
    repo.git("add", "b")
    report = scan(Staged(str(repo.path)))
    assert report.findings == []
    assert {problem.kind for problem in report.problems} <= {"empty"}


def test_outside_of_a_repository_it_is_said(tmp_path, scan, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    report = scan(Staged(str(tmp_path)))
    assert [problem.kind for problem in report.problems] == ["missing"]


def test_a_push_is_what_the_remote_does_not_have(repo, scan, token):
    old = repo.commit(a=token(1))
    new = repo.commit(b=token(2))
    told = [f"refs/heads/main {new} refs/heads/main {old}\n"]
    report = scan(pre_push(str(repo.path), told))
    assert [finding.secret.reveal_bytes() for finding in report.findings] == [token(2)]


def test_a_new_branch_is_pushed_without_what_the_remote_is_known_to_have(repo, scan, token):
    old = repo.commit(a=token(1))
    repo.git("update-ref", "refs/remotes/origin/main", old)
    new = repo.commit(b=token(2))
    told = [f"refs/heads/x {new} refs/heads/x {'0' * 40}\n"]
    report = scan(pre_push(str(repo.path), told, "origin"))
    assert [finding.secret.reveal_bytes() for finding in report.findings] == [token(2)]


def test_a_remote_commit_that_is_not_here_hides_nothing(repo, scan, token):
    new = repo.commit(a=token(1))
    told = [f"refs/heads/main {new} refs/heads/main {'1' * 40}\n"]
    assert len(scan(pre_push(str(repo.path), told)).findings) == 1


def test_a_branch_that_is_deleted_brings_nothing(repo, scan, token):
    old = repo.commit(a=token(1))
    report = scan(pre_push(str(repo.path), [f"(delete) {'0' * 40} refs/heads/main {old}\n"]))
    assert report.findings == []


@pytest.mark.parametrize(
    "line", ["x", "a b c", "refs/heads/main --upload-pack=evil refs/heads/main " + "0" * 40]
)
def test_anything_but_gits_own_lines_is_refused(repo, line):
    with pytest.raises(InvalidRequest):
        pre_push(str(repo.path), [line])
    with pytest.raises(InvalidRequest):
        pre_receive(str(repo.path), [line])


def test_a_working_tree_is_what_git_would_commit(repo, scan, token):
    repo.commit(a=token(1), _0gitignore=b"ignored\n")
    repo.write("b", token(2)).write("ignored", token(3))
    report = scan(WorkTree(str(repo.path)))
    assert [finding.location.path for finding in report.findings] == ["a", "b"]
