"""URLs and the environment: what they may say, and what is refused with a word on what was expected."""

from __future__ import annotations

import pytest

from wellkept.errors import ConfigError
from wellkept.sources.url import parse_url
from wellkept.sources.vault.options import read_options


def options(url):
    return read_options(parse_url(url, base="/etc/app"))


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "mount"),
    [
        ("vault://vault.example.com/secret", "vault.example.com", 8200, True, "secret"),
        ("vault://vault.example.com:443/team/kv", "vault.example.com", 443, True, "team/kv"),
        ("bao://[::1]:8300/kv", "::1", 8300, True, "kv"),
        ("bao://[::1]/kv", "::1", 8200, True, "kv"),
        ("vault+http://localhost:8100/secret/", "localhost", 8100, False, "secret"),
        ("bao+http://127.0.0.1/secret", "127.0.0.1", 8200, False, "secret"),
        ("vault+http://vault.mesh/secret?plaintext=allowed", "vault.mesh", 8200, False, "secret"),
    ],
)
def test_where_a_url_points(url, host, port, tls, mount):
    found = options(url)
    assert (found.host, found.port, found.tls, found.mount) == (host, port, tls, mount)


@pytest.mark.parametrize(
    ("variable", "address", "tls", "authority"),
    [
        ("VAULT_ADDR", "https://vault.example.com:8200", True, "vault.example.com:8200"),
        ("BAO_ADDR", "http://127.0.0.1:8200/", False, "127.0.0.1:8200"),
    ],
)
def test_without_a_host_the_environments_address_is_taken(monkeypatch, variable, address, tls, authority):
    monkeypatch.setenv(variable, address)
    found = options("vault:///secret?prefix=prod/app")
    assert (found.tls, found.authority, found.prefix) == (tls, authority, "prod/app")
    assert found.printable == f"vault://{authority}/secret?prefix=prod/app"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("vault:secret", "vault://HOST"),
        ("vault:///secret", "VAULT_ADDR"),
        ("vault://h:1", "mount"),
        ("vault://h:1/", "mount"),
        ("vault://h:1/a/../b", "mount"),
        ("vault://h:port/secret", "port"),
        ("vault://h:99999/secret", "port"),
        ("vault://:8200/secret", "host"),
        ("vault://h%20h/secret", "host"),
        ("vault+http://vault.example.com/secret", "unencrypted"),
        ("vault+http://127.example.com/secret", "unencrypted"),
        ("vault://h/secret?plaintext=yes", "plaintext"),
        ("vault://h/secret?kv=3", "kv="),
        ("vault://h/secret?value=raw", "value="),
        ("vault://h/secret?auth=magic", "approle"),
        ("vault://h/secret?prefix=a//b", "prefix"),
        ("vault://h/secret?timeout=soon", "timeout"),
        ("vault://h/secret?timeout=0", "timeout"),
        ("vault://h/secret?password=x", "password_file"),
    ],
)
def test_what_is_refused_says_what_was_expected(url, said):
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        options(url)


def test_a_credential_in_the_url_is_refused_and_not_repeated():
    with pytest.raises(ConfigError, match="no user name or password") as caught:
        options("vault://user:hunter2@h/secret")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["vault.example.com:8200", "unix:///run/agent.sock", "https://h/path", "https://"]
)
def test_an_address_that_is_none_is_refused(monkeypatch, address):
    monkeypatch.setenv("VAULT_ADDR", address)
    with pytest.raises(ConfigError, match="VAULT_ADDR"):
        options("vault:///secret")


def test_plain_http_from_the_environment_is_held_to_the_same_rule(monkeypatch):
    monkeypatch.setenv("VAULT_ADDR", "http://vault.example.com:8200")
    with pytest.raises(ConfigError, match="unencrypted"):
        options("vault:///secret")


@pytest.mark.parametrize("name", ["VAULT_SKIP_VERIFY", "BAO_SKIP_VERIFY"])
def test_verification_cannot_be_switched_off(monkeypatch, name):
    monkeypatch.setenv(name, "true")
    with pytest.raises(ConfigError, match="VAULT_CACERT"):
        options("vault://h/secret")


def test_what_the_url_says_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("VAULT_ADDR", "https://other:1")
    monkeypatch.setenv("VAULT_NAMESPACE", "other")
    monkeypatch.setenv("VAULT_CACERT", "/other/ca.pem")
    monkeypatch.setenv("VAULT_CLIENT_TIMEOUT", "90s")
    found = options("vault://h/secret?namespace=team/a/&ca=tls/ca.pem&timeout=2.5")
    assert (found.host, found.namespace, found.ca_file, found.timeout) == (
        "h",
        "team/a",
        "/etc/app/tls/ca.pem",
        2.5,
    )
    found = options("vault://h/secret")
    assert (found.namespace, found.ca_file, found.timeout) == ("other", "/other/ca.pem", 90.0)


@pytest.mark.parametrize(("text", "seconds"), [("30", 30.0), ("1m", 60.0), ("500ms", 0.5), ("1h", 3600.0)])
def test_timeouts_are_written_as_go_writes_them(text, seconds):
    assert options(f"vault://h/secret?timeout={text}").timeout == seconds
