"""What a server is told: listeners, storage, seal, limits. Plain values; ``config`` reads them from files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .forwarded import Forwarding
from .limits import MAX_BODY, MAX_JSON_MEMORY, MAX_JSON_STRINGS, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 86400.0


@dataclass(slots=True)
class ListenerSettings:
    """One address to listen at: ``host`` and ``port``, or the path of a Unix ``socket``. Times in seconds."""

    host: str = "127.0.0.1"
    port: int = 8200
    socket: str = ""
    socket_mode: int = 0o600
    tls: bool = True
    tls_cert_file: str = ""
    tls_key_file: str = ""
    tls_client_ca_file: str = ""
    tls_require_client_cert: bool = False
    tls_request_client_cert: bool = True
    tls_min_version: str = "tls12"
    tls_max_version: str = "tls13"
    tls_cipher_suites: str = ""
    max_request_size: int = MAX_BODY
    max_request_duration: float = 90.0
    max_request_json_memory: int = MAX_JSON_MEMORY
    max_request_json_strings: int = MAX_JSON_STRINGS
    http_read_header_timeout: float = 10.0
    http_read_timeout: float = 30.0
    http_write_timeout: float = 60.0
    http_idle_timeout: float = 300.0
    max_connections: int = 0
    forwarding: Forwarding = field(default_factory=Forwarding)
    unauthenticated_rekey: bool = False
    unauthenticated_generate_root: bool = False
    unauthenticated_metrics: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        return Limits(
            self.max_request_size,
            self.max_request_json_memory,
            self.max_request_json_strings,
            duration=self.max_request_duration,
        )

    @property
    def address(self) -> str:
        """As a client is told: ``https://127.0.0.1:8200``."""
        if self.socket:
            return f"unix://{self.socket}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


@dataclass(slots=True)
class StorageSettings:
    """``kind`` is ``directory`` (SQLite and the audit log in ``path``)."""

    path: str
    kind: str = "directory"


@dataclass(slots=True)
class SealSettings:
    """``shamir``, ``keyfile`` or ``passphrase``; ``path``: the key file, or the file with the passphrase."""

    kind: str = "shamir"
    path: str = ""


@dataclass(slots=True)
class Settings:
    """All of it. ``workers``: processes that serve; ``cache_size``: bytes that each remembers of the storage."""

    storage: StorageSettings
    listeners: list[ListenerSettings] = field(default_factory=list)
    seal: SealSettings = field(default_factory=SealSettings)
    workers: int = 1
    cache_size: int = 64 << 20
    threads: int = 64
    api_addr: str = ""
    cluster_addr: str = ""
    cluster_name: str = ""
    ui: bool = False
    log_level: str = "info"
    log_file: str = ""
    log_format: str = "standard"
    pid_file: str = ""
    default_lease_ttl: float = 32 * DAY
    max_lease_ttl: float = 32 * DAY
    raw_storage_endpoint: bool = False
    shutdown_patience: float = 30.0
    kv_at_secret: bool = False
    telemetry: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    """Where it was read, to be read again on SIGHUP."""

    def shown(self) -> dict[str, Any]:
        """Without anything secret, in the form of ``sys/config/state/sanitized``."""
        return {
            "api_addr": self.api_addr,
            "cluster_addr": self.cluster_addr,
            "cluster_name": self.cluster_name,
            "default_lease_ttl": int(self.default_lease_ttl),
            "max_lease_ttl": int(self.max_lease_ttl),
            "disable_cache": False,
            "disable_mlock": True,
            "enable_ui": self.ui,
            "raw_storage_endpoint": self.raw_storage_endpoint,
            "log_level": self.log_level,
            "log_format": self.log_format,
            "pid_file": self.pid_file,
            "listeners": [
                {
                    "type": "unix" if each.socket else "tcp",
                    "config": {"address": each.address, "tls_disable": not each.tls},
                }
                for each in self.listeners
            ],
            "storage": {
                "type": self.storage.kind,
                "cluster_addr": self.cluster_addr,
                "disable_clustering": True,
            },
            "seals": [{"type": self.seal.kind, "disabled": False}],
        }
