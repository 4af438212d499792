"""What tokens say about themselves: checksums, structure, entropy."""

from __future__ import annotations

import base64

import pytest

from wellkept.scanning.checks import CHECKS, bech32, entropy, luhn
from wellkept.scanning.checks.structure import jwt_claims, jwt_header, key_material, unbase64
from wellkept.scanning.examples import expand
from wellkept.scanning.hooks import Candidate
from wellkept.scanning.rule import Rule

RULE = Rule("some", "Some", "some", "x", confidence=0.8)


def verdict(check: str, secret: bytes, line: bytes = b"") -> bool | float | None:
    return CHECKS[check](
        Candidate(RULE, secret, line or secret, line or secret, "app.conf", {}, line or secret)
    )


def test_entropy_is_zero_for_one_letter_and_the_logarithm_of_the_length_for_all_different() -> None:
    assert entropy(b"") == entropy(b"aaaa") == 0
    assert entropy(b"abcdefgh") == 3


@pytest.mark.parametrize("prefix", ["ghp_", "gho_", "npm_"])
def test_the_checksum_of_github_and_npm_proves_a_token(prefix: str) -> None:
    token = expand("{" + prefix + ":crc62}")
    assert len(token) == 40
    assert verdict("crc_base62", token) is True


def test_a_wrong_checksum_proves_nothing() -> None:
    token = expand("{ghp_:crc62}")
    assert verdict("crc_base62", token[:-1] + (b"A" if token[-1:] != b"A" else b"B")) is None


def test_the_checksum_of_grafana_proves_a_token() -> None:
    assert verdict("crc_hex", expand("{glsa_:grafana}")) is True


def test_a_key_of_age_has_a_bech32_checksum() -> None:
    key = expand("{AGE-SECRET-KEY-:age}")
    assert key.startswith(b"AGE-SECRET-KEY-1")
    assert verdict("bech32", key) is True
    assert verdict("bech32", key[:-1] + (b"Q" if key[-1:] != b"Q" else b"P")) == 0.6


def test_bech32_agrees_with_the_vectors_of_bip_173() -> None:
    assert bech32.valid("A12UEL5L")
    assert bech32.valid("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw")
    assert not bech32.valid("A12UEL5M")
    assert not bech32.valid("none")


def test_luhn_agrees_with_its_standard_example() -> None:
    assert luhn(b"79927398713")
    assert not luhn(b"79927398710")
    assert not luhn(b"7992739871x")


def test_a_json_web_token_has_a_header_with_an_algorithm() -> None:
    token = expand("{svc:jwt}")
    header, claims = jwt_header(token), jwt_claims(token)
    assert header is not None
    assert header["alg"] == "HS256"
    assert claims is not None
    assert claims["iss"] == "svc"
    assert verdict("jwt", token) == 0.88
    assert verdict("jwt", b"eyJub3RoaW5n.eyJub3RoaW5n.abcdefghij") is False


def test_base64_of_both_alphabets_with_and_without_padding_is_read() -> None:
    assert unbase64(b"_-8=") == unbase64(b"/+8") == b"\xff\xef"
    assert unbase64(b"a") is None


def test_the_material_of_a_key_is_found_through_escapes_and_armour() -> None:
    pem = expand("-----BEGIN RSA PRIVATE KEY-----\\nProc-Type: 4,ENCRYPTED\\n\\n{300:pemjson}\\n-----END")
    assert key_material(pem) == key_material(pem.replace(b"\\n", b"\n"))
    assert verdict("private_key", pem) == 0.97
    assert verdict("private_key", b"-----BEGIN RSA PRIVATE KEY-----\n...\n") is False


def test_basic_credentials_are_base64_of_user_and_password() -> None:
    assert verdict("basic_auth", expand("{me~12:basic}")) is None
    assert verdict("docker_auth", expand("{me~12:basic}")) is True
    assert verdict("basic_auth", base64.b64encode(b"no colon here")) is False
    assert verdict("basic_auth", base64.b64encode(b"user:password")) is False


@pytest.mark.parametrize("secret", ["EXAMPLE", "x" * 16, "ABCDEFGHIJKLMNOP"])
def test_the_examples_of_amazon_are_nobodys_keys(secret: str) -> None:
    assert verdict("aws_key_id", b"AKIA" + secret.encode()) is False


def test_a_discord_token_begins_with_a_number() -> None:
    assert verdict("discord", expand("{18:discord}")) is True


@pytest.mark.parametrize(
    "password", ["password", "${DB_PASSWORD}", "<password>", "{{ pw }}", "%(password)s", "****", "changeme"]
)
def test_placeholders_in_urls_are_no_passwords(password: str) -> None:
    line = f"postgres://user:{password}@db.internal/x".encode()
    assert verdict("url_password", password.encode(), line) is False


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (b"acme_api_key = '", None),
        (b"acme commit ", False),
        (b"acme sha1: ", False),
        (b"acme checksum='", False),
    ],
)
def test_a_value_beside_a_name_is_no_credential_when_it_is_called_a_digest(
    before: bytes, expected: bool | None
) -> None:
    value = expand("{40:hex}")
    assert verdict("named", value, before + value) is expected
