"""Real git repositories, made by hand; ``scan(target)`` scans with the small rule set."""

import os
import subprocess

import pytest

from wellkept.scanning.pipeline import Scanner


class Repo:
    """A repository in ``path``; its commits are by Ada at fixed times."""

    def __init__(self, path, *words):
        self.path = path
        self.clock = 1_700_000_000
        if not path.exists():
            path.mkdir()
            self.git("init", "-q", "-b", "main", *words)

    def git(self, *words, check=True, stdin=None, env=None):
        who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER")
               for part, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"), ("DATE", f"{self.clock} +0000"))}  # fmt: skip
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *words],
            cwd=self.path,
            capture_output=True,
            check=False,
            input=stdin,
            env={**clean, **who, "GIT_CONFIG_GLOBAL": "/dev/null", **(env or {})},
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.decode(errors="replace").strip()

    def write(self, name, data):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return self

    def commit(self, message="a change", **files):
        """Commit ``name=content`` (``None`` removes; ``__`` in a name is a slash, ``_0`` a dot); the commit's name."""
        for name, data in files.items():
            name = name.replace("__", "/").replace("_0", ".")
            if data is None:
                self.git("rm", "-q", name)
            else:
                self.write(name, data)
                self.git("add", "-f", name)
        self.clock += 60
        self.git("commit", "-q", "--allow-empty", "--no-verify", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path):
    return Repo(tmp_path / "repo")


@pytest.fixture
def scan(rules):
    def run(target, jobs=1, **options):
        return Scanner(rules, jobs=jobs, **options).scan(target)

    return run
