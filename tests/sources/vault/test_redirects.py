"""A standby that sends its clients to the active node: followed once, to the same request, never out of TLS."""

from __future__ import annotations

import ssl

import pytest

from wellkept.errors import Unavailable
from wellkept.testing.faults import FaultProxy, answer


@pytest.fixture
def standby(openbao):
    """A node that never answers itself."""
    with FaultProxy(openbao.address) as made:
        yield made


@pytest.fixture
def secret(bao):
    bao.write("redirected", {"value": "from the active node"})
    return "redirected"


def to(target):
    return answer(307, "", {"Location": target})


def redirecting(base):
    def play(exchange):
        to(base + exchange.request.path)(exchange)

    return play


def test_the_active_node_answers_instead(openbao, standby, secret, opened):
    standby.fault(redirecting(openbao.address))
    source = opened(f"vault+http://127.0.0.1:{standby.port}/secret")
    assert source.read(secret).reveal() == "from the active node"
    assert source.read_many([secret])[secret].reveal() == "from the active node"


def test_only_one_redirect_is_followed(openbao, standby, secret, opened):
    standby.fault(redirecting(standby.url))
    with pytest.raises(Unavailable, match="elsewhere"):
        opened(f"vault+http://127.0.0.1:{standby.port}/secret?kv=2").read(secret)
    assert len(standby.requests) == 2


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.2:1/v1/secret/data/redirected", "http://127.0.0.1:1/v1/sys/seal", "/v1/secret/data/redirected",
     "https://127.0.0.1:1/v1/secret/data/redirected", "http://127.0.0.1:port/v1/secret/data/redirected", ""],
)  # fmt: skip
def test_the_token_goes_nowhere_else(standby, secret, opened, target):
    standby.fault(to(target))
    with pytest.raises(Unavailable, match="elsewhere"):
        opened(f"vault+http://127.0.0.1:{standby.port}/secret?kv=2").read(secret)


def test_tls_is_never_left(openbao, openbao_tls, secret, opened, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(openbao_tls.authority.certificate_file, openbao_tls.authority.key_file)
    with FaultProxy(openbao.address, tls=context) as standby, FaultProxy(openbao.address) as listener:
        standby.fault(redirecting(listener.url))
        with pytest.raises(Unavailable, match="elsewhere"):
            opened(f"vault://127.0.0.1:{standby.port}/secret?kv=2&ca={openbao_tls.ca_file}").read(secret)
        assert listener.requests == []


def test_the_active_node_must_show_a_certificate_of_the_same_authority(
    openbao, openbao_tls, opened, monkeypatch, tmp_path
):
    from wellkept.testing.certificates import Authority

    monkeypatch.setenv("VAULT_TOKEN", openbao_tls.root_token)
    openbao_tls.write("redirected", {"value": "from the active node"})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(openbao_tls.authority.certificate_file, openbao_tls.authority.key_file)
    stranger = Authority(str(tmp_path))
    strange = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    strange.load_cert_chain(stranger.certificate_file, stranger.key_file)
    with (
        FaultProxy(openbao.address, tls=context) as standby,
        FaultProxy(openbao.address, tls=strange) as thief,
    ):
        url = f"vault://127.0.0.1:{standby.port}/secret?kv=2&ca={openbao_tls.ca_file}"
        standby.fault(redirecting(thief.url), times=1)
        with pytest.raises(Unavailable, match="not trusted"):
            opened(url).read("redirected")
        assert thief.requests == []
        standby.fault(redirecting(openbao_tls.address))
        assert opened(url).read("redirected").reveal() == "from the active node"
