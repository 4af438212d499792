"""Whole stories with the installed command: a project directory of its own, an environment with nothing else in it."""

import os
import subprocess
import sys

BIN = os.path.dirname(sys.executable)


class Project:
    """A directory in which ``wellkept`` is typed. ``home``, ``tmp`` and ``config`` are its own, too."""

    def __init__(self, root):
        self.root = root / "project"
        self.home, self.tmp, self.config = root / "home", root / "tmp", root / "config"
        for directory in (self.root, self.home, self.tmp, self.config):
            directory.mkdir()
        self.env = {
            "PATH": BIN + os.pathsep + os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "XDG_CONFIG_HOME": str(self.config),
            "LANG": "C.UTF-8",
        }

    def popen(self, *arguments, env=(), **options):
        return subprocess.Popen(
            [os.path.join(BIN, "wellkept"), *arguments],
            cwd=self.root,
            env={**self.env, **dict(env)},
            stdin=options.pop("stdin", subprocess.PIPE),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def run(self, *arguments, stdin=b"", env=(), timeout=60):
        """Type a command; returns the finished process with ``stdout`` and ``stderr`` as bytes."""
        process = self.popen(*arguments, env=env)
        out, err = process.communicate(stdin, timeout)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def ok(self, *arguments, stdin=b"", env=()):
        """Type a command that must succeed; returns what it printed."""
        done = self.run(*arguments, stdin=stdin, env=env)
        assert done.returncode == 0, (arguments, done.returncode, done.stderr.decode(errors="replace"))
        assert b"Traceback" not in done.stderr
        return done.stdout
