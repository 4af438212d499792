"""Whatever Secret Manager's address answers: a secret or one of our errors, never anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.errors import NotFound, SecretError
from wellkept.secret import Secret
from wellkept.sources._cloud import Failure
from wellkept.sources.gcp_sm.client import _result
from wellkept.sources.gcp_sm.source import GoogleSecretManagerSource
from wellkept.sources.vault.http1 import Answer

KEYS = (
    "name",
    "payload",
    "data",
    "dataCrc32c",
    "error",
    "code",
    "status",
    "message",
    "details",
    "retryDelay",
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from(["projects/p/secrets/s/versions/3", "dg==", "3.5s", "PERMISSION_DENIED"])
)  # fmt: skip
CONTENT = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=8),
    max_leaves=20,
)


@given(status=st.integers(100, 599), content=CONTENT)
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_secret_or_an_error(status, content):
    source = GoogleSecretManagerSource("acme")
    found = source._secret("s", _result(Answer(status, {}, json.dumps(content).encode(), True)))
    assert isinstance(found, (Secret, SecretError))
    assert status == 200 or isinstance(found, SecretError)
    said = json.dumps(content)
    assert "NOT_FOUND" in said or "in DISABLED" in said or not isinstance(found, NotFound)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_error(body):
    assert isinstance(_result(Answer(404, {}, body, True)), Failure)


@pytest.mark.parametrize("data", ["dg==", "dg", "d g==", "dg==\n", ""])
def test_base64_is_read_strictly(data):
    source = GoogleSecretManagerSource("acme")
    content = {"name": "projects/p/secrets/s/versions/3", "payload": {"data": data}}
    assert isinstance(source._secret("s", content), Secret) is (data in ("dg==", ""))
