import io
import json
import os
import subprocess
import sys
from typing import NamedTuple

import pytest

from wellkept.cli import main

SCRUBBED = ("WELLKEPT_", "XDG_", "NO_COLOR", "COLUMNS")


class Result(NamedTuple):
    code: int
    bytes: bytes
    err: str

    @property
    def out(self) -> str:
        return self.bytes.decode()

    @property
    def json(self):
        return json.loads(self.bytes)


class Project:
    """A directory ``shop`` with its own home, so that no test sees another's keys or the developer's."""

    def __init__(self, directory, home, monkeypatch):
        self.directory = directory
        self.home = home
        self._monkeypatch = monkeypatch

    def __call__(self, *words: str, stdin: bytes | str = b"") -> Result:
        """Run a command in this process; stdin is a pipe."""
        text = stdin.encode() if isinstance(stdin, str) else stdin
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text), "utf-8"))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main(list(words))
        out.flush()
        return Result(code, out.buffer.getvalue(), err.getvalue())

    def ok(self, *words: str, stdin: bytes | str = b"") -> Result:
        """Run a command that must succeed."""
        result = self(*words, stdin=stdin)
        assert result.code == 0, f"{words}: {result.code}, {result.err}"
        return result

    def process(self, *words: str, **options) -> subprocess.CompletedProcess:
        """Run a command as a process of its own."""
        options.setdefault("cwd", self.directory)
        return subprocess.run(
            [sys.executable, "-m", "wellkept", *words],
            capture_output=True,
            timeout=60,
            check=False,
            **options,
        )

    def start(self, *words: str, **options) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "wellkept", *words],
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def write(self, name: str, content: str | bytes) -> str:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


@pytest.fixture(scope="session")
def compiled_rules(tmp_path_factory):
    """A cache of its own for the whole run: compiling the scanner's rules takes seconds."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if base.name.startswith("popen-") else base) / "cache"


@pytest.fixture
def bare(tmp_path, monkeypatch, compiled_rules):
    """A project without a store."""
    for name in list(os.environ):
        if name.startswith(SCRUBBED):
            monkeypatch.delenv(name)
    directory, home = tmp_path / "shop", tmp_path / "home"
    directory.mkdir()
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(compiled_rules))
    monkeypatch.chdir(directory)
    return Project(directory, home, monkeypatch)


@pytest.fixture
def shop(bare):
    """A project with an empty store, sealed by a key file."""
    bare.ok("init", "--no-hook")
    return bare
