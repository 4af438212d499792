"""What docs/sources/aws.md shows works, against moto's server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "sources" / "aws.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="session")
def billing(sm, ssm):
    sm.create_secret(Name="prod/billing/database", SecretString=json.dumps({"password": "pw"}))
    sm.create_secret(Name="prod/billing/signing-key", SecretString="first")
    sm.put_secret_value(SecretId="prod/billing/signing-key", SecretString="second")
    sm.put_secret_value(
        SecretId="prod/billing/signing-key", SecretString="third", VersionStages=["AWSPENDING"]
    )
    ssm.put_parameter(Name="/prod/billing/allowed-hosts", Value="a.example,b.example", Type="StringList")
    ssm.put_parameter(Name="/prod/billing/payment/token", Value="tok", Type="SecureString")


def example(containing):
    (found,) = [code for code in EXAMPLES if containing in code]
    return found


@pytest.fixture
def run(moto, billing, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)

    def run(containing):
        names = {}
        exec(compile(example(containing), str(PAGE), "exec"), names)
        if "secrets" in names:
            names["secrets"].close()
        return names

    return run


def test_a_field_of_a_secret(run):
    assert run("database#password")["password"] == "pw"


def test_versions(run):
    names = run("being_tested")
    values = [names[name].reveal() for name in ("now", "before", "being_tested", "exactly_this")]
    assert values == ["second", "first", "third", "first"]


def test_parameters(run):
    names = run("aws-ssm")
    assert names["hosts"] == ["a.example", "b.example"]
    assert names["token"] == "tok"


def test_a_local_stand_in(run):
    run("moto_server")


def test_every_example_is_run():
    assert len(EXAMPLES) == 4


def test_the_policy_allows_what_a_read_calls_and_no_more():
    (policy,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    actions = {statement["Action"] for statement in json.loads(policy)["Statement"]}
    assert actions == {"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"}
