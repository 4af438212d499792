"""Key Vault's failures, each sorted into its kind, without a value, a token or a foreign exception in it."""

from __future__ import annotations

import json

import pytest

from wellkept.errors import Denied, Malformed, NotFound, SecretError, Throttled, Unavailable
from wellkept.testing.faults import answer, cut, delay, garbage, hang, not_http, reset

SECRET = "the-value-itself"

pytestmark = pytest.mark.usefixtures("giver")


@pytest.fixture
def source(open_azure, official):
    official.set_secret("database", SECRET)
    source = open_azure()
    source.read("database")
    return source


def failure(source, **options) -> SecretError:
    with pytest.raises(SecretError) as caught:
        source.read("database", **options)
    error = caught.value
    assert error.__context__ is None
    assert error.__cause__ is None
    assert (error.name, error.source) == ("database", source.url)
    assert "'database'" in str(error)
    assert SECRET not in str(error)
    return error


def error(code, inner=None, message=SECRET):
    content = {"code": code, "message": message}
    if inner:
        content["innererror"] = {"code": inner}
    return json.dumps({"error": content})


@pytest.mark.parametrize(
    ("status", "code", "inner", "kind"),
    [
        (404, "SecretNotFound", None, NotFound),
        (403, "Forbidden", "SecretDisabled", NotFound),
        (409, "Conflict", "ObjectIsDeletedButRecoverable", NotFound),
        (401, "Unauthorized", None, Denied),
        (403, "Forbidden", None, Denied),
        (403, "Forbidden", "ForbiddenByRbac", Denied),
        (403, "Forbidden", "ForbiddenByPolicy", Denied),
        (403, "Forbidden", "ForbiddenByFirewall", Denied),
        (403, "Forbidden", "AccessDenied", Denied),
        (429, "Throttled", None, Throttled),
        (429, "", None, Throttled),
        (500, "InternalServerError", None, Unavailable),
        (503, "ServiceUnavailable", None, Unavailable),
        (502, "", None, Unavailable),
        (404, "NotFound", None, Malformed),
        (404, "ResourceNotFound", None, Malformed),
        (400, "BadParameter", None, Malformed),
        (418, "SomethingNew", None, Malformed),
        (302, "", None, Malformed),
    ],
)
def test_each_code_of_key_vault_has_its_kind(source, vault, status, code, inner, kind):
    vault.fault(answer(status, error(code, inner)))
    assert type(failure(source)) is kind
    outcome = source.read_many(["database"])["database"]
    assert type(outcome) is kind


def test_a_page_that_is_not_key_vaults_never_counts_as_missing(source, vault):
    vault.fault(answer(404, "<html>not found</html>"))
    assert type(failure(source)) is Malformed


def test_throttling_says_when_to_come_back(source, vault):
    vault.fault(answer(429, error("Throttled"), {"Retry-After": "7"}))
    assert failure(source).retry_after == 7.0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (cut(after_bytes=10), Unavailable),
        (hang(), Unavailable),
        (hang(after_bytes=10), Unavailable),
        (delay(5), Unavailable),
        (reset(), Unavailable),
        (garbage(), Malformed),
        (not_http(), Malformed),
        (answer(200, "[]"), Malformed),
        (answer(200, "{}"), Malformed),
        (answer(200, '{"value": 1, "id": "https://x/secrets/a/b"}'), Malformed),
        (answer(200, '{"value": "' + SECRET + '", "id": "https://x/keys/a/b"}'), Malformed),
        (answer(200, '{"value": "' + SECRET + '"}'), Malformed),
        (answer(200, "[" * 100_000), Malformed),
    ],
)
def test_a_faulty_network_is_sorted(source, vault, fault, kind):
    vault.fault(fault)
    found = type(failure(source, timeout=0.3))
    assert found is kind or (kind is Malformed and found is Unavailable)


def test_a_server_with_another_authoritys_certificate_is_unavailable_and_gets_no_token(
    vault, official, tmp_path, open_azure
):
    from wellkept.testing.certificates import Authority

    official.set_secret("database", SECRET)
    vault.requests.clear()
    source = open_azure(ca=Authority(str(tmp_path)).ca_file)
    assert "certificate" in str(failure(source)).lower()
    assert vault.requests == []


def test_one_bad_secret_of_a_batch_leaves_the_others_alone(source, vault, official):
    official.set_secret("locked", "value")
    vault.denied.add("locked")
    found = source.read_many(["database", "locked", "absent", "größe"])
    assert found["database"].reveal() == SECRET
    assert [type(found[name]) for name in ("locked", "absent", "größe")] == [Denied, NotFound, NotFound]
