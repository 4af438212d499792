"""Our signature is botocore's, byte by byte."""

from __future__ import annotations

import datetime
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellkept.sources.aws.sigv4 import Credentials, signed

auth = pytest.importorskip("botocore.auth", reason="pip install 'wellkept[aws]'")

TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def by_botocore(headers, body, url, service, region, credentials, now, monkeypatch):
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials as Theirs

    moment = datetime.datetime.fromtimestamp(now, datetime.UTC).replace(tzinfo=None)
    with monkeypatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda *args, **kwargs: moment)
        request = AWSRequest("POST", url, headers=dict(headers), data=body)
        auth.SigV4Auth(Theirs(*credentials), service, region).add_auth(request)
        return {name.lower(): value for name, value in request.headers.items()}


@given(
    body=st.binary(max_size=200),
    secret=TEXT,
    token=st.none() | TEXT,
    target=TEXT,
    region=st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1"]),
    service=st.sampled_from(["secretsmanager", "ssm"]),
    port=st.sampled_from(["", ":4566"]),
    path=st.sampled_from(["/", "/base/"]),
    now=st.integers(min_value=0, max_value=4_000_000_000),
)
def test_a_signature_equals_botocores(body, secret, token, target, region, service, port, path, now):
    credentials = Credentials("AKIAEXAMPLE", secret, token)
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
    host = f"host.example{port}"
    ours = signed(
        headers, body, host=host, path=path, service=service, region=region, credentials=credentials, now=now
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        theirs = by_botocore(
            headers, body, f"https://{host}{path}", service, region, credentials, now, monkeypatch
        )
    assert ours["x-amz-date"] == theirs["x-amz-date"]
    assert ours["authorization"] == theirs["authorization"]
    assert ours.get("x-amz-security-token") == theirs.get("x-amz-security-token")


def test_credentials_do_not_print_their_secrets():
    shown = repr(Credentials("AKIAEXAMPLE", "the-secret-key", "the-token"))
    assert "the-secret-key" not in shown
    assert "the-token" not in shown


def test_the_secret_key_is_in_no_header():
    headers = signed(
        {}, b"", host="h", path="/", service="ssm", region="eu-west-1",
        credentials=Credentials("AKIAEXAMPLE", "the-secret-key"), now=time.time(),
    )  # fmt: skip
    assert "the-secret-key" not in str(headers)
