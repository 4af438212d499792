import base64
import string
import uuid

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from wellkept.errors import InvalidRequest
from wellkept.formats import generate


def test_a_password_has_the_length_and_every_kind_of_character():
    for _ in range(50):
        drawn = generate.password(8, symbols=True)
        assert len(drawn) == 8
        for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, generate.SYMBOLS):
            assert any(char in kind for char in drawn)


def test_a_password_without_symbols_is_letters_and_digits():
    assert set(generate.password(500)) <= set(string.ascii_letters + string.digits)


def test_an_unambiguous_password_has_no_look_alikes():
    assert not set(generate.password(2000, unambiguous=True)) & set(generate.AMBIGUOUS)


def test_an_alphabet_of_ones_own_is_used_and_checked():
    assert set(generate.password(100, alphabet="abcdefghij")) <= set("abcdefghij")
    with pytest.raises(InvalidRequest):
        generate.password(100, alphabet="abc")
    with pytest.raises(InvalidRequest):
        generate.password(100, alphabet="aabcdefghijk")


def test_no_two_secrets_are_alike():
    assert len({generate.password() for _ in range(200)}) == 200
    assert len({generate.hexadecimal() for _ in range(200)}) == 200


def test_random_bytes_come_as_hex_and_base64():
    assert len(bytes.fromhex(generate.hexadecimal(16))) == 16
    assert len(base64.b64decode(generate.base64(33), validate=True)) == 33
    assert set(generate.base64(100, url_safe=True)) <= set(string.ascii_letters + string.digits + "-_")


def test_a_uuid_is_of_version_4():
    assert uuid.UUID(generate.uuid()).version == 4


@pytest.mark.parametrize(
    "action", [lambda: generate.password(7), lambda: generate.hexadecimal(15), lambda: generate.rsa(1024)]
)
def test_what_is_too_weak_is_refused(action):
    with pytest.raises(InvalidRequest):
        action()


def test_an_rsa_pair_signs_and_verifies():
    pair = generate.rsa(2048)
    private = serialization.load_pem_private_key(pair.private.encode(), None)
    public = serialization.load_pem_public_key(pair.public.encode())
    assert isinstance(private, rsa.RSAPrivateKey)
    assert isinstance(public, rsa.RSAPublicKey)
    signature = private.sign(b"x", padding.PKCS1v15(), SHA256())
    public.verify(signature, b"x", padding.PKCS1v15(), SHA256())


@pytest.mark.parametrize(("curve", "bits"), [("p256", 256), ("p384", 384), ("p521", 521)])
def test_an_ec_pair_is_on_the_curve_asked_for(curve, bits):
    pair = generate.ec(curve)
    private = serialization.load_pem_private_key(pair.private.encode(), None)
    public = serialization.load_pem_public_key(pair.public.encode())
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert private.curve.key_size == bits
    public.verify(private.sign(b"x", ec.ECDSA(SHA256())), b"x", ec.ECDSA(SHA256()))


def test_an_ed25519_pair_signs_and_verifies():
    pair = generate.ed25519()
    private = serialization.load_pem_private_key(pair.private.encode(), None)
    public = serialization.load_pem_public_key(pair.public.encode())
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    assert isinstance(public, ed25519.Ed25519PublicKey)
    public.verify(private.sign(b"x"), b"x")


def test_an_unknown_curve_is_refused_with_the_known_ones():
    with pytest.raises(InvalidRequest, match="p256, p384, p521"):
        generate.ec("secp112r1")
