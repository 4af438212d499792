"""A Key Vault on loopback, Microsoft's client writing into it, and a managed identity as App Service gives it."""

from __future__ import annotations

import itertools
import os

import pytest

from doubles.azure_identity import AppService
from doubles.azure_key_vault import KeyVault
from doubles.cloud import Issuer
from wellkept.sources.registry import open_source
from wellkept.testing.certificates import Authority

PREFIXES = ("AZURE_", "IDENTITY_", "MSI_", "IMDS_")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    """Nothing of this machine's Azure configuration."""
    pytest.importorskip("azure.identity", reason="pip install 'wellkept[azure]'")
    for name in list(os.environ):
        if name.startswith(PREFIXES) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp("ca")))


@pytest.fixture(scope="session")
def issuer():
    return Issuer()


@pytest.fixture
def vault(authority, issuer):
    with KeyVault(authority, issuer) as vault:
        yield vault


@pytest.fixture
def giver(issuer, monkeypatch):
    """App Service's managed identity, by its documented variables."""
    with AppService(issuer) as giver:
        for name, value in giver.environment.items():
            monkeypatch.setenv(name, value)
        yield giver


class Token:
    """What the official client needs: an object with ``get_token``."""

    def __init__(self, issuer):
        self.issuer = issuer

    def get_token(self, *scopes, **options):
        from azure.core.credentials import AccessToken

        token = self.issuer.issue(scopes[0].removesuffix("/.default"))
        return AccessToken(token, 4102444800)


@pytest.fixture
def official(vault, authority, issuer):
    """azure-keyvault-secrets on the same vault. Its own check of the challenge cannot hold for an address on
    loopback, and has to be off; ours stays on."""
    secrets = pytest.importorskip("azure.keyvault.secrets", reason="pip install azure-keyvault-secrets")
    with secrets.SecretClient(
        vault_url=vault.url.replace("127.0.0.1", "localhost"),
        credential=Token(issuer),
        verify_challenge_resource=False,
        connection_verify=authority.ca_file,
        retry_total=0,
    ) as client:
        yield client


_numbers = itertools.count()


@pytest.fixture
def open_azure(vault, authority):
    """``open_azure(prefix="x")``: a source on the vault, under a name of its own."""
    opened = []

    def open_one(name="billing-prod", **options):
        options = {"endpoint": vault.url, "ca": authority.ca_file, **options}
        query = "&".join(f"{key}={value}" for key, value in options.items())
        source = open_source(f"azure-kv://{name}?{query}")
        opened.append(source)
        return source

    yield open_one
    for source in opened:
        source.close()
