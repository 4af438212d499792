"""Secret Manager's failures, each sorted into its kind, without a value, a token or a foreign exception in it."""

from __future__ import annotations

import json

import pytest

from wellkept.errors import Denied, Malformed, NotFound, SecretError, Throttled, Unavailable
from wellkept.testing.faults import answer, cut, delay, garbage, hang, not_http, reset

SECRET = "the-value-itself"

pytestmark = pytest.mark.usefixtures("giver")


@pytest.fixture
def source(open_gcp, official):
    official.put("database", SECRET)
    source = open_gcp()
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


def error(code, status, message=SECRET, *details):
    return json.dumps(
        {"error": {"code": code, "status": status, "message": message, "details": list(details)}}
    )


@pytest.mark.parametrize(
    ("code", "status", "message", "kind"),
    [
        (404, "NOT_FOUND", "", NotFound),
        (400, "FAILED_PRECONDITION", "Secret Version [x] is in DISABLED state.", NotFound),
        (400, "FAILED_PRECONDITION", "Secret Version [x] is in DESTROYED state.", NotFound),
        (400, "FAILED_PRECONDITION", "The Cloud KMS key x is disabled", Denied),
        (400, "FAILED_PRECONDITION", "something else", Denied),
        (401, "UNAUTHENTICATED", "", Denied),
        (403, "PERMISSION_DENIED", "", Denied),
        (403, "", "", Denied),
        (429, "RESOURCE_EXHAUSTED", "", Throttled),
        (429, "", "", Throttled),
        (500, "INTERNAL", "", Unavailable),
        (503, "UNAVAILABLE", "", Unavailable),
        (504, "DEADLINE_EXCEEDED", "", Unavailable),
        (502, "", "", Unavailable),
        (409, "ABORTED", "", Unavailable),
        (400, "INVALID_ARGUMENT", "", Malformed),
        (404, "", "", Malformed),
        (404, "SOMETHING_NEW", "", Malformed),
        (302, "", "", Malformed),
    ],
)
def test_each_status_of_google_has_its_kind(source, service, code, status, message, kind):
    service.fault(answer(code, error(code, status, message + SECRET if message == "" else message)))
    assert type(failure(source)) is kind
    assert type(source.read_many(["database"])["database"]) is kind


def test_a_page_that_is_not_googles_never_counts_as_missing(source, service):
    service.fault(answer(404, "<html>not found</html>"))
    assert type(failure(source)) is Malformed


@pytest.mark.parametrize(
    ("details", "headers", "seconds"),
    [
        ([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.5s"}], {}, 3.5),
        ([], {"Retry-After": "7"}, 7.0),
        ([{"retryDelay": "soon"}], {}, None),
    ],
)
def test_throttling_says_when_to_come_back(source, service, details, headers, seconds):
    service.fault(answer(429, error(429, "RESOURCE_EXHAUSTED", "", *details), headers))
    assert failure(source).retry_after == seconds


def test_an_api_that_is_switched_off_says_how_to_switch_it_on(source, service):
    service.fault(answer(403, error(403, "PERMISSION_DENIED", "", {"reason": "SERVICE_DISABLED"})))
    assert "gcloud services enable" in str(failure(source))


NAME = "projects/1/secrets/database/versions/1"


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
        (answer(200, json.dumps({"name": NAME, "payload": {}})), Malformed),
        (answer(200, json.dumps({"name": NAME, "payload": {"data": "no base64!"}})), Malformed),
        (answer(200, json.dumps({"name": NAME, "payload": {"data": 7}})), Malformed),
        (answer(200, json.dumps({"name": "x", "payload": {"data": "dg=="}})), Malformed),
        (answer(200, json.dumps({"payload": {"data": "dg=="}})), Malformed),
        (answer(200, "[" * 100_000), Malformed),
    ],
)
def test_a_faulty_network_is_sorted(source, service, fault, kind):
    service.fault(fault)
    found = type(failure(source, timeout=0.3))
    assert found is kind or (kind is Malformed and found is Unavailable)


def test_one_bad_secret_of_a_batch_leaves_the_others_alone(source, service, official):
    official.put("locked", "value")
    service.denied.add("locked")
    found = source.read_many(["database", "locked", "absent", "größe"])
    assert found["database"].reveal() == SECRET
    assert [type(found[name]) for name in ("locked", "absent", "größe")] == [Denied, NotFound, NotFound]
