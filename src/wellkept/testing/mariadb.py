"""A real MariaDB for tests and demonstrations: a throw-away server on a free loopback port.

The programs are the system's (Debian: ``mariadb-server``; its own service is not touched). Under root the server runs
as ``nobody``. The data lie in a temporary directory and go with it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .machine import free_port, unprivileged_uid

if TYPE_CHECKING:
    from types import TracebackType

START_LIMIT = 60.0
SUPERUSER = "root"


class MariaDBServer:
    """A running server. ``host`` and ``port`` are where it listens, ``password`` is that of ``root``, from any host.

    A context manager; ``stop`` and ``start`` may be called in between to play an outage (the data stays).
    """

    host = "127.0.0.1"

    def __init__(self) -> None:
        self._program = _program("mariadbd", "mysqld")
        self._directory = tempfile.mkdtemp(prefix="wellkept-mariadb-")
        self._data = os.path.join(self._directory, "data")
        self._uid = unprivileged_uid()
        self._process: subprocess.Popen[bytes] | None = None
        self.password = secrets.token_urlsafe(18)
        self.port = free_port()
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise

    def _initialise(self) -> None:
        if self._uid is not None:
            os.chown(self._directory, self._uid, -1)
        subprocess.run(
            [
                _program("mariadb-install-db", "mysql_install_db"),
                "--no-defaults",
                f"--datadir={self._data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._directory,
            env=self._environment(),
            check=True,
            user=self._uid,
            extra_groups=() if self._uid is not None else None,
        )
        self._first = os.path.join(self._directory, "first.sql")
        with open(os.open(self._first, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(
                f"CREATE USER '{SUPERUSER}'@'%' IDENTIFIED BY '{self.password}';\n"
                f"GRANT ALL PRIVILEGES ON *.* TO '{SUPERUSER}'@'%' WITH GRANT OPTION;\n"
                "DELETE FROM mysql.global_priv WHERE User IN ('root', '') AND Host <> '%';\nFLUSH PRIVILEGES;\n"
            )
        if self._uid is not None:
            os.chown(self._first, self._uid, -1)

    def start(self) -> None:
        """Start (again) on the same port, and wait until it answers."""
        first = [f"--init-file={self._first}"] if os.path.exists(self._first) else []
        with open(os.path.join(self._directory, "log"), "ab") as log:
            self._process = subprocess.Popen(
                [
                    self._program, "--no-defaults", f"--datadir={self._data}", f"--bind-address={self.host}",
                    f"--port={self.port}", f"--socket={self._directory}/socket", f"--pid-file={self._directory}/pid",
                    "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M",
                    *first,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                env=self._environment(),
                user=self._uid,
                extra_groups=() if self._uid is not None else None,
            )  # fmt: skip
        self._wait()
        if first:
            os.unlink(self._first)

    def _wait(self) -> None:
        end = time.monotonic() + START_LIMIT
        import pymysql

        while True:
            try:
                self.connect().close()
                return
            except pymysql.Error as error:
                dead = self._process is None or self._process.poll() is not None
                if dead or time.monotonic() > end:
                    raise ConfigError(f"MariaDB did not come up ({type(error).__name__})") from None
            time.sleep(0.05)

    def connect(
        self, *, user: str = SUPERUSER, password: str | None = None, database: str | None = None
    ) -> Any:
        """A connection by PyMySQL, in autocommit mode; by default the superuser's."""
        import pymysql

        secret = self.password if password is None else password
        return pymysql.connect(
            host=self.host, port=self.port, user=user, password=secret, database=database, autocommit=True
        )

    def execute(self, statement: str) -> tuple[Any, ...]:
        """Run one statement as the superuser; its rows."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return tuple(cursor.fetchall())
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop the server and remove its directory."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> MariaDBServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self._directory, "LC_ALL": "C"}


def _program(*names: str) -> str:
    for name in names:
        found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin:" + os.environ.get("PATH", ""))
        if found is not None:
            return found
    raise ConfigError("MariaDB's programs are missing: apt install mariadb-server")
