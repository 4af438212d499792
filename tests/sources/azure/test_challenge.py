"""A vault's challenge is followed once, and only for the vault's own domain."""

from __future__ import annotations

import base64

import pytest

from wellkept.errors import Denied
from wellkept.sources.azure_kv.challenge import parse
from wellkept.sources.azure_kv.source import AzureKeyVaultSource
from wellkept.testing.faults import answer

OTHER = "0b2d1a77-1111-4222-8333-944455566677"


class Credential:
    """Notes what it is asked for; its tokens are of the tenant asked for, else of its own."""

    def __init__(self, issuer, tenant):
        self.issuer, self.tenant = issuer, tenant
        self.asked = []

    def get_token(self, scope, *, tenant_id=None, claims=None):
        from azure.core.credentials import AccessToken

        self.asked.append((scope, tenant_id, claims))
        token = self.issuer.issue(scope.removesuffix("/.default"), tid=tenant_id or self.tenant)
        return AccessToken(token, 4102444800)


@pytest.fixture
def credential(issuer, vault):
    return Credential(issuer, vault.tenant)


@pytest.fixture
def source(vault, authority, credential, official):
    official.set_secret("name", "value")
    vault.requests.clear()
    source = AzureKeyVaultSource("billing", endpoint=vault.url, ca=authority.ca_file, credential=credential)
    yield source
    source.close()


def challenged(resource, tenant=OTHER, more=""):
    header = f'Bearer authorization="https://login.microsoftonline.com/{tenant}", resource="{resource}"{more}'
    return answer(401, '{"error": {"code": "Unauthorized"}}', {"WWW-Authenticate": header})


def test_no_challenge_is_needed_where_the_identity_is_of_the_vaults_tenant(source, vault, credential):
    assert source.read("name").reveal() == "value"
    assert source.read("name").reveal() == "value"
    assert len(vault.requests) == 2
    assert credential.asked == [("https://vault.azure.net/.default", None, None)]


def test_the_tenant_of_the_challenge_is_followed_once_and_remembered(source, vault, credential):
    credential.tenant = OTHER
    assert source.read("name").reveal() == "value"
    assert source.read("name").reveal() == "value"
    assert [tenant for _, tenant, _ in credential.asked] == [None, vault.tenant]
    assert len(vault.requests) == 3


def test_a_batch_follows_the_challenge_once_for_all(source, vault, credential, official):
    official.set_secret("other", "second")
    vault.requests.clear()
    credential.tenant = OTHER
    found = source.read_many(["name", "other"])
    assert [secret.reveal() for secret in found.values()] == ["value", "second"]
    assert len(vault.requests) == 4
    assert len(credential.asked) == 2


@pytest.mark.parametrize(
    "resource",
    [
        "https://vault.example.net",
        "https://management.azure.com",
        "https://azure.net",
        "https://net",
        "https://vault.azure.net.example.net",
        "https://examplevault.azure.net",
        "http://vault.azure.net",
        "https://vault.azure.net@example.net",
        "https://vault.azure.net/other",
    ],
)
def test_a_challenge_for_another_domain_gets_no_token(source, vault, credential, resource):
    vault.fault(challenged(resource))
    with pytest.raises(Denied, match=r"not for vault\.azure\.net") as caught:
        source.read("name")
    assert caught.value.__context__ is None
    assert len(vault.requests) == 1
    assert len(credential.asked) == 1, "a token was asked for on a stranger's word"
    assert source._client.tenant is None


def test_a_challenge_that_repeats_itself_ends_denied(source, vault, credential):
    vault.fault(challenged("https://vault.azure.net", tenant=vault.tenant))
    with pytest.raises(Denied, match="does not accept the token"):
        source.read("name")
    assert len(vault.requests) == 2


@pytest.mark.parametrize(
    "header", ["", "Basic realm=x", "Bearer", 'Bearer authorization="http://x/y"', "Bearer \xff"]
)
def test_a_challenge_that_is_none_is_not_followed(source, vault, header):
    vault.fault(answer(401, "", {"WWW-Authenticate": header}))
    with pytest.raises(Denied):
        source.read("name")
    assert len(vault.requests) == 1


def test_claims_that_the_vault_demands_are_handed_to_the_identity(source, vault, credential):
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1603742800"}}}'
    encoded = base64.urlsafe_b64encode(claims.encode()).decode()
    more = f', error="insufficient_claims", claims="{encoded}"'
    vault.fault(challenged("https://vault.azure.net", vault.tenant, more), times=1)
    assert source.read("name").reveal() == "value"
    assert credential.asked[-1] == ("https://vault.azure.net/.default", vault.tenant, claims)


def test_the_official_parser_reads_the_same_challenge():
    from azure.keyvault.secrets._shared.http_challenge import HttpChallenge

    header = f'Bearer authorization="https://login.windows.net/{OTHER}", resource="https://vault.azure.net"'
    official, ours = HttpChallenge("https://x.vault.azure.net/secrets", header), parse(header)
    assert (ours.resource, ours.tenant) == (official.get_resource(), official.tenant_id)
