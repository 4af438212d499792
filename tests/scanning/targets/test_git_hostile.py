"""A repository made to run something on whoever looks at it."""

import pytest

from wellkept.scanning.targets.git.history import GitHistory
from wellkept.scanning.targets.git.process import environment
from wellkept.scanning.targets.git.staged import Staged
from wellkept.scanning.targets.git.worktree import WorkTree

CONFIG = """
[core]
  fsmonitor = {run}
  pager = {run}
  editor = {run}
  sshCommand = {run}
  hooksPath = {hooks}
  attributesFile = {attributes}
  alternateRefsCommand = {run}
  askPass = {run}
[diff]
  external = {run}
[diff "evil"]
  textconv = {run}
  command = {run}
[filter "evil"]
  clean = {run}
  smudge = {run}
  process = {run}
  required = true
[log]
  showSignature = true
[gpg]
  program = {run}
[alias]
  cat-file = !{run}
  rev-list = !{run}
  diff-tree = !{run}
[uploadpack]
  packObjectsHook = {run}
[credential]
  helper = !{run}
[remote "origin"]
  url = ext::{run}
  promisor = true
  partialclonefilter = blob:none
  uploadpack = {run}
[extensions]
  partialClone = origin
[safe]
  directory = /nowhere
"""


@pytest.fixture
def hostile(repo, tmp_path, token):
    commit = repo.commit(a_0txt=token(1))
    repo.commit(a_0txt=b"x", b_0txt=token(2))
    mark = tmp_path / "was-run"
    run = tmp_path / "run.sh"
    run.write_text(f"#!/bin/sh\ntouch {mark}\nexec cat\n")
    run.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).write_text(run.read_text())
        (hooks / name).chmod(0o755)
    attributes = tmp_path / "attributes"
    attributes.write_text("* filter=evil diff=evil\n")
    (repo.path / ".git/info").mkdir(exist_ok=True)
    (repo.path / ".git/info/attributes").write_text("* filter=evil diff=evil\n")
    (repo.path / ".git/info/grafts").write_text(commit + "\n")
    with open(repo.path / ".git/config", "a") as file:
        file.write(CONFIG.format(run=run, hooks=hooks, attributes=attributes))
    repo.write("new.txt", token(3))
    return repo, mark


@pytest.mark.parametrize("kind", [GitHistory, Staged, WorkTree])
def test_nothing_that_it_configures_is_run(hostile, scan, kind):
    repo, mark = hostile
    scan(kind(str(repo.path)))
    assert not mark.exists()


def test_plain_git_would_have_run_it(hostile):
    """The control of the test above: this configuration is not harmless."""
    repo, mark = hostile
    repo.git("status", check=False)
    assert mark.exists()


def test_its_history_is_read_all_the_same(hostile, scan, token):
    repo, _ = hostile
    report = scan(GitHistory(str(repo.path)))
    assert sorted(finding.secret.reveal_bytes() for finding in report.findings) == sorted(
        [token(1), token(2)]
    )


def test_the_callers_own_git_variables_do_not_lead_elsewhere(repo, scan, token, tmp_path, monkeypatch):
    repo.commit(a=token(1))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    assert len(scan(GitHistory(str(repo.path))).findings) == 1
    assert not (tmp_path / "trace").exists()


def test_a_hook_keeps_what_git_told_it_and_nothing_else(monkeypatch):
    monkeypatch.setenv("GIT_INDEX_FILE", "index.lock")
    monkeypatch.setenv("GIT_SSH_COMMAND", "evil")
    told = environment(in_hook=True)
    assert told["GIT_INDEX_FILE"] == "index.lock"
    assert told["GIT_SSH_COMMAND"] == "false"
    assert "GIT_INDEX_FILE" not in environment()
