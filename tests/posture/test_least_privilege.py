"""Policies that allow exactly what is read, and nothing that merely begins alike."""

import fnmatch
import json

import hcl2
import pytest
import yaml

from wellkept.errors import ConfigError
from wellkept.posture.least_privilege import policy_for
from wellkept.sources.url import parse_url

NAMES = ["DATABASE_URL", "billing/key#password", "billing/key#user"]


def made(provider, *urls, **options):
    return policy_for(provider, NAMES, [parse_url(url) for url in urls], options)


def test_aws_names_each_secret_once_and_one_action():
    policy = made("aws", "env:", "aws-sm://eu-west-1/prod", account="123456789012")
    (statement,) = json.loads(policy.text)["Statement"]
    assert statement["Action"] == "secretsmanager:GetSecretValue"
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/"
    assert statement["Resource"] == [f"{arn}DATABASE_URL-??????", f"{arn}billing/key-??????"]
    assert policy.missing == ()


def test_aws_does_not_allow_a_secret_whose_name_begins_alike():
    (statement,) = json.loads(made("aws", "aws-sm://eu-west-1/prod", account="1").text)["Statement"]
    pattern = statement["Resource"][0]
    base = "arn:aws:secretsmanager:eu-west-1:1:secret:prod/DATABASE_URL"
    assert fnmatch.fnmatchcase(f"{base}-a1B2c3", pattern)
    for other in (f"{base}-admin-a1B2c3", f"{base}S-a1B2c3", base):
        assert not fnmatch.fnmatchcase(other, pattern)


def test_parameters_are_allowed_by_their_own_actions_and_a_key_of_ones_own_through_the_service_only():
    text = made("aws", "aws-ssm://eu-west-1/prod", account="1", kms_key="arn:aws:kms:eu-west-1:1:key/k").text
    read, decrypt = json.loads(text)["Statement"]
    assert read["Action"] == ["ssm:GetParameter", "ssm:GetParameters"]
    assert read["Resource"][1] == "arn:aws:ssm:eu-west-1:1:parameter/prod/billing/key"
    assert decrypt["Condition"]["StringEquals"] == {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"}


def test_what_is_not_known_is_a_placeholder_and_said():
    policy = made("aws", "env:")
    assert policy.missing == ("REGION", "ACCOUNT")
    assert ":*:" not in policy.text


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("vault://v:8200/kv?prefix=prod", "kv/data/prod/billing/key"),
        ("bao://v:8200/kv?kv=1", "kv/billing/key"),
        ("env:", "secret/data/billing/key"),
    ],
)
def test_vault_allows_reading_each_path_and_nothing_else(url, path):
    document = hcl2.loads(made("vault", url).text)
    rules = {key.strip('"'): rule for block in document["path"] for key, rule in block.items()}
    assert len(rules) == 2
    assert [capability.strip('"') for capability in rules[path]["capabilities"]] == ["read"]


def test_the_stores_policy_is_one_that_the_store_takes(tmp_path):
    from wellkept.barrier.seals import KeyFileSeal
    from wellkept.core.local import create_store, open_store
    from wellkept.errors import Denied

    seal = KeyFileSeal.create(str(tmp_path / "key"))
    policy = made("store", "store:x?prefix=prod")
    with create_store(str(tmp_path / "store"), seal) as store:
        store.write("prod/DATABASE_URL", "x")
        store.write("prod/DATABASE_URL-admin", "x")
        store.set_policy("app", json.loads(policy.text))
    with open_store(str(tmp_path / "store"), seal, policies=["app"]) as store:
        assert store.read("prod/DATABASE_URL").secret.reveal() == "x"
        for refused in (lambda: store.read("prod/DATABASE_URL-admin"), lambda: store.list("prod")):
            with pytest.raises(Denied):
                refused()


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("k8s://billing", ["database-url", "billing"]),
        ("k8s://billing?prefix=prod", ["prod-database-url", "prod-billing"]),
        ("k8s://billing?secret=app-env&prefix=prod", ["app-env"]),
        ("env:", ["database-url", "billing"]),
    ],
)
def test_kubernetes_allows_getting_the_secrets_that_the_source_reads_by_name(url, secrets):
    policy = made("k8s", url, principal="app")
    role, binding = yaml.safe_load_all(policy.text)
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": secrets, "verbs": ["get"]}
    ]
    namespace = "NAMESPACE" if url == "env:" else "billing"
    assert policy.missing == (("NAMESPACE",) if url == "env:" else ())
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "app", "namespace": namespace}]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert role["metadata"]["namespace"] == namespace


def test_an_unknown_provider_is_refused():
    with pytest.raises(ConfigError, match="known: aws"):
        made("nowhere")
