"""The forms in which a secret may hold a user and a password, and when one is read again."""

import json

import pytest

from wellkept.errors import Malformed
from wellkept.testing.fake import FakeSecrets


@pytest.fixture
def secrets():
    with FakeSecrets() as secrets:
        yield secrets


@pytest.mark.parametrize(
    ("stored", "user", "password"),
    [
        ('{"username": "app", "password": "p"}', "app", "p"),
        ('{"user": "app", "password": "p", "host": "db"}', "app", "p"),
        ('{"password": "p"}', "given", "p"),
        ("postgresql://app:p%40ss@db:5432/x", "app", "p@ss"),
        ("postgresql://:p@db/x", "given", "p"),
        ("just a password", "given", "just a password"),
        ("{not json", "given", "{not json"),
        ("with @ but no scheme", "given", "with @ but no scheme"),
    ],
)
def test_every_form_of_a_credential_is_understood(secrets, stored, user, password):
    secrets.set("db", stored)
    pair = secrets.credential("db", username="given").current()
    assert (pair.username, pair.password.reveal()) == (user, password)


@pytest.mark.parametrize("stored", ['{"username": "app"}', '{"password": 7}'])
def test_an_object_without_a_password_is_malformed_and_shows_nothing(secrets, stored):
    secrets.set("db", stored)
    with pytest.raises(Malformed, match="password") as caught:
        secrets.credential("db").current()
    assert stored not in str(caught.value)


def test_a_refused_credential_is_read_again_only_if_it_is_still_the_one_held(secrets):
    secrets.set("db", json.dumps({"username": "app", "password": "one"}))
    credential = secrets.credential("db")
    first = credential.current()
    secrets.rotate("db", json.dumps({"username": "app", "password": "two"}), noticed=False)
    assert credential.refresh(first).password.reveal() == "two"
    reads = secrets.fake.reads["db"]
    assert credential.refresh(first).password.reveal() == "two"
    assert secrets.fake.reads["db"] == reads
