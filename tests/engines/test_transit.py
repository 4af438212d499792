"""Transit where there is nobody to compare with: known answers, the clock, what storage and errors hold."""

from __future__ import annotations

import base64
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.core.retry import transact
from wellkept.core.view import WritingView
from wellkept.engines.transit.xchacha import XChaCha20Poly1305, hchacha20

HELLO = base64.b64encode(b"hello").decode()
HOUR = 3600


@pytest.fixture
def transit(served):
    return served(t=("transit", {}))


def test_hchacha20_gives_the_drafts_answer():
    """draft-irtf-cfrg-xchacha-03, section 2.2.1."""
    key = bytes(range(32))
    nonce = bytes.fromhex("000000090000004a0000000031415927")
    wanted = "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    assert hchacha20(key, nonce).hex() == wanted


def test_xchacha20_poly1305_gives_the_drafts_answer():
    """The same, appendix A.3.1."""
    plaintext = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
        b"would be it."
    )
    data = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    key = bytes(range(0x80, 0xA0))
    nonce = bytes(range(0x40, 0x58))
    sealed = XChaCha20Poly1305(key).encrypt(nonce, plaintext, data)
    assert sealed[:16].hex() == "bd6d179d3e83d43b9576579493c0e939"
    assert sealed[-16:].hex() == "c0875924c1c7987947deafd8780acf49"
    assert XChaCha20Poly1305(key).decrypt(nonce, sealed, data) == plaintext


def rotate_by_clock(transit):
    mount = transit.mounts["t"]
    transact(
        transit.barrier,
        lambda moment: mount.engine.tidy(WritingView(moment, mount.prefix), transit.clock.time()),
    )


def latest(transit, name):
    return transit.request("GET", f"t/keys/{name}")[1]["data"]["latest_version"]


def test_keys_rotate_by_the_clock_and_only_those_that_should(transit):
    transit.request("POST", "t/keys/turning", {"auto_rotate_period": "2h"})
    transit.request("POST", "t/keys/still", {})
    transit.request("POST", "t/keys/stopped", {"auto_rotate_period": "1h"})
    transit.request("POST", "t/keys/stopped/config", {"auto_rotate_period": 0})
    transit.request("POST", "t/keys/deleted", {"auto_rotate_period": "1h"})
    transit.request("DELETE", "t/keys/deleted/soft-delete")
    rotate_by_clock(transit)
    assert latest(transit, "turning") == 1
    transit.clock.advance(2 * HOUR)
    rotate_by_clock(transit)
    rotate_by_clock(transit)
    assert [latest(transit, name) for name in ("turning", "still", "stopped", "deleted")] == [2, 1, 1, 1]
    transit.clock.advance(2 * HOUR)
    rotate_by_clock(transit)
    assert latest(transit, "turning") == 3


def test_what_was_sealed_before_a_rotation_opens_after_it_and_not_below_the_least_version(transit):
    transit.request("POST", "t/keys/k", {})
    first = transit.request("POST", "t/encrypt/k", {"plaintext": HELLO})[1]["data"]["ciphertext"]
    transit.request("POST", "t/keys/k/rotate", {})
    assert transit.request("POST", "t/decrypt/k", {"ciphertext": first})[1]["data"]["plaintext"] == HELLO
    again = transit.request("POST", "t/rewrap/k", {"ciphertext": first})[1]["data"]["ciphertext"]
    assert again.startswith("vault:v2:")
    transit.request("POST", "t/keys/k/config", {"min_decryption_version": 2})
    assert transit.request("POST", "t/decrypt/k", {"ciphertext": first})[0] == 400
    assert transit.request("POST", "t/decrypt/k", {"ciphertext": again})[1]["data"]["plaintext"] == HELLO


def test_encrypting_with_a_key_that_is_there_writes_nothing(transit):
    transit.request("POST", "t/encrypt/k", {"plaintext": HELLO})
    revision = transit.barrier.revision()
    for path in ("encrypt", "hmac", "datakey/wrapped"):
        assert transit.request("POST", f"t/{path}/k", {"plaintext": HELLO, "input": HELLO})[0] == 200
    assert transit.barrier.revision() == revision


def test_a_key_that_is_deleted_is_forgotten_at_once(transit):
    transit.request("POST", "t/keys/k", {})
    text = transit.request("POST", "t/encrypt/k", {"plaintext": HELLO})[1]["data"]["ciphertext"]
    transit.request("POST", "t/keys/k/config", {"deletion_allowed": True})
    assert transit.request("DELETE", "t/keys/k")[0] == 204
    assert transit.request("POST", "t/decrypt/k", {"ciphertext": text})[0] == 400


