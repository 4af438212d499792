"""Where a URL, the environment and AWS's files lead, as whom, and what is refused before anything is asked."""

from __future__ import annotations

import ssl
import subprocess
import sys

import pytest

from wellkept.errors import ConfigError, Denied, Unavailable
from wellkept.sources.aws.endpoint import by_rule, locate
from wellkept.sources.aws.sdk import Sdk
from wellkept.sources.registry import open_source
from wellkept.testing.certificates import Authority
from wellkept.testing.faults import FaultProxy, answer

SECRET = b'{"SecretString": "value", "VersionId": "' + b"0" * 32 + b'"}'


@pytest.fixture
def aws():
    """Answers every call with the same secret."""
    with FaultProxy("http://127.0.0.1:9") as server:
        server.fault(answer(200, SECRET))
        yield server


@pytest.fixture
def config(tmp_path):
    """Writes ``~/.aws/config`` or another file there."""

    def write(text, name="config"):
        (tmp_path / ".aws").mkdir(exist_ok=True)
        (tmp_path / ".aws" / name).write_text(text)

    return write


def signed_as(server):
    return server.requests[-1].header("authorization").partition("Credential=")[2].split("/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("aws-sm:eu-west-1", "aws-sm://REGION/prefix"),
        ("aws-sm://key:secretpw@eu-west-1/", "no credential"),
        ("aws-sm://Europe/", "region looks like"),
        ("aws-sm://evil.example/", "region looks like"),
        ("aws-sm://eu-west-1/?region=x", "unknown option 'region'"),
        ("aws-sm://eu-west-1/a//b", "prefix"),
        ("aws-sm://eu-west-1/?prefix=../b", "prefix"),
        ("aws-sm://eu-west-1/?timeout=soon", "timeout"),
        ("aws-sm://eu-west-1/?timeout=nan", "timeout"),
        ("aws-ssm://eu-west-1/?timeout=0", "timeout"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_at_once(url, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        open_source(url)
    assert "secretpw" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["ftp://x/", "localhost:80", "http://me:secretpw@127.0.0.1/"])
def test_an_endpoint_that_cannot_be_meant_is_refused_when_read(endpoint):
    source = open_source(f"aws-sm://eu-west-1/?endpoint={endpoint}")
    with pytest.raises(ConfigError) as caught:
        source.read("x")
    assert "secretpw" not in str(caught.value)


def test_path_and_option_prefix_are_joined_and_the_url_prints_them(aws):
    source = open_source(f"aws-sm://eu-west-1/prod?prefix=billing&endpoint={aws.url}")
    assert source.url == "aws-sm://eu-west-1/prod/billing"
    source.read("db")
    assert b'"prod/billing/db"' in aws.requests[0].body


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_may_come_from_the_environment(variable, monkeypatch, aws):
    monkeypatch.setenv(variable, "ap-south-1")
    source = open_source(f"aws-sm:///prod?endpoint={aws.url}")
    source.read("db")
    assert signed_as(aws)[2] == "ap-south-1"
    assert source.url == "aws-sm://ap-south-1/prod"


def test_the_region_may_come_from_the_configuration_file(config, aws):
    config("[default]\nregion = eu-north-1\n")
    open_source(f"aws-sm:///prod?endpoint={aws.url}").read("db")
    assert signed_as(aws)[2] == "eu-north-1"


def test_without_a_region_the_message_says_where_to_put_it(aws):
    with pytest.raises(ConfigError, match="AWS_REGION"):
        open_source(f"aws-sm:///prod?endpoint={aws.url}").read("db")


def test_the_naming_rule_agrees_with_botocore_in_every_public_region():
    session = pytest.importorskip("botocore.session").Session()
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
    for partition in ("aws", "aws-cn"):
        regions = session.get_available_regions("secretsmanager", partition)
        assert len(regions) >= 2
        for region in regions:
            for service in ("secretsmanager", "ssm"):
                client = session.create_client(service, region_name=region, **keys)
                assert by_rule(service, region) == client.meta.endpoint_url


@pytest.mark.parametrize(
    ("region", "variables", "host"),
    [
        ("us-gov-west-1", {}, "secretsmanager.us-gov-west-1.amazonaws.com"),
        ("us-east-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "secretsmanager-fips.us-east-1.amazonaws.com"),
        ("eu-west-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "secretsmanager.eu-west-1.api.aws"),
    ],
)
def test_what_the_rule_does_not_cover_is_left_to_botocore(region, variables, host, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    where = locate("secretsmanager", Sdk(region=region), endpoint=None, ca=None)
    assert where.endpoint == f"https://{host}"


def endpoint_of(service="secretsmanager"):
    return locate(service, Sdk(region="eu-west-1"), endpoint=None, ca=None).endpoint


def test_the_environment_may_name_the_endpoint(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all.example")
    assert endpoint_of() == "http://all.example"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://sm.example")
    assert endpoint_of() == "http://sm.example"
    assert endpoint_of("ssm") == "http://all.example"
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert endpoint_of() == "https://secretsmanager.eu-west-1.amazonaws.com"


def test_the_configuration_file_may_name_the_endpoint(config):
    config(
        "[default]\nservices = local\n[services local]\nsecrets_manager =\n  endpoint_url = http://sm.file\n"
    )
    assert endpoint_of() == "http://sm.file"


def test_a_configuration_file_that_says_nothing_of_endpoints_leaves_the_rule(config):
    config("[default]\nregion = eu-west-1\noutput = json\n")
    assert endpoint_of() == "https://secretsmanager.eu-west-1.amazonaws.com"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp("ca")))


@pytest.fixture
def secure_aws(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate_file, authority.key_file)
    with FaultProxy("http://127.0.0.1:9", tls=context) as server:
        server.fault(answer(200, SECRET))
        yield server


def test_a_private_ca_by_option_environment_or_file(secure_aws, authority, monkeypatch, config):
    url = f"aws-sm://eu-west-1/?endpoint={secure_aws.url}"
    with pytest.raises(Unavailable, match="not trusted"):
        open_source(url).read("x")
    assert open_source(f"{url}&ca={authority.ca_file}").read("x").reveal() == "value"
    config(f"[default]\nca_bundle = {authority.ca_file}\n")
    assert open_source(url).read("x").reveal() == "value"
    config("")
    monkeypatch.setenv("AWS_CA_BUNDLE", authority.ca_file)
    assert open_source(url).read("x").reveal() == "value"


def test_keys_in_the_environment_come_before_the_files(config, aws):
    config("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = x\n", "credentials")
    open_source(f"aws-sm://eu-west-1/?endpoint={aws.url}").read("x")
    assert signed_as(aws)[0] == "AKIATEST"


def test_a_profile_asked_for_comes_before_the_environment(config, aws):
    config("[staging]\naws_access_key_id = AKIASTAGING\naws_secret_access_key = x\n", "credentials")
    open_source(f"aws-sm://eu-west-1/?profile=staging&endpoint={aws.url}").read("x")
    assert signed_as(aws)[0] == "AKIASTAGING"


def test_the_shared_file_is_used_when_the_environment_has_no_keys(config, aws, monkeypatch):
    config("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = x\n", "credentials")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    open_source(f"aws-sm://eu-west-1/?endpoint={aws.url}").read("x")
    assert signed_as(aws)[0] == "AKIAFILE"


def test_a_session_token_is_sent_and_signed(aws, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-token")
    open_source(f"aws-sm://eu-west-1/?endpoint={aws.url}").read("x")
    assert aws.requests[0].header("x-amz-security-token") == "the-token"
    assert "x-amz-security-token" in aws.requests[0].header("authorization")


def test_keys_renewed_in_the_environment_are_used(aws, monkeypatch):
    source = open_source(f"aws-sm://eu-west-1/?endpoint={aws.url}")
    source.read("x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASECOND")
    source.read("x")
    assert signed_as(aws)[0] == "AKIASECOND"


def test_without_any_credentials_the_read_is_denied_and_says_where_it_looked(aws, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(Denied, match="AWS_ACCESS_KEY_ID") as caught:
        open_source(f"aws-sm://eu-west-1/?endpoint={aws.url}").read("x")
    assert caught.value.name == "x"
    assert aws.requests == []


def test_half_a_pair_and_an_unknown_profile_are_configuration_errors(aws, monkeypatch):
    with pytest.raises(ConfigError, match="nobody"):
        open_source(f"aws-sm://eu-west-1/?profile=nobody&endpoint={aws.url}").read("x")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY") as caught:
        open_source(f"aws-sm://eu-west-1/?endpoint={aws.url}").read("x")
    assert caught.value.__context__ is None


def run(code, **environment):
    import os

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_with_keys_in_the_environment_no_sdk_is_loaded(aws):
    code = (
        "import sys; from wellkept.sources.registry import open_source\n"
        f"source = open_source('aws-sm://eu-west-1/?endpoint={aws.url}')\n"
        "print('http.client' in sys.modules or 'ok'); print(source.read('x').reveal())\n"
        "print('botocore' in sys.modules)"
    )
    assert run(code)[1:] == ["value", "False"]


def test_without_botocore_keys_in_the_environment_do_and_anything_else_names_the_extra(aws):
    code = (
        "import sys, os; sys.modules['botocore'] = None\n"
        "from wellkept.sources.registry import open_source; from wellkept.errors import ConfigError\n"
        f"source = open_source('aws-sm://eu-west-1/?endpoint={aws.url}')\n"
        "print(source.read('x').reveal()); del os.environ['AWS_ACCESS_KEY_ID']\n"
        "try: source.read('x')\nexcept ConfigError as error: print(error, error.__context__)"
    )
    said = run(code)
    assert said[0] == "value"
    assert "'wellkept[aws]'" in said
    assert said[-1] == "None"
