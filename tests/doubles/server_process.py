"""``wellkept server`` as users start it: a process of its own, with workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

LIMIT = 30.0


class Process:
    """A server over ``directory/store`` with ``config`` (HCL) besides its storage and listener; ``start`` waits until
    all of its workers answer."""

    def __init__(self, directory: Path, config: str = "", *, listener: str = "tls_disable = true") -> None:
        self.directory = directory
        self.log = directory / "log"
        self.tls = "tls_disable" not in listener
        self.context: ssl.SSLContext | None = None
        self._template = (
            f'storage "directory" {{ path = "{directory}/store" }}\n'
            f'listener "tcp" {{ address = "127.0.0.1:%d"\n{listener} }}\n{config}\n'
        )
        self.config = directory / "server.hcl"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self) -> Process:
        self.config.write_text(self._template % self.port)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wellkept", "server", f"-config={self.config}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "HOME": str(self.directory)},
            )
        self.wait_for(lambda: "server started" in self.said())
        return self

    @property
    def address(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def said(self) -> str:
        return self.log.read_text()

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """Status and parsed answer, on a connection of its own."""
        request = urllib.request.Request(
            f"{self.address}/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Vault-Token": token} if token else {},
        )
        try:
            with urllib.request.urlopen(request, timeout=LIMIT, context=self.context) as answer:
                content = answer.read()
                return answer.status, json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            with error:
                content = error.read()
            return error.code, json.loads(content) if content else None

    def initialise(self, shares: int = 3, threshold: int = 2) -> tuple[str, list[str]]:
        """Root token and shares; open afterwards."""
        status, made = self.call("PUT", "sys/init", {"secret_shares": shares, "secret_threshold": threshold})
        assert status == 200, made
        for key in made["keys"][:threshold]:
            self.call("PUT", "sys/unseal", {"key": key})
        return made["root_token"], made["keys"]

    def workers(self) -> list[int]:
        assert self.process is not None
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            return [int(pid) for pid in file.read().split()]

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """Its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT)

    def kill(self) -> None:
        """All of its processes at once, as when the machine loses power but for what the disk was given."""
        assert self.process is not None
        workers = self.workers()
        self.process.kill()
        for pid in workers:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it had ended by itself
        self.process.wait()

    def wait_for(self, condition: Any) -> None:
        end = time.monotonic() + LIMIT
        while not condition():
            assert self.process is not None
            assert self.process.poll() is None or condition(), self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)

    def __enter__(self) -> Process:
        return self.start()

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.kill()
            children = self.workers() if os.path.exists(f"/proc/{self.process.pid}/task") else []
            self.process.wait()
            for pid in children:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


def memory(pid: int, what: str = "VmHWM") -> int:
    """Bytes of a process: at its largest, or now (``VmRSS``)."""
    with open(f"/proc/{pid}/status") as file:
        return sum(int(line.split()[1]) << 10 for line in file if line.startswith(what + ":"))


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