def test_no_refusal_holds_what_was_given(transit):
    secret = "kept-secret-value"
    packed = base64.b64encode(secret.encode()).decode()
    transit.request("POST", "t/keys/k", {})
    transit.request("POST", "t/keys/r", {"type": "rsa-2048"})
    for path, body in (
        ("encrypt/k", {"plaintext": secret}),
        ("encrypt/k", {"plaintext": packed, "associated_data": secret}),
        ("encrypt/k", {"batch_input": secret}),
        ("decrypt/k", {"ciphertext": secret}),
        ("decrypt/k", {"ciphertext": "vault:v1:" + packed}),
        ("decrypt/r", {"ciphertext": "vault:v1:" + packed}),
        ("sign/r", {"input": secret}),
        ("restore", {"backup": packed}),
        ("keys/i/import", {"ciphertext": packed}),
        ("keys/i/import", {"type": "rsa-2048", "public_key": f"-----BEGIN {secret}"}),
        ("derive-key/x", {"peer_public_key": secret, "base_key_name": "k"}),
    ):
        status, answer = transit.request("POST", f"t/{path}", body)
        assert status == 400, path
        assert secret not in json.dumps(answer)
        assert packed not in json.dumps(answer)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["encrypt/k", "decrypt/k", "rewrap/k", "sign/s", "verify/s", "hmac/k", "keys/new", "restore", "keys/k/config", "derive-key/n"]),
    st.dictionaries(
        st.sampled_from(["plaintext", "ciphertext", "input", "signature", "hmac", "context", "associated_data", "batch_input", "key_version",
                         "type", "backup", "peer_public_key", "base_key_name", "min_decryption_version", "salt_length", "hash_algorithm"]),
        st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just("vault:v1:AAAA"),
                     lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6),
        max_size=4,
    ),
)  # fmt: skip
def test_whatever_is_sent_is_answered(shared_transit, path, body):
    status, _ = shared_transit.request("POST", f"t/{path}", body)
    assert status in (200, 204, 400)


@pytest.fixture(scope="module")
def shared_transit(tmp_path_factory):
    from engines.served import Served

    made = Served(tmp_path_factory.mktemp("transit"), {"t": ("transit", {})})
    made.request("POST", "t/keys/k", {})
    made.request("POST", "t/keys/s", {"type": "ecdsa-p256"})
    yield made
    made.close()


def test_a_chain_of_certificates_is_kept_with_the_version_whose_key_it_is_for(transit):
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    transit.request("POST", "t/keys/k", {"type": "ecdsa-p256", "exportable": True})
    csr = x509.load_pem_x509_csr(transit.request("POST", "t/keys/k/csr", {})[1]["data"]["csr"].encode())
    assert csr.is_signature_valid
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ca")])
    authority = ec.generate_private_key(ec.SECP256R1())

    def certificate(public, *, ca):
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            name, name, public, x509.random_serial_number(), now, now + timedelta(1)
        )
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    leaf = certificate(csr.public_key(), ca=False)
    root = certificate(authority.public_key(), ca=True)
    foreign = certificate(authority.public_key(), ca=False)
    for chain in ("", "x", foreign, root, leaf + foreign):
        assert transit.request("POST", "t/keys/k/set-certificate", {"certificate_chain": chain})[0] == 400
    assert transit.request("POST", "t/keys/k/set-certificate", {"certificate_chain": leaf + root})[0] == 200
    shown = transit.request("GET", "t/export/certificate-chain/k")[1]["data"]["keys"]["1"]
    assert shown == (leaf + root).strip()


def test_two_agree_on_a_key(transit):
    for name in ("alice", "bob"):
        transit.request("POST", f"t/keys/{name}", {"type": "ecdsa-p384"})
    for name, peer in (("alice", "bob"), ("bob", "alice")):
        public = transit.request("GET", f"t/export/public-key/{peer}")[1]["data"]["keys"]["1"]
        body = {"base_key_name": name, "peer_public_key": public, "derived_key_type": "aes128-gcm96"}
        assert transit.request("POST", f"t/derive-key/with-{peer}", body)[0] == 204
    text = transit.request("POST", "t/encrypt/with-bob", {"plaintext": HELLO})[1]["data"]["ciphertext"]
    assert (
        transit.request("POST", "t/decrypt/with-alice", {"ciphertext": text})[1]["data"]["plaintext"] == HELLO
    )


def test_storage_holds_no_key_in_clear(transit, tmp_path):
    secret = os.urandom(32)
    from engines.differential.wrapping import wrapped

    public = transit.request("GET", "t/wrapping_key")[1]["data"]["public_key"]
    body = {"ciphertext": wrapped.wrap(public, secret)}
    assert transit.request("POST", "t/keys/k/import", body)[0] == 204
    content = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    assert secret not in content
    assert base64.b64encode(secret) not in content
