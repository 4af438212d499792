"""TLS is verified, always: a private authority is named, a stranger's certificate is refused."""

from __future__ import annotations

import ssl

import pytest

from wellkept.errors import ConfigError, Unavailable
from wellkept.testing.certificates import Authority
from wellkept.testing.faults import FaultProxy


@pytest.fixture
def bao(openbao_tls, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", openbao_tls.root_token)
    openbao_tls.write("tls", {"value": "over TLS"})
    return openbao_tls


def test_a_private_authority_named_in_the_url(bao, opened):
    assert opened(bao.url()).read("tls").reveal() == "over TLS"


@pytest.mark.parametrize("name", ["VAULT_CACERT", "BAO_CACERT"])
def test_a_private_authority_named_in_the_environment(bao, opened, monkeypatch, name):
    monkeypatch.setenv(name, bao.ca_file)
    assert opened(f"vault://127.0.0.1:{bao.port}/secret").read("tls").reveal() == "over TLS"


def test_a_directory_of_authorities(bao, opened, monkeypatch, tmp_path):
    import os
    import subprocess

    authorities = tmp_path / "authorities"
    authorities.mkdir()
    os.symlink(bao.ca_file, authorities / "ca.pem")
    done = subprocess.run(["openssl", "rehash", str(authorities)], capture_output=True)
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("VAULT_CAPATH", str(authorities))
    assert opened(f"vault://127.0.0.1:{bao.port}/secret").read("tls").reveal() == "over TLS"


def test_the_whole_address_from_the_environment(bao, opened, monkeypatch):
    monkeypatch.setenv("VAULT_ADDR", bao.address)
    monkeypatch.setenv("VAULT_CACERT", bao.ca_file)
    assert opened("vault:///secret").read("tls").reveal() == "over TLS"


def test_an_unknown_authority_is_refused_and_the_error_says_what_to_name(bao, opened):
    with pytest.raises(Unavailable, match=r"not trusted.*ca="):
        opened(f"vault://127.0.0.1:{bao.port}/secret").read("tls")


def test_another_authority_is_refused(bao, opened, tmp_path):
    other = Authority(str(tmp_path))
    with pytest.raises(Unavailable, match="not trusted"):
        opened(f"vault://127.0.0.1:{bao.port}/secret?ca={other.ca_file}").read("tls")


def test_a_certificate_for_another_name_is_refused_unless_that_name_is_expected(bao, opened):
    url = f"vault://127.0.0.1:{bao.port}/secret?ca={bao.ca_file}"
    with pytest.raises(Unavailable, match="not trusted"):
        opened(f"{url}&server_name=vault.example.com").read("tls")
    assert opened(f"{url}&server_name=localhost").read("tls").reveal() == "over TLS"


def test_plain_http_to_a_tls_port_says_nothing_secret_and_fails(bao, opened):
    from wellkept.errors import Malformed

    with pytest.raises(Malformed):
        opened(f"vault+http://127.0.0.1:{bao.port}/secret?kv=2").read("tls")


def test_tls_to_a_plain_port_is_unavailable(openbao, bao, opened):
    with pytest.raises(Unavailable):
        opened(f"vault://127.0.0.1:{openbao.port}/secret").read("tls")


@pytest.mark.parametrize("content", [None, "", "not PEM"])
def test_a_ca_file_that_is_none_is_named(bao, opened, tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=str(path)):
        opened(f"vault://127.0.0.1:{bao.port}/secret?ca={path}").read("tls")


def test_a_client_certificate_is_shown_to_whoever_demands_one(bao, opened):
    pair = bao.authority.client("app")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bao.authority.certificate_file, bao.authority.key_file)
    context.load_verify_locations(bao.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    upstream = ssl.create_default_context(cafile=bao.ca_file)
    with FaultProxy(bao.address, tls=context, upstream_tls=upstream) as proxy:
        url = f"vault://127.0.0.1:{proxy.port}/secret?ca={bao.ca_file}"
        with pytest.raises(Unavailable):
            opened(url).read("tls")
        certified = f"{url}&client_cert={pair.certificate_file}&client_key={pair.key_file}"
        assert opened(certified).read("tls").reveal() == "over TLS"


def test_many_reads_over_tls_share_the_handshake(bao, opened):
    source = opened(bao.url())
    for _ in range(5):
        source.read("tls")
    assert len(source.session._wire.pool._idle) == 1
    assert set(source.read_many(["tls", "absent"])) == {"tls", "absent"}


def test_a_certificate_that_is_renewed_on_disk_is_used_for_the_next_connection(bao, opened, tmp_path):
    import shutil

    from wellkept.errors import Unavailable as Refused

    stranger = Authority(str(tmp_path))
    trusted = tmp_path / "trusted.pem"
    shutil.copy(bao.ca_file, trusted)
    source = opened(f"vault://127.0.0.1:{bao.port}/secret?ca={trusted}")
    assert source.read("tls").reveal() == "over TLS"
    shutil.copy(stranger.ca_file, trusted)
    source.close()
    with pytest.raises(Refused, match="not trusted"):
        source.read("tls")
    shutil.copy(bao.ca_file, trusted)
    assert source.read("tls").reveal() == "over TLS"
