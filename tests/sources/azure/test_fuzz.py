"""Whatever Key Vault's address answers: a secret or one of our errors, never anything else, and never by accident."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.errors import NotFound, SecretError
from wellkept.secret import Secret
from wellkept.sources._cloud import Failure
from wellkept.sources.azure_kv.challenge import parse
from wellkept.sources.azure_kv.client import _result
from wellkept.sources.azure_kv.values import make_secret
from wellkept.sources.vault.http1 import Answer

KEYS = ("value", "id", "attributes", "enabled", "exp", "nbf", "created", "tags", "file-encoding", "contentType",
        "error", "code", "innererror", "message")  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from(["https://x/secrets/a/b", "base64", "hex", "application/x-pkcs12", "Forbidden"])
)  # fmt: skip
CONTENT = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=8),
    max_leaves=20,
)


@given(status=st.integers(100, 599), content=CONTENT)
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_secret_or_an_error(status, content):
    result = _result(Answer(status, {}, json.dumps(content).encode(), True))
    if isinstance(result, Failure):
        found = result.about("name", "azure-kv://x")
        assert "SecretNotFound" in json.dumps(content) or not isinstance(found, NotFound)
    else:
        found = make_secret(result, name="name", url="azure-kv://x", now=1.8e9, encoding="hint")
    assert isinstance(found, (Secret, SecretError))
    assert status == 200 or isinstance(found, SecretError)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_error(body):
    assert isinstance(_result(Answer(404, {}, body, True)), Failure)


@given(st.text(max_size=300) | st.text(alphabet='Bearer auth="https:/x.,=', max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_header_is_a_challenge_or_none(header):
    found = parse(header)
    assert found is None or not found.is_for("vault.azure.net") or found.resource in ("", *_ours(found))


def _ours(challenge):
    return [challenge.resource] if "vault.azure.net" in challenge.resource.lower() else []
