"""TLS: which versions are spoken, whose certificates are asked for, and what becomes of them."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from wellkept.errors import ConfigError
from wellkept.server import tls
from wellkept.server.exchange import Answer, Exchange
from wellkept.server.settings import ListenerSettings
from wellkept.testing.certificates import Authority

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(str(tmp_path))


def settings(authority: Authority, **more: object) -> ListenerSettings:
    return ListenerSettings(
        tls_cert_file=authority.certificate_file,
        tls_key_file=authority.key_file,
        **more,  # type: ignore[arg-type]
    )


def shake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """A handshake in memory; server's and client's side."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    for _ in range(6):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
    return ours, theirs


def client(authority: Authority, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=authority.ca_file)
    if version is not None:
        made.minimum_version = made.maximum_version = version
    return made


@pytest.mark.parametrize(
    ("version", "name"), [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")]
)
def test_both_versions_are_spoken(authority: Authority, version: ssl.TLSVersion, name: str) -> None:
    ours, _ = shake(tls.context(settings(authority)), client(authority, version))
    assert ours.version() == name
    assert "GCM" in ours.cipher()[0] or "CHACHA" in ours.cipher()[0]  # type: ignore[index]


def test_only_the_newer_where_it_is_asked_for(authority: Authority) -> None:
    with pytest.raises(ssl.SSLError):
        shake(
            tls.context(settings(authority, tls_min_version="tls13")),
            client(authority, ssl.TLSVersion.TLSv1_2),
        )


def test_a_client_certificate_is_asked_for_verified_and_told(authority: Authority) -> None:
    server = tls.context(settings(authority, tls_client_ca_file=authority.ca_file))
    without, _ = shake(server, client(authority))
    assert without.getpeercert(True) is None
    known = client(authority)
    known.load_cert_chain(*authority.client("app"))
    ours, _ = shake(server, known)
    assert ours.getpeercert(True)


def test_where_one_is_required_nobody_comes_in_without(authority: Authority, tmp_path: Path) -> None:
    server = tls.context(
        settings(authority, tls_client_ca_file=authority.ca_file, tls_require_client_cert=True)
    )
    with pytest.raises(ssl.SSLError):
        shake(server, client(authority, ssl.TLSVersion.TLSv1_2))
    (tmp_path / "other").mkdir()
    stranger = client(authority, ssl.TLSVersion.TLSv1_2)
    stranger.load_cert_chain(*Authority(str(tmp_path / "other")).client("stranger"))
    with pytest.raises(ssl.SSLError):
        shake(server, stranger)


def test_a_renewed_certificate_is_shown_from_then_on_and_a_broken_one_is_not(authority: Authority) -> None:
    listener = settings(authority)
    server = tls.context(listener)
    first = shake(server, client(authority))[1].getpeercert(True)
    authority.server()
    tls.renew(server, listener)
    second = shake(server, client(authority))[1].getpeercert(True)
    assert second != first
    with open(authority.key_file, "w") as file:
        file.write("broken")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        tls.renew(server, listener)
    assert shake(server, client(authority))[1].getpeercert(True) == second


@pytest.mark.parametrize(
    "suites", ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"]
)
def test_cipher_suites_have_the_names_that_go_gives_them(authority: Authority, suites: str) -> None:
    server = tls.context(settings(authority, tls_cipher_suites=suites))
    ours, _ = shake(server, client(authority, ssl.TLSVersion.TLSv1_2))
    assert ours.cipher()[0].replace("-", "")[-20:] in suites.replace("_", "").replace("WITH", "")  # type: ignore[index]
    with pytest.raises(ConfigError, match="tls_cipher_suites"):
        tls.context(settings(authority, tls_cipher_suites="TLS_NOTHING"))


def test_the_app_gets_the_clients_certificate(authority: Authority) -> None:
    """Through the transport, over a real connection."""
    from server.test_http1 import Echo, Running

    class Shows(Echo):
        def now(self, exchange: Exchange) -> Answer:
            assert exchange.certificate is not None
            return Answer(200, exchange.certificate() or b"none")

    server = tls.context(settings(authority, tls_client_ca_file=authority.ca_file))
    running = Running(app=Shows(), tls=server)
    try:
        context = client(authority)
        pair = authority.client("app")
        context.load_cert_chain(*pair)
        with socket.create_connection(running.address, timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(b"GET /now HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                parts = []
                while part := secure.recv(4096):
                    parts.append(part)
        with open(pair.certificate_file) as file:
            assert b"".join(parts).endswith(ssl.PEM_cert_to_DER_cert(file.read()))
    finally:
        running.close()
