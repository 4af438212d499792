"""No static credential where the platform gives one: each platform's documented variables, and what it refuses."""

from __future__ import annotations

import datetime

import pytest

from doubles.aws_identity import ContainerAgent, InstanceMetadata, SecurityTokenService, let_in_only
from wellkept.errors import ConfigError, Denied, Unavailable
from wellkept.testing.faults import answer

utils = pytest.importorskip("botocore.utils", reason="pip install 'wellkept[aws]'")

ROLE = "arn:aws:iam::123456789012:role/app"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(utils.ContainerMetadataFetcher, "SLEEP_TIME", 0)


def container_full_uri(monkeypatch, tmp_path):
    """As EKS Pod Identity sets it up: a URI and a file with the token."""
    agent = ContainerAgent("pod-token-1")
    token_file = tmp_path / "pod-token"
    token_file.write_text("pod-token-1")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token_file))
    return agent


def container_relative_uri(monkeypatch, tmp_path):
    """As ECS sets it up; its fixed link-local address becomes the agent's."""
    agent = ContainerAgent("")
    monkeypatch.setattr(utils.ContainerMetadataFetcher, "IP_ADDRESS", f"127.0.0.1:{agent.port}")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/5f1e")
    return agent


def instance_metadata(monkeypatch, tmp_path):
    service = InstanceMetadata()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url)
    return service


def web_identity(monkeypatch, tmp_path):
    """As EKS sets it up for a service account with a role."""
    service = SecurityTokenService(ROLE)
    service.identity_token = "a.signed.jwt"
    token_file = tmp_path / "identity-token"
    token_file.write_text("a.signed.jwt")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token_file))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.url)
    return service


PLATFORMS = [container_full_uri, container_relative_uri, instance_metadata, web_identity]


@pytest.fixture(params=PLATFORMS, ids=lambda platform: platform.__name__)
def giver(request, monkeypatch, tmp_path):
    giver = request.param(monkeypatch, tmp_path)
    yield giver
    giver.close()


@pytest.fixture
def source(open_aws, sm, prefix):
    sm.create_secret(Name=f"{prefix}/database", SecretString="value")
    return open_aws("aws-sm")


def test_the_platforms_credentials_are_used_and_asked_for_once(giver, source, proxy):
    proxy.fault(let_in_only(giver))
    for _ in range(3):
        assert source.read("database").reveal() == "value"
    assert giver.issued == 1
    assert all(request.header("x-amz-security-token") == giver.token for request in proxy.requests)


def test_credentials_that_aws_calls_expired_are_fetched_anew_at_once(giver, source, proxy):
    proxy.fault(let_in_only(giver))
    source.read("database")
    giver.issue()  # and so the first set is no longer the newest
    issued = giver.issued
    assert source.read("database").reveal() == "value"
    assert giver.issued == issued + 1


def pass_hours(hours, source, monkeypatch):
    """For botocore only, which keeps the credentials: its clock has no parameter from outside."""
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)
    source._client._identity._found._time_fetcher = lambda: then
    monkeypatch.setattr("botocore.credentials._local_now", lambda: then)


def test_credentials_about_to_expire_are_fetched_anew_before_aws_complains(giver, source, proxy, monkeypatch):
    proxy.fault(let_in_only(giver))
    source.read("database")
    giver.lifetime = 12 * 3600
    pass_hours(5.95, source, monkeypatch)
    assert source.read("database").reveal() == "value"
    assert giver.issued == 2
    assert len(proxy.requests) == 2, "AWS was asked with credentials that it refused"


def test_credentials_that_stay_refused_are_denied_after_one_more_try(giver, source, proxy):
    proxy.fault(answer(400, b'{"__type": "ExpiredTokenException"}'))
    with pytest.raises(Denied):
        source.read("database")
    assert len(proxy.requests) == 2


def test_a_rotated_token_file_is_read_again(monkeypatch, tmp_path, source, proxy):
    agent = container_full_uri(monkeypatch, tmp_path)
    with agent:
        proxy.fault(let_in_only(agent))
        source.read("database")
        agent.authorization = "pod-token-2"
        (tmp_path / "pod-token").write_text("pod-token-2")
        agent.issue()
        assert source.read("database").reveal() == "value"


def test_a_wrong_token_is_denied_and_nothing_of_it_is_said(monkeypatch, tmp_path, source):
    agent = container_full_uri(monkeypatch, tmp_path)
    with agent:
        agent.authorization = "another"
        assert "401" in denied(source)
    service = web_identity(monkeypatch, tmp_path)
    with service:
        service.identity_token = "another"
        monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        source.after_fork()  # forget what was found
        assert "InvalidIdentityToken" in denied(source)


def denied(source):
    with pytest.raises(Denied) as caught:
        source.read("database")
    error = caught.value
    assert error.__context__ is None
    assert error.name == "database"
    for private in ("pod-token", "a.signed.jwt"):
        assert private not in str(error)
    return str(error)


def test_a_role_that_may_not_be_assumed_is_denied(monkeypatch, tmp_path, source):
    with web_identity(monkeypatch, tmp_path):
        monkeypatch.setenv("AWS_ROLE_ARN", ROLE + "-of-another")
        assert "AccessDenied" in denied(source)


def test_a_missing_token_file_is_denied_and_named(monkeypatch, tmp_path, source):
    with web_identity(monkeypatch, tmp_path):
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "gone"))
        assert "gone" in denied(source)


@pytest.mark.parametrize("platform", [container_full_uri, web_identity])
def test_a_giver_that_is_down_is_unavailable_not_denied(platform, monkeypatch, tmp_path, source):
    with platform(monkeypatch, tmp_path) as giver:
        giver.refuse()
        with pytest.raises(Unavailable) as caught:
            source.read("database")
        assert caught.value.__context__ is None
        giver.accept()
        assert source.read("database").reveal() == "value"


def test_a_giver_that_goes_down_later_is_unavailable(monkeypatch, tmp_path, source):
    with instance_metadata(monkeypatch, tmp_path) as giver:
        source.read("database")
        pass_hours(7, source, monkeypatch)
        giver.refuse()
        with pytest.raises(Unavailable):
            source.read("database")


def test_metadata_of_version_1_is_not_what_was_proven(monkeypatch, tmp_path, source):
    """The double must refuse version 1, or the test above would prove nothing."""
    import urllib.error
    import urllib.request

    with (
        instance_metadata(monkeypatch, tmp_path) as giver,
        pytest.raises(urllib.error.HTTPError, match="401"),
    ):
        urllib.request.urlopen(f"{giver.url}/latest/meta-data/iam/security-credentials/")


def test_a_giver_that_answers_nonsense_is_sorted(monkeypatch, tmp_path, source):
    from wellkept.errors import Malformed, SecretError

    with container_full_uri(monkeypatch, tmp_path) as agent:
        agent._rules.clear()
        agent.fault(answer(200, b'{"SecretAccessKey": "leak-me-not"}'))
        with pytest.raises(SecretError) as caught:
            source.read("database")
        assert isinstance(caught.value, Malformed)
        assert "leak-me-not" not in str(caught.value)


def test_a_uri_that_leaves_the_machine_is_refused(monkeypatch, source):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://far.example/credentials")
    with pytest.raises((Denied, ConfigError)):
        source.read("database")
