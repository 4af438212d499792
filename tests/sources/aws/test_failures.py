"""AWS's failures, each sorted into its kind, without a value, a credential or a foreign exception in it."""

from __future__ import annotations

import time

import pytest

from doubles.aws import aws_error
from wellkept.errors import Denied, Malformed, NotFound, SecretError, Throttled, Unavailable
from wellkept.testing.faults import answer, cut, delay, garbage, hang, not_http, reset

SECRET = "the-value-itself"


@pytest.fixture(params=["aws-sm", "aws-ssm"])
def source(request, open_aws, sm, ssm, prefix):
    sm.create_secret(Name=f"{prefix}/database", SecretString=SECRET)
    ssm.put_parameter(Name=f"/{prefix}/database", Value=SECRET, Type="SecureString")
    return open_aws(request.param)


def failure(source, **options) -> SecretError:
    with pytest.raises(SecretError) as caught:
        source.read("database", **options)
    error = caught.value
    assert error.__context__ is None
    assert error.__cause__ is None
    assert error.name == "database"
    assert error.source == source.url
    assert "'database'" in str(error)
    for private in (SECRET, "wJalrXUtnFEMI", "the-session-token"):
        assert private not in str(error)
    return error


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ResourceNotFoundException", 400, NotFound),
        ("ParameterNotFound", 400, NotFound),
        ("ParameterVersionNotFound", 400, NotFound),
        ("AccessDeniedException", 400, Denied),
        ("AccessDenied", 403, Denied),
        ("UnrecognizedClientException", 400, Denied),
        ("ExpiredTokenException", 400, Denied),
        ("InvalidSignatureException", 400, Denied),
        ("IncompleteSignature", 400, Denied),
        ("MissingAuthenticationTokenException", 403, Denied),
        ("DecryptionFailure", 400, Denied),
        ("InvalidKeyId", 400, Denied),
        ("ThrottlingException", 400, Throttled),
        ("TooManyRequestsException", 429, Throttled),
        ("RequestLimitExceeded", 503, Throttled),
        ("InternalServiceError", 500, Unavailable),
        ("InternalServerError", 500, Unavailable),
        ("ServiceUnavailable", 503, Unavailable),
        ("RequestTimeout", 400, Unavailable),
        ("SomethingNew", 500, Unavailable),
        ("SomethingNew", 403, Denied),
        ("SomethingNew", 400, Malformed),
        ("InvalidParameterException", 400, Malformed),
        ("ValidationException", 400, Malformed),
        ("com.amazonaws.secretsmanager#ResourceNotFoundException", 400, NotFound),
        ("ThrottlingException:http://internal.amazon.com/coral/", 400, Throttled),
    ],
)
def test_each_code_of_aws_has_its_kind(source, proxy, code, status, kind):
    proxy.fault(aws_error(code, f"about {SECRET} the-session-token", status))
    assert type(failure(source)) is kind


def test_the_code_may_stand_in_a_header(source, proxy):
    proxy.fault(answer(400, b"", {"x-amzn-ErrorType": "AccessDeniedException:http://x/"}))
    assert type(failure(source)) is Denied


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            404,
            b"<html>no such page</html>",
            Malformed,
        ),  # a wrong endpoint is no proof that a secret is missing
        (400, b"[]", Malformed),
        (400, b'{"__type": 5, "message": {}}', Malformed),
        (400, b'{"__type": "' + b"x" * 200 + b'"}', Malformed),
        (301, b"", Malformed),
        (429, b"", Throttled),
        (502, b"<html>bad gateway</html>", Unavailable),
        (503, b"", Unavailable),
    ],
)
def test_answers_that_are_not_aws_s_own_are_judged_by_their_status(source, proxy, status, body, kind):
    proxy.fault(answer(status, body))
    assert type(failure(source)) is kind


def test_a_denial_names_who_was_denied_what(source, proxy):
    sentence = (
        "User: arn:aws:iam::123456789012:user/app is not authorized to perform: secretsmanager:GetSecretValue on "
        "resource: prod/db because no identity-based policy allows the secretsmanager:GetSecretValue action"
    )
    proxy.fault(aws_error("AccessDeniedException", sentence + ". " + SECRET))
    message = str(failure(source))
    assert (
        "user/app is not authorized to perform: secretsmanager:GetSecretValue on resource: prod/db" in message
    )


def test_a_key_that_may_not_be_used_is_named_as_the_reason(source, proxy):
    proxy.fault(aws_error("AccessDeniedException", "Access to KMS is not allowed"))
    assert "kms:Decrypt" in str(failure(source))


def test_a_throttle_tells_when_to_come_back(source, proxy):
    proxy.fault(aws_error("ThrottlingException", headers={"Retry-After": "7"}), times=1)
    assert failure(source).retry_after == 7.0
    proxy.fault(aws_error("ThrottlingException", headers={"Retry-After": "soon"}), times=1)
    assert failure(source).retry_after is None
    assert source.read("database").reveal() == SECRET


def test_a_wrong_clock_is_named_as_the_reason_for_a_refused_signature(source, proxy):
    proxy.fault(
        aws_error("InvalidSignatureException", headers={"Date": "Sun, 06 Nov 1994 08:49:37 GMT"}), times=1
    )
    assert "clock is" in str(failure(source))
    proxy.fault(aws_error("InvalidSignatureException"), times=1)
    assert "clock" not in str(failure(source))


def test_a_signature_that_aws_quotes_back_is_not_passed_on(source, proxy, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-session-token")
    quoted = "The Canonical String should have been 'POST / x-amz-security-token:the-session-token'"
    proxy.fault(aws_error("InvalidSignatureException", quoted))
    assert type(failure(source)) is Denied


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (cut(after_bytes=20), Unavailable),
        (cut(), Unavailable),
        (reset(), Unavailable),
        (garbage(), Malformed),
        (garbage(b'"just text"'), Malformed),
        (garbage(b"[" * 100_000), Malformed),
        (not_http(), Malformed),
    ],
)
def test_a_broken_answer_is_sorted(source, proxy, fault, kind):
    proxy.fault(fault)
    assert type(failure(source)) is kind


@pytest.mark.parametrize("fault", [delay(30), hang(), hang(after_bytes=10)])
def test_a_slow_answer_is_given_up_in_time(source, proxy, fault):
    proxy.fault(fault)
    begin = time.monotonic()
    assert type(failure(source, timeout=0.2)) is Unavailable
    assert time.monotonic() - begin < 5, "the time allowed was 0.2 s"


def test_a_refused_connection_is_unavailable_and_the_source_recovers(source, proxy):
    proxy.refuse()
    assert type(failure(source)) is Unavailable
    found = source.read_many(["database", "other"])
    assert {type(error) for error in found.values()} == {Unavailable}
    proxy.accept()
    assert source.read("database").reveal() == SECRET


def test_no_time_left_is_unavailable(source, proxy):
    assert type(failure(source, timeout=0.0)) is Unavailable
    assert proxy.requests == []


def test_the_source_itself_never_retries(source, proxy):
    proxy.fault(aws_error("ThrottlingException"))
    failure(source)
    assert len(proxy.requests) == 1


def test_nothing_of_a_failure_is_in_the_log(source, proxy, caplog):
    caplog.set_level("DEBUG")
    proxy.fault(answer(200, SECRET.encode()))
    failure(source)
    assert SECRET not in caplog.text
