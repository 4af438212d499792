"""A history: each secret once, with the commit that added it, whatever became of the file."""

import pytest

from wellkept.scanning.targets.git.history import MESSAGE, GitHistory

from .conftest import Repo


def history(repo, **options):
    return GitHistory(str(repo.path), **options)


def values(report):
    return sorted(finding.secret.reveal_bytes() for finding in report.findings)


def test_a_finding_names_the_commit_that_added_it_its_author_date_path_and_whether_head_has_it(
    repo, scan, token
):
    repo.commit(a_0txt=b"nothing\n")
    added = repo.commit(a_0txt=b"nothing\nkey = " + token(1) + b"\n")
    repo.commit(a_0txt=b"more\nnothing\nkey = " + token(1) + b"\nend\n")
    [finding] = scan(history(repo)).findings
    where = finding.location
    assert (where.path, where.line, where.commit) == ("a.txt", 2, added)
    assert (where.author, where.email, where.date) == ("Ada", "ada@example.com", "2023-11-14T22:15:20+00:00")
    assert where.in_head is True


def test_what_was_removed_is_found_and_said_to_be_gone(repo, scan, token):
    repo.commit(a=token(1))
    repo.commit(a=None, b=b"x")
    [finding] = scan(history(repo)).findings
    assert finding.location.in_head is False


def test_a_secret_that_came_in_two_files_is_found_in_both(repo, scan, token):
    repo.commit(a=token(1) + b"\n")
    repo.commit(b__c=b"x\n" + token(1) + b"\n")
    assert [f.location.path for f in scan(history(repo)).findings] == ["a", "b/c"]


def test_twice_in_one_file_is_two_places(repo, scan, token):
    repo.commit(a=token(1) + b"\n\n" + token(1) + b"\n")
    assert [f.location.line for f in scan(history(repo)).findings] == [1, 3]


def test_branches_tags_and_every_stash_are_looked_at(repo, scan, token):
    repo.commit(a=b"x")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit(b=token(1))
    repo.git("checkout", "-q", "--detach", "main")
    repo.commit(c=token(2))
    repo.git("tag", "-a", "-m", "t", "v1")
    repo.git("checkout", "-q", "main")
    for number in (3, 4):
        repo.write("a", token(number))
        repo.git("stash", "-q")
    assert values(scan(history(repo))) == sorted(token(number) for number in (1, 2, 3, 4))


def test_what_a_merge_itself_brought_is_found(repo, scan, token):
    repo.commit(a=b"x")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit(b=b"y")
    repo.git("checkout", "-q", "main")
    repo.commit(c=b"z")
    repo.git("merge", "-q", "--no-commit", "--no-ff", "side")
    merge = repo.commit(d=token(1))
    [finding] = scan(history(repo)).findings
    assert finding.location.commit == merge


def test_a_commit_message_is_looked_at(repo, scan, token):
    commit = repo.commit("deploy with " + token(1).decode(), a=b"x")
    [finding] = scan(history(repo)).findings
    assert (finding.location.path, finding.location.commit) == (MESSAGE, commit)


def test_dangling_commits_and_blobs_are_looked_at_on_request_only(repo, scan, token):
    repo.commit(a=b"x")
    lost = repo.commit(b=token(1))
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.write("staged-once", token(2))
    repo.git("add", "staged-once")
    repo.git("rm", "-q", "--cached", "staged-once")
    assert values(scan(history(repo))) == []
    report = scan(history(repo, dangling=True))
    assert values(report) == sorted([token(1), token(2)])
    assert [f.location.commit for f in report.findings if f.secret.reveal_bytes() == token(1)] == [lost]


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_packed_history_gives_the_same_as_a_loose_one_with_any_number_of_processes(repo, scan, token, jobs):
    text = [b"line %d\n" % number for number in range(200)]
    for number in range(40):
        text.insert(number * 3 % len(text), b"key " + token(number) + b"\n" if number % 4 == 0 else b"edit\n")
        repo.commit(f__a=b"".join(text))

    def seen():
        return [(f.secret.reveal_bytes(), f.location) for f in scan(history(repo), jobs=jobs).findings]

    loose = seen()
    assert len(loose) == 10
    repo.git("repack", "-adfq")
    assert seen() == loose
    assert len({where.commit for _, where in loose}) == 10


