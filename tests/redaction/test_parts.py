"""What is searched for besides the whole value."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from wellkept.redaction.parts import PIECE, parts
from wellkept.secret import Secret


def of(value: str | bytes, name: str = "prod/x") -> dict[bytes, str]:
    return {part.value: part.label for part in parts(Secret(value, name=name))}


def test_text_fields_of_json_are_parts_under_their_own_names() -> None:
    value = {"user": "billing", "nested": {"keys": ["k3y-one", "abc"]}, "port": 5432, "ssl": "true"}
    found = of(json.dumps(value))
    assert found[b"billing"] == "prod/x#user"
    assert found[b"k3y-one"] == "prod/x#nested.keys.0"
    assert set(found.values()) == {
        "prod/x",
        "prod/x#user",
        "prod/x#nested.keys.0",
    }  # too short, no text, public


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgresql://app:hunter2-x@db:5432/app", "hunter2-x"),
        ("redis://:hunter2-x@cache/0", "hunter2-x"),
        ("mysql+pymysql://app:p%40ss%2Fw@db/app", "p@ss/w"),
        ("amqp://u:p@ss-word@host//vhost", "p@ss-word"),
        ("mongodb://app:pa/ss-word@a,b/app", "pa/ss-word"),
        ("amqp://u:first-pw@a,amqp://u:other-pw@b", "other-pw"),
        ("host=db user=app password='two words' dbname=app", "two words"),
        ("Server=db;Uid=app;Pwd=hunter2-x;Database=app", "hunter2-x"),
        ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=QUJDREVG==", "QUJDREVG=="),
    ],
)
def test_the_password_of_a_connection_string_is_a_part(url: str, password: str) -> None:
    assert of(url)[password.encode()] == "prod/x"


def test_the_lines_of_a_key_are_parts_and_its_frame_is_not() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    lines = key.split()
    found = of(key)
    assert key.strip() in found
    body = [line for line in key.strip().split(b"\n") if not line.startswith(b"-")]
    assert set(body) <= set(found)
    assert b"-----BEGIN PRIVATE KEY-----" not in found
    assert b"-----END PRIVATE KEY-----" not in found
    assert lines


def test_white_space_around_a_value_is_not_waited_for() -> None:
    assert of("  s3cret-value\n") == {b"s3cret-value": "prod/x"}


@given(unit=st.text(min_size=1, max_size=9).filter(str.isprintable), count=st.integers(600, 3_000))
def test_a_long_value_is_cut_between_characters_into_pieces_that_make_it_whole_again(
    unit: str, count: int
) -> None:
    value = "".join(f"{number}{unit}" for number in range(count)).strip()
    pieces = [part.value for part in parts(Secret(value)) if part.joins]
    if len(value.encode()) > PIECE:
        assert b"".join(pieces) == value.encode()
        assert all(piece.decode() for piece in pieces)
        assert max(map(len, pieces)) <= PIECE + PIECE // 4


def test_hostile_json_is_searched_for_as_it_is() -> None:
    deep = "[" * 100_000
    assert set(of(deep).values()) == {"prod/x"}
    many = json.dumps([f"value-{n}" for n in range(5_000)])
    assert len(of(many)) < 1_100
