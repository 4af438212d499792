"""``wellkept scan`` as a user runs it: what it finds, what it says it could not look at, and its exit codes."""

import base64
import io
import json
import os
import random
import shutil
import string
import subprocess
import sys
import tarfile

import pytest

CLEAN, FOUND, INCOMPLETE = 0, 1, 6


def credential(seed: int) -> str:
    """Two lines that look like an AWS key and its secret, made up here; they open nothing."""
    source = random.Random(seed)
    key = "".join(source.choices(string.ascii_uppercase + "234567", k=16))
    secret = "".join(source.choices(string.ascii_letters + string.digits + "/+", k=40))
    return f'aws_access_key_id = "AK{"IA"}{key}"\naws_secret_access_key = "{secret}"\n'


def values(text: str) -> list[str]:
    return [word for word in text.split('"') if len(word) in (20, 40) and " " not in word]


TEXT = credential(7)


@pytest.fixture
def project(bare, monkeypatch):
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(bare.home / "gitconfig"))
    (bare.home / "gitconfig").write_text(
        "[user]\nname = t\nemail = t@example.com\n[init]\ndefaultBranch = main\n"
    )
    return bare


def git(*words, **options) -> subprocess.CompletedProcess:
    options.setdefault("check", True)
    return subprocess.run(["git", *words], capture_output=True, text=True, **options)


def rules_found(result) -> set:
    return {finding["rule"] for finding in result.json["findings"]}


def test_a_finding_ends_with_1_and_is_shown_masked(project):
    project.write("app/settings.py", TEXT)
    result = project("scan", "app")
    assert result.code == FOUND
    assert "app/settings.py:1" in result.out
    for value in values(TEXT):
        assert value not in result.out + result.err


def test_nothing_found_ends_with_0(project):
    project.write("a.py", "x = 1\n")
    assert project("scan").code == CLEAN


@pytest.mark.parametrize("kind", ["table", "json", "sarif", "junit", "gitlab", "github", "html"])
def test_a_path_that_does_not_exist_is_said_on_stderr_and_in_every_report_and_ends_with_6(project, kind):
    project.write("a.py", "x = 1\n")
    result = project("scan", "a.py", "nowhere", "--format", kind)
    assert result.code == INCOMPLETE
    assert "nowhere" in result.err
    assert "nowhere" in result.out


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_said_and_ends_with_6(project):
    os.chmod(project.write("a.py", "x"), 0)
    result = project("scan")
    assert result.code == INCOMPLETE
    assert "a.py" in result.err


def test_a_kind_of_problem_may_be_accepted_and_is_still_said(project):
    result = project("scan", "nowhere", "--accept", "missing", "--accept", "empty")
    assert result.code == CLEAN
    assert "nowhere" in result.err


def test_a_file_above_the_asked_size_is_said(project):
    project.write("a.py", TEXT)
    result = project("scan", "--max-size", "20")
    assert result.code == INCOMPLETE
    assert "a.py" in result.err


def test_exit_zero_is_for_findings_only(project):
    project.write("a.py", TEXT)
    assert project("scan", "--exit-zero").code == CLEAN
    assert project("scan", "--exit-zero", "nowhere").code == INCOMPLETE


def test_wrong_usage_ends_with_2(project):
    assert project("scan", "--no-such-option").code == 2
    assert project("scan", "--max-size", "much").code == 2
    assert project("scan", "-", "a").code == 2


def test_a_baseline_hides_what_it_knows_and_nothing_else(project):
    project.write("a.py", TEXT)
    assert project("scan", "baseline").code == CLEAN
    assert project("scan").code == CLEAN
    project.write("moved/b.py", "\n\n" + (project.directory / "a.py").read_text())
    assert project("scan").code == CLEAN
    project.write("c.py", credential(8))
    result = project("scan", "--json")
    assert result.code == FOUND
    assert {finding["location"]["path"] for finding in result.json["findings"]} == {"./c.py"}
    for path in (project.directory / ".wellkept-baseline").rglob("*"):
        assert all(value not in path.read_text() for value in values(TEXT))


def test_a_baseline_that_is_not_there_is_an_error(project):
    assert project("scan", "--baseline", "nowhere").code == 78


def test_standard_input_is_scanned(project, monkeypatch):
    result = project("scan", "-", stdin=TEXT)
    assert result.code == FOUND
    assert "<stdin>" in result.out


