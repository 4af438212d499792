"""A real Redis for tests and demonstrations: a throw-away server on a free loopback port.

The program is the system's (Debian: ``redis-server``; its own service is not touched). Nothing is written to disk.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .machine import free_port

if TYPE_CHECKING:
    from types import TracebackType

START_LIMIT = 30.0
SUPERUSER = "default"


class RedisServer:
    """A running server. ``host`` and ``port`` are where it listens, ``password`` is that of the user ``default``.

    A context manager; ``stop`` and ``start`` play an outage, after which it is empty.
    """

    host = "127.0.0.1"

    def __init__(self) -> None:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        if found is None:
            raise ConfigError("Redis' program is missing: apt install redis-server")
        self._program = found
        self._directory = tempfile.mkdtemp(prefix="wellkept-redis-")
        self._process: subprocess.Popen[bytes] | None = None
        self.password = secrets.token_urlsafe(18)
        self.port = free_port()
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start (again) on the same port, and wait until it answers."""
        config = (
            f"port {self.port}\nbind {self.host}\ndir {self._directory}\nsave ''\nappendonly no\n"
            f"user {SUPERUSER} on >{self.password} ~* &* +@all\n"
        )
        self._process = subprocess.Popen(
            [self._program, "-"],  # so that the password stands in no argument and no file
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._directory,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(config.encode())
        self._process.stdin.close()
        self._wait()

    def _wait(self) -> None:
        import redis

        end = time.monotonic() + START_LIMIT
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.RedisError as error:
                dead = self._process is None or self._process.poll() is not None
                if dead or time.monotonic() > end:
                    raise ConfigError(f"Redis did not come up ({type(error).__name__})") from None
            time.sleep(0.02)

    def client(self, *, user: str = SUPERUSER, password: str | None = None) -> Any:
        """A client of redis-py; by default the superuser's."""
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        return redis.Redis(
            self.host,
            self.port,
            username=user,
            password=self.password if password is None else password,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
        )

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

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
