"""The configuration in its three languages; what is wrong is said with key, file and what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wellkept.errors import ConfigError
from wellkept.server.config import load

if TYPE_CHECKING:
    from pathlib import Path

HCL = """
ui = true
disable_mlock = true
api_addr = "https://vault.example:8200"
cluster_addr = "https://10.0.0.1:8201"
default_lease_ttl = "168h"
max_lease_ttl = "720h"
log_level = "debug"
workers = 2

storage "raft" {
  path    = "%(path)s/data"
  node_id = "node1"
}

listener "tcp" {
  address       = "127.0.0.1:8200"
  tls_cert_file = "/etc/cert.pem"
  tls_key_file  = "/etc/key.pem"
  tls_min_version = "tls13"
  max_request_duration = "30s"
  x_forwarded_for_authorized_addrs = "10.0.0.0/8, 192.168.0.1"
  x_forwarded_for_hop_skips = "1"
  custom_response_headers { "default" = { "X-Served-By" = ["wellkept"] } }
  telemetry { unauthenticated_metrics_access = true }
}
listener "unix" { address = "%(path)s/sock" }
seal "keyfile" { path = "%(path)s/key" }
telemetry { prometheus_retention_time = "30s" }
"""

JSON = """{"ui": true, "disable_mlock": true, "api_addr": "https://vault.example:8200", "cluster_addr": "https://10.0.0.1:8201",
 "default_lease_ttl": "168h", "max_lease_ttl": 2592000, "log_level": "debug", "workers": 2,
 "storage": {"raft": {"path": "%(path)s/data", "node_id": "node1"}},
 "listener": [{"tcp": {"address": "127.0.0.1:8200", "tls_cert_file": "/etc/cert.pem", "tls_key_file": "/etc/key.pem",
   "tls_min_version": "tls13", "max_request_duration": 30, "x_forwarded_for_authorized_addrs": ["10.0.0.0/8", "192.168.0.1"],
   "x_forwarded_for_hop_skips": 1, "custom_response_headers": {"default": {"X-Served-By": ["wellkept"]}},
   "telemetry": {"unauthenticated_metrics_access": "true"}}}, {"unix": {"address": "%(path)s/sock"}}],
 "seal": {"keyfile": {"path": "%(path)s/key"}}, "telemetry": {"prometheus_retention_time": "30s"}}"""

TOML = """
ui = true
api_addr = "https://vault.example:8200"
cluster_addr = "https://10.0.0.1:8201"
default_lease_ttl = "168h"
max_lease_ttl = "720h"
log_level = "debug"
workers = 2
storage = { type = "directory", path = "%(path)s/data" }
seal = { type = "keyfile", path = "%(path)s/key" }
telemetry = { prometheus_retention_time = "30s" }

[[listener]]
type = "tcp"
address = "127.0.0.1:8200"
tls_cert_file = "/etc/cert.pem"
tls_key_file = "/etc/key.pem"
tls_min_version = "tls13"
max_request_duration = "30s"
x_forwarded_for_authorized_addrs = ["10.0.0.0/8", "192.168.0.1"]
x_forwarded_for_hop_skips = 1
custom_response_headers = { X-Served-By = "wellkept" }
unauthenticated_metrics_access = true

[[listener]]
type = "unix"
address = "%(path)s/sock"
"""


def write(directory: Path, name: str, text: str) -> str:
    file = directory / name
    file.write_text(text)
    return str(file)


def test_the_three_languages_say_the_same(tmp_path: Path) -> None:
    found = [
        load([write(tmp_path, name, text % {"path": tmp_path})])
        for name, text in (("a.hcl", HCL), ("a.json", JSON), ("a.toml", TOML))
    ]
    for loaded in found:
        assert loaded.warnings == ()
        loaded.settings.files = ()
    first = found[0].settings
    assert found[1].settings == first
    assert found[2].settings == first
    tcp, unix = first.listeners
    assert (tcp.address, tcp.tls_min_version, tcp.max_request_duration) == (
        "https://127.0.0.1:8200",
        "tls13",
        30.0,
    )
    assert [str(network) for network in tcp.forwarding.trusted] == ["10.0.0.0/8", "192.168.0.1/32"]
    assert tcp.forwarding.skips == 1
    assert tcp.headers == {"X-Served-By": "wellkept"}
    assert tcp.unauthenticated_metrics
    assert unix.address == f"unix://{tmp_path}/sock"
    assert (first.default_lease_ttl, first.workers, first.seal.kind) == (604800.0, 2, "keyfile")


def test_a_directory_is_read_file_by_file(tmp_path: Path) -> None:
    write(tmp_path, "1.hcl", f'storage "file" {{ path = "{tmp_path}/d" }}\nlog_level = "warn"')
    write(tmp_path, "2.json", '{"listener": {"tcp": {"tls_disable": 1}}, "log_level": "error"}')
    write(tmp_path, "notes.txt", "no configuration")
    loaded = load([str(tmp_path)])
    assert loaded.settings.log_level == "error"
    assert loaded.settings.listeners[0].address == "http://127.0.0.1:8200"


def test_all_problems_are_said_at_once_with_key_file_and_what_was_expected(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "bad.hcl",
        """
        storage "consul" { address = "x" }
        listener "tcp" { address = "127.0.0.1:abc" tls_min_version = "tls10" max_request_duration = "soon" }
        ui = "maybe"
        workers = -1
        x = 1
        """,
    )
    with pytest.raises(ConfigError) as wrong:
        load([file])
    text = str(wrong.value)
    for part in (
        f'{file}: storage: expected "directory"',
        f'{file}: listener "tcp": address: expected a host and a port',
        "tls_min_version: expected tls12 or tls13",
        "max_request_duration: expected a length of time",
        "tls_cert_file and tls_key_file: expected the files",
        f"{file}: ui: expected true or false",
        f"{file}: workers: expected a whole number",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.hcl", "ui = ", "not valid HCL"),
        ("a.hcl", 'listener "tcp" {', "not valid HCL"),
        ("a.json", '{"ui": ', "not valid HCL or JSON"),
        ("a.toml", "ui = ", "not valid TOML"),
        ("a.hcl", "", "expected a storage"),
        ("a.hcl", 'listener = 5\nstorage "file" {}', "expected a block"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load([write(tmp_path, name, text)])
    with pytest.raises(ConfigError, match="cannot be read"):
        load([str(tmp_path / "absent.hcl")])


def test_an_unknown_key_is_a_warning_that_names_the_nearest(tmp_path: Path) -> None:
    base = f'storage "file" {{ path = "{tmp_path}/d" }}\nlistener "tcp" {{ tls_disable = true\ntls_cert = "x" }}\n'
    loaded = load(
        [write(tmp_path, "a.hcl", base + 'log_levle = "info"\nplugin_directory = "/p"\ndisable_mlock = true')]
    )
    shown = "\n".join(loaded.warnings)
    assert "unknown or unsupported key log_levle; did you mean log_level?" in shown
    assert 'unknown or unsupported key listener "tcp": tls_cert; did you mean tls_cert_file?' in shown
    assert "plugin_directory has no effect here" in shown
    assert "mlock" not in shown


def test_a_directory_with_another_servers_data_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "vault.db").touch()
    with pytest.raises(ConfigError, match="another server's data"):
        load(
            [
                write(
                    tmp_path,
                    "a.hcl",
                    f'storage "raft" {{ path = "{tmp_path}" }}\nlistener "tcp" {{ tls_disable = true }}',
                )
            ]
        )