def test_a_repository_without_commits_is_not_clean(repo, scan):
    report = scan(history(repo))
    assert not report.complete
    assert any("0 commits scanned" in problem.message for problem in report.problems)


@pytest.mark.parametrize("name", ["no-such-directory", "plain"])
def test_what_is_no_repository_is_not_clean(tmp_path, scan, name, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "plain").mkdir()
    report = scan(GitHistory(str(tmp_path / name)))
    assert [problem.kind for problem in report.problems] == ["missing"]
    assert not report.complete


def test_a_shallow_clone_is_said(repo, scan, token, tmp_path):
    repo.commit(a=token(1))
    repo.commit(a=b"x")
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    report = scan(GitHistory(str(tmp_path / "shallow")))
    assert not report.findings
    assert [problem.kind for problem in report.problems] == ["shallow"]
    assert "git fetch --unshallow" in report.problems[0].message


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_a_partial_clone_is_said_and_fetches_nothing(repo, scan, token, tmp_path, kind):
    repo.commit(a=token(1))
    repo.commit(a=b"x")
    repo.git("config", "uploadpack.allowFilter", "true")
    there = tmp_path / "partial"
    repo.git("clone", "-q", "--no-checkout", f"--filter={kind}", f"file://{repo.path}", str(there))
    clone = Repo(there)
    before = clone.git("count-objects", "-v")
    report = scan(GitHistory(str(there)))
    assert not report.complete
    assert "shallow" in {problem.kind for problem in report.problems}
    assert clone.git("count-objects", "-v") == before


def test_a_damaged_object_is_said_and_the_rest_is_scanned(repo, scan, token):
    repo.commit(a=token(1), b=token(2))
    name = repo.git("rev-parse", "HEAD:a")
    file = repo.path / ".git" / "objects" / name[:2] / name[2:]
    file.chmod(0o644)
    file.write_bytes(b"not zlib")
    report = scan(history(repo))
    assert not report.complete
    assert values(report) == [token(2)]


def test_only_the_commits_of_a_range_are_looked_at(repo, scan, token):
    repo.commit(a=token(1))
    old = repo.git("rev-parse", "HEAD")
    repo.commit(b=token(2))
    new = repo.git("rev-parse", "HEAD")
    target = history(repo, tips=[new], known=[old])
    assert values(scan(target)) == [token(2)]
    assert target.counts["commits"] == 1


def test_a_large_blob_is_read_as_a_stream(repo, scan, token, monkeypatch):
    monkeypatch.setattr("wellkept.scanning.targets.git.history.LARGE", 1000)
    repo.commit(a=b"x\n" * 5000 + token(1) + b"\n")
    [finding] = scan(history(repo)).findings
    assert finding.location.line == 5001


def test_odd_names_sha256_and_links_are_no_obstacle(tmp_path, scan, token):
    repo = Repo(tmp_path / "other", "--object-format=sha256")
    name = "naïve\nname\x1b[31m with 'quotes'\t.txt"
    repo.write(name, token(1))
    (repo.path / "link").symlink_to("/etc/passwd")
    repo.git("add", "-A")
    repo.commit()
    [finding] = scan(GitHistory(str(repo.path))).findings
    assert finding.location.path == name


def test_replaced_objects_do_not_hide_a_secret(repo, scan, token):
    repo.commit(a=token(1))
    clean = repo.git("hash-object", "-w", "--stdin", stdin=b"clean")
    repo.git("replace", repo.git("rev-parse", "HEAD:a"), clean)
    assert values(scan(history(repo))) == [token(1)]