def test_explain_says_what_to_do_about_a_finding_of_the_last_scan(project):
    project.write("a.py", TEXT)
    finding = project("scan", "--json").json["findings"][0]
    text = project.ok("scan", "explain", finding["id"][:10]).out
    assert finding["rule"] in text
    assert project("scan", "explain", "00000000").code == 3
    assert "aws-access-key-id" in project.ok("scan", "explain", "aws-access-key-id").out


def test_gitignored_files_are_left_out_on_request_only(project):
    git("init", "-q")
    project.write(".gitignore", "secret/\n")
    project.write("secret/a.py", TEXT)
    assert project("scan").code == FOUND
    assert project("scan", "--gitignore").code == CLEAN


@pytest.mark.slow
def test_a_tree_a_tar_an_image_layer_and_a_history_give_the_same_findings(project):
    project.write("tree/a/settings.py", TEXT)
    project.write(
        "tree/b.yaml", "# comment\nkey: " + base64.b64encode(credential(9).encode()).decode() + "\n"
    )
    project.write("tree/c.txt", credential(10))
    shutil.copytree("tree", "repo")
    git("init", "-q", "repo")
    git("-C", "repo", "add", "-A")
    git("-C", "repo", "commit", "-qm", "all")
    with tarfile.open("tree.tar", "w") as archive:
        archive.add("tree", arcname=".")
    layer = (project.directory / "tree.tar").read_bytes()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": None, "Layers": ["1/layer.tar"]}]).encode()
    with tarfile.open("image.tar", "w") as archive:
        for name, data in (("manifest.json", manifest), ("config.json", b"{}"), ("1/layer.tar", layer)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

    def found(*words):
        result = project("scan", *words, "--json")
        assert result.json["complete"], result.json["problems"]
        assert result.code == FOUND
        return sorted((f["rule"], f["id"], f["location"]["line"], f["location"]["column"]) for f in result.json["findings"])  # fmt: skip

    tree = found("tree")
    assert len(tree) >= 4
    assert found("tree.tar") == tree
    assert found("image", "image.tar") == tree
    assert found("git", "repo") == tree
    assert found("tree", "--jobs", "3") == tree
    assert found("tree", "--engine", "fallback") == tree


def test_a_history_without_commits_ends_with_6(project):
    git("init", "-q")
    result = project("scan", "git")
    assert result.code == INCOMPLETE
    assert "0 commits scanned" in result.err


def test_an_incremental_scan_looks_at_what_is_new_and_starts_over_until_all_is_well(project):
    git("init", "-q")
    project.write("a.py", "x = 1\n")
    git("add", "-A")
    git("commit", "-qm", "1")
    assert project.ok("scan", "git", "--incremental", "--json").json["stats"]["commits"] == 1
    project.write("b.py", TEXT)
    git("add", "-A")
    git("commit", "-qm", "2")
    for _ in range(2):
        result = project("scan", "git", "--incremental", "--json")
        assert result.code == FOUND
        assert result.json["stats"]["commits"] == 1
    assert project("scan", "git", "--json").json["stats"]["commits"] == 2


def test_redact_copies_the_stream_without_its_secrets(project):
    log = "start\n" + TEXT + "end\n-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"
    done = project.process("scan", "--redact", input=log.encode())
    assert done.returncode == 0
    text = done.stdout.decode()
    assert text.startswith("start\n")
    assert "end\n" in text
    assert "[redacted:aws-access-key-id]" in text
    for value in values(TEXT):
        assert value not in text


class TestGuards:
    """The hooks, run by git itself."""

    @pytest.fixture
    def clone(self, project, monkeypatch):
        """A fresh clone made ready by ``wellkept init``; git finds this interpreter's wellkept only."""
        git("init", "-q", "--bare", "../origin.git")
        git("clone", "-q", "../origin.git", ".")
        project.ok("init", "--hook")
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        git("add", ".gitignore", "wellkept.toml")
        assert self.commit().returncode == 0
        return project

    def commit(self):
        return git("commit", "-qm", "x", check=False)

    def test_a_planted_secret_is_not_committed_and_it_is_said_how_to_mend_it(self, clone):
        clone.write("config.py", TEXT)
        git("add", "config.py")
        done = self.commit()
        assert done.returncode == FOUND
        assert "config.py:1" in done.stderr
        for word in ("how to mend it", "wellkept set NAME", "wellkept:allow", "--no-verify"):
            assert word in done.stderr
        for value in values(TEXT):
            assert value not in done.stderr + done.stdout
        clone.write("config.py", "import os\nkey = os.environ['KEY']\n")
        git("add", "config.py")
        assert self.commit().returncode == 0

    def test_a_push_of_a_secret_is_refused(self, clone):
        clone.ok("scan", "install-hook", "--pre-push")
        assert git("push", "-q", "origin", "main", check=False).returncode == 0
        clone.write("config.py", TEXT)
        git("add", "config.py")
        git("commit", "-qm", "x", "--no-verify")
        done = git("push", "-q", "origin", "main", check=False)
        assert done.returncode != 0
        assert "config.py" in done.stdout + done.stderr
        assert git("push", "-q", "--no-verify", "origin", "main", check=False).returncode == 0

    def test_a_server_refuses_to_receive_a_secret(self, clone):
        clone.ok("scan", "install-hook", "../origin.git", "--pre-receive")
        assert git("push", "-q", "origin", "main", check=False).returncode == 0
        clone.write("config.py", TEXT)
        git("add", "config.py")
        git("commit", "-qm", "x", "--no-verify")
        done = git("push", "origin", "main", check=False)
        assert done.returncode != 0
        assert "config.py" in done.stderr
        assert git("-C", "../origin.git", "rev-list", "--all").stdout.count("\n") == 1

    def test_a_partial_commit_is_judged_by_its_own_index(self, clone):
        clone.write("a.py", "x = 1\n")
        clone.write("b.py", TEXT)
        git("add", "-A")
        assert git("commit", "-qm", "only a", "a.py", check=False).returncode == 0
        assert self.commit().returncode == FOUND


def test_scan_staged_needs_no_store(project):
    git("init", "-q")
    project.write("a.py", TEXT)
    git("add", "-A")
    done = project.process("scan", "staged")
    assert done.returncode == FOUND
    project.write("a.py", "x\n")
    git("add", "-A")
    assert project.process("scan", "staged").returncode == CLEAN
    git("rm", "-q", "-f", "a.py")
    assert project.process("scan", "staged").returncode == CLEAN


def test_scan_staged_outside_of_a_repository_ends_with_6(project, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.directory.parent))
    done = project.process("scan", "staged")
    assert done.returncode == INCOMPLETE
    assert b"no git repository" in done.stderr


