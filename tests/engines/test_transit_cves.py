"""What went wrong in transit engines elsewhere does not go wrong here; each case by its identifier."""

from __future__ import annotations

import base64
import itertools

import pytest

HELLO = base64.b64encode(b"hello").decode()
CONTEXT = base64.b64encode(b"context").decode()
AEADS = {"aes128-gcm96": 12, "aes256-gcm96": 12, "chacha20-poly1305": 12, "xchacha20-poly1305": 24}


@pytest.fixture
def transit(served):
    return served(t=("transit", {}))


def sealed(transit, name, **body):
    status, answer = transit.request("POST", f"t/encrypt/{name}", {"plaintext": HELLO, **body})
    assert status == 200, answer
    return base64.b64decode(answer["data"]["ciphertext"].split(":")[2])


@pytest.mark.parametrize("kind", AEADS)
@pytest.mark.parametrize("options", [{}, {"derived": True}, {"derived": True, "convergent_encryption": True}])
def test_cve_2023_4680_a_client_never_chooses_the_nonce(transit, kind, options):
    size = AEADS[kind]
    nonce = bytes(range(size))
    chosen = {"nonce": base64.b64encode(nonce).decode(), **({"context": CONTEXT} if options else {})}
    transit.request("POST", "t/keys/k", {"type": kind, **options})
    status, answer = transit.request("POST", "t/encrypt/k", {"plaintext": HELLO, **chosen})
    assert status == 200
    assert "nonce" in answer["warnings"][0]
    assert base64.b64decode(answer["data"]["ciphertext"].split(":")[2])[:size] != nonce
    status, answer = transit.request(
        "POST", "t/encrypt/k", {"batch_input": [{"plaintext": HELLO, **chosen}] * 2}
    )
    nonces = [
        base64.b64decode(each["ciphertext"].split(":")[2])[:size] for each in answer["data"]["batch_results"]
    ]
    assert nonce not in nonces
    assert (len(set(nonces)) == 1) == (len(options) == 2)


@pytest.mark.parametrize("kind", AEADS)
def test_cve_2023_4680_one_nonce_never_serves_two_associated_data(transit, kind):
    """Convergent encryption repeats a nonce on purpose: only where the whole ciphertext repeats with it."""
    transit.request("POST", "t/keys/k", {"type": kind, "derived": True, "convergent_encryption": True})
    size = AEADS[kind]
    data = [{}, {"associated_data": HELLO}, {"associated_data": CONTEXT}]
    found = [sealed(transit, "k", context=CONTEXT, **each) for each in data]
    again = [sealed(transit, "k", context=CONTEXT, **each) for each in data]
    assert found == again
    assert len({each[:size] for each in found}) == len(data)


def test_cve_2023_4680_random_nonces_do_not_repeat(transit):
    transit.request("POST", "t/keys/k", {})
    nonces = [sealed(transit, "k")[:12] for _ in range(200)]
    assert len(set(nonces)) == len(nonces)


@pytest.mark.parametrize(
    "kind", ["rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "hmac"]
)
def test_cve_2026_55776_a_kind_that_cannot_be_derived_from_is_refused_and_the_server_goes_on(transit, kind):
    for options in itertools.product([True], [True, False]):
        body = {"type": kind, **dict(zip(("derived", "convergent_encryption"), options, strict=True))}
        status, answer = transit.request("POST", "t/keys/k", body)
        assert status == 400
        assert "not supported for keys of type" in answer["errors"][0]
    assert transit.request("GET", "t/keys/k")[0] == 404
    assert transit.request("POST", "t/keys/k", {})[0] == 200


def test_cve_2026_55776_ed25519_derives_but_does_not_converge(transit):
    body = {"type": "ed25519", "derived": True, "convergent_encryption": True}
    assert transit.request("POST", "t/keys/k", body)[0] == 400
    assert transit.request("POST", "t/keys/k", {"type": "ed25519", "derived": True})[0] == 200


def test_cve_2026_55776_an_import_of_such_a_kind_is_refused(transit):
    body = {"type": "rsa-2048", "derived": True, "public_key": "x"}
    assert transit.request("POST", "t/keys/k/import", body)[0] == 400


def test_a_derived_key_does_nothing_without_a_context(transit):
    transit.request("POST", "t/keys/k", {"derived": True})
    assert transit.request("POST", "t/encrypt/k", {"plaintext": HELLO})[0] == 400
    first = sealed(transit, "k", context=CONTEXT)
    text = "vault:v1:" + base64.b64encode(first).decode()
    for context in ("", HELLO):
        assert transit.request("POST", "t/decrypt/k", {"ciphertext": text, "context": context})[0] == 400
    assert transit.request("POST", "t/decrypt/k", {"ciphertext": text, "context": CONTEXT})[0] == 200


@pytest.mark.parametrize(
    "backup", ["e30=", "W10=", "bnVsbA==", "eyJwb2xpY3kiOnt9fQ==", "MQ==", "IngI", "eyJwb2xpY3kiOltdfQ=="]
)
def test_a_backup_that_is_none_is_refused(transit, backup):
    """OpenBao 2.7.2 breaks the connection for the first of them."""
    status, answer = transit.request("POST", "t/restore/x", {"backup": backup})
    assert status == 400
    assert answer["errors"]
    assert transit.request("LIST", "t/keys")[0] == 404
