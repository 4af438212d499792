import base64
import json
import os
import subprocess
import sys
from urllib.parse import quote

import pytest

from wellkept.cli.staged import telling, why_forbidden

VALUE = "s3cr3t/Value+that=nobody&guesses"


@pytest.fixture
def repository(shop, monkeypatch):
    """The project as a git repository with the hook; git finds this interpreter's wellkept."""
    for name, value in (("user.name", "t"), ("user.email", "t@example.com"), ("init.defaultBranch", "main")):
        monkeypatch.setenv(
            f"GIT_CONFIG_KEY_{ {'user.name': 0, 'user.email': 1, 'init.defaultBranch': 2}[name] }", name
        )
        monkeypatch.setenv(
            f"GIT_CONFIG_VALUE_{ {'user.name': 0, 'user.email': 1, 'init.defaultBranch': 2}[name] }", value
        )
    monkeypatch.setenv("GIT_CONFIG_COUNT", "3")
    git("init", "-q")
    shop.ok("hook", "install")
    # No other wellkept may answer: only what the hook itself falls back to.
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    git("add", ".gitignore", "wellkept.toml")
    assert commit().returncode == 0
    shop.ok("set", "API_KEY", stdin=VALUE)
    return shop


def git(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", *words], capture_output=True, text=True, check=True)


def commit() -> subprocess.CompletedProcess:
    return subprocess.run(["git", "commit", "-qm", "x"], capture_output=True, text=True, check=False)


def test_a_harmless_commit_passes(repository):
    repository.write("app.py", "import os\nkey = os.environ['API_KEY']\n")
    git("add", "app.py")
    done = commit()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "path", [".env", "deploy/.env.production", "prod.env", ".wellkept/store.db", "wellkept/x.key"]
)
def test_files_that_no_repository_should_hold_are_refused(repository, path):
    repository.write(path, "x")
    git("add", "-f", path)
    done = commit()
    assert done.returncode == 1
    assert path in done.stderr
    assert "--no-verify" in done.stderr


@pytest.mark.parametrize(
    "form",
    [
        VALUE,
        base64.b64encode(VALUE.encode()).decode(),
        base64.b64encode(b"user:" + VALUE.encode()).decode(),
        VALUE.encode().hex(),
        quote(VALUE, safe=""),
        json.dumps({"key": VALUE}),
    ],
)
def test_a_value_of_the_store_is_recognised_in_every_form_and_not_repeated(repository, form):
    repository.write("config.py", f"before = 1\nkey = {form!r}\n")
    git("add", "config.py")
    done = commit()
    assert done.returncode == 1
    assert "config.py: holds the value of dev/shop/API_KEY" in done.stderr
    assert VALUE not in done.stderr
    assert form not in done.stderr


def test_a_project_deeper_in_the_repository_has_its_own_store_looked_into(repository, monkeypatch):
    inner = repository.directory / "services" / "billing"
    inner.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.chdir(inner)
        repository.ok("init", "--no-hook")
        repository.ok("set", "TOKEN", stdin="inner-t0ken-of-billing")
    repository.write("services/billing/src/deep/app.py", "t = 'inner-t0ken-of-billing'\n")
    repository.write("elsewhere.py", f"t = {VALUE!r}\n")
    git("add", "-A")
    done = commit()
    assert "app.py: holds the value of dev/billing/TOKEN" in done.stderr
    assert "elsewhere.py: holds the value of dev/shop/API_KEY" in done.stderr


def test_what_is_staged_counts_not_what_lies_in_the_directory(repository):
    repository.write("config.py", f"key = {VALUE!r}\n")
    git("add", "config.py")
    repository.write("config.py", "key = ''\n")
    assert commit().returncode == 1
    git("add", "config.py")
    repository.write("config.py", f"key = {VALUE!r}\n")
    assert commit().returncode == 0


def test_a_value_tagged_public_is_none(repository):
    repository.write("config.py", f"key = {VALUE!r}\n")
    git("add", "config.py")
    repository.ok("metadata", "API_KEY", "--tag", "public=yes")
    assert commit().returncode == 0


def test_words_and_short_values_of_a_dotenv_are_no_findings(repository):
    repository.write("x.env", "MODE=development\nPORT=54321\nHOST=localhost\nSHORT=a1b2\n")
    repository.ok("import", "x.env")
    repository.write("app.py", "mode = 'development'; port = 54321; host = 'localhost'; x = 'a1b2'\n")
    git("add", "app.py")
    assert commit().returncode == 0


def test_a_store_that_cannot_be_opened_leaves_the_check_of_names(repository, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")
    repository.write("app.py", "x = 1\n")
    git("add", "app.py")
    done = commit()
    assert done.returncode == 0
    assert "file names only" in done.stderr
    repository.write("prod.env", "x")
    git("add", "-f", "prod.env")
    assert commit().returncode == 1


def test_without_wellkept_the_commit_is_refused(repository):
    path = repository.directory / ".git" / "hooks" / "pre-commit"
    path.write_text(path.read_text().replace(sys.executable, "/nonexistent/python"))
    repository.write("app.py", "x = 1\n")
    git("add", "app.py")
    done = commit()
    assert done.returncode == 1
    assert "not found" in done.stderr


def test_odd_file_names_deletions_links_and_submodules_are_no_obstacle(repository):
    repository.write("naïve\nname with 'quotes'.txt", "fine")
    repository.write("gone.txt", "x")
    os.symlink("/etc/passwd", "link")
    git("add", "-A")
    assert commit().returncode == 0
    os.unlink("gone.txt")
    git("add", "-A")
    assert commit().returncode == 0


def test_anothers_hook_is_left_alone_and_the_line_to_add_is_said(repository):
    path = repository.directory / ".git" / "hooks" / "pre-commit"
    path.write_text("#!/bin/sh\nexit 0\n")
    refused = repository("hook", "install")
    assert refused.code == 78
    assert "wellkept hook pre-commit || exit 1" in refused.err
    assert path.read_text() == "#!/bin/sh\nexit 0\n"


def test_installing_again_is_fine(repository):
    assert repository.ok("hook", "install", "--json").json["hook"].endswith("pre-commit")


def test_outside_of_a_repository_it_is_said(shop):
    assert shop("hook", "install").code == 78
    assert shop("hook", "pre-commit").code == 78


def test_json(repository):
    repository.write("prod.env", "x")
    git("add", "-f", "prod.env")
    result = repository("hook", "pre-commit", "--json")
    assert result.code == 1
    assert [finding["path"] for finding in result.json["findings"]] == ["prod.env"]


@pytest.mark.parametrize(
    "path",
    [".env.example", "a/.env.sample", ".env.template", ".env.dist", "env.py", "x.key", "my.environment"],
)
def test_templates_and_other_files_are_no_findings(path):
    assert why_forbidden(path) is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"hunter2hunter2", True),
        (b"postgres://u:p@h/d", True),
        (b"abcdefghijklmnopqrstuvwxyz", True),
        (b"development", False),
        (b"12345678901", False),
        (b"a1b2c3d", False),
        (b"127.0.0.1", False),
    ],
)
def test_only_a_telling_value_is_looked_for(value, says):
    assert telling(value) is says