def test_the_quick_way_imports_no_parser_and_no_report(project):
    git("init", "-q")
    project.write("a.py", "x\n")
    git("add", "-A")
    code = (
        "import sys; from wellkept.cli import main; code = main(['scan', 'staged']);"
        "print([name for name in ('argparse', 'numpy', 'yaml', 'json', 'jsonschema', 'tomllib', 'wellkept.redaction')"
        " if name in sys.modules]); sys.exit(code)"
    )
    project.process("scan", "staged")  # the rules are compiled
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_another_hook_is_left_alone_and_the_line_to_add_is_said(project):
    git("init", "-q")
    project.write(".git/hooks/pre-push", "#!/bin/sh\nexit 0\n")
    refused = project("scan", "install-hook", "--pre-push")
    assert refused.code == 78
    assert 'wellkept scan pre-push "$@" || exit 1' in refused.err


def test_a_configuration_of_gitleaks_brings_its_rules_and_allow_lists(project):
    project.write(
        "gitleaks.toml",
        "[[rules]]\nid = 'shop'\nregex = '''shop_([a-z0-9]{20})'''\nkeywords = ['shop_']\n"
        "[[rules]]\nid = 'part'\nrequired = [{id = 'shop'}]\nregex = '''part_([a-z0-9]{20})'''\n"
        "[allowlist]\npaths = ['''^docs/''']\nstopwords = ['example']\n",
    )
    line = 'key = "shop_{}"\n'
    project.write("src/a.py", line.format("0123456789abcdefghij"))
    project.write("src/b.py", line.format("example456789abcdefg"))
    project.write("docs/c.py", line.format("0123456789abcdefghix"))
    result = project("scan", "src", "docs", "--config", "gitleaks.toml", "--json")
    assert result.code == FOUND
    assert [(f["rule"], f["location"]["path"]) for f in result.json["findings"]] == [("shop", "src/a.py")]
    assert "required" in result.err
