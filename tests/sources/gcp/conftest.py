"""Secret Manager on loopback, Google's client writing into it, and an identity as a metadata server gives it."""

from __future__ import annotations

import os

import pytest

from doubles.cloud import Issuer
from doubles.google_identity import MetadataServer
from doubles.google_secret_manager import PROJECT, SecretManager
from wellkept.sources.registry import open_source
from wellkept.testing.certificates import Authority

PREFIXES = ("GOOGLE_", "GCLOUD_", "GCE_", "CLOUDSDK_", "NO_GCE")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    """Nothing of this machine's Google configuration."""
    pytest.importorskip("google.auth", reason="pip install 'wellkept[gcp]'")
    pytest.importorskip("google_crc32c", reason="pip install google-crc32c")
    for name in list(os.environ):
        if name.startswith(PREFIXES) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp("ca")))


@pytest.fixture(scope="session")
def issuer():
    return Issuer()


@pytest.fixture
def service(issuer):
    with SecretManager(issuer) as service:
        yield service


def _use_metadata(server, monkeypatch):
    """By the documented variables; google-auth reads one of them when it is imported, so it is put there too."""
    from google.auth.compute_engine import _metadata

    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", server.environment["GCE_METADATA_HOST"])


@pytest.fixture
def use_metadata():
    return _use_metadata


@pytest.fixture
def giver(issuer, monkeypatch):
    with MetadataServer(issuer) as giver:
        _use_metadata(giver, monkeypatch)
        yield giver


class Official:
    """google-cloud-secret-manager over REST with a token of its own."""

    parent = f"projects/{PROJECT}"

    def __init__(self, service, issuer, location=""):
        module = pytest.importorskip(
            "google.cloud.secretmanager", reason="pip install google-cloud-secret-manager"
        )
        from google.oauth2.credentials import Credentials

        self.location = location
        if location:
            self.parent = f"{self.parent}/locations/{location}"
        self.client = module.SecretManagerServiceClient(
            transport="rest",
            credentials=Credentials(token=issuer.issue(service.AUDIENCE)),
            client_options={"api_endpoint": service.url},
        )

    def name(self, secret, version=None):
        return f"{self.parent}/secrets/{secret}" + (f"/versions/{version}" if version else "")

    def put(self, secret, value, **payload):
        from google.api_core.exceptions import Conflict

        data = value.encode() if isinstance(value, str) else value
        kind = {} if self.location else {"replication": {"automatic": {}}}
        try:
            self.client.create_secret(
                request={"parent": self.parent, "secret_id": secret, "secret": kind}, timeout=10
            )
        except Conflict:
            pass  # then this is another version of it
        return self.client.add_secret_version(
            request={"parent": self.name(secret), "payload": {"data": data, **payload}}, timeout=10
        )

    def get(self, secret, version="latest"):
        answer = self.client.access_secret_version(request={"name": self.name(secret, version)}, timeout=10)
        return answer.payload


@pytest.fixture
def official(service, issuer):
    return Official(service, issuer)


@pytest.fixture
def official_in(service, issuer):
    """``official_in("europe-west3")``: the same for the secrets of a region."""
    return lambda location: Official(service, issuer, location)


@pytest.fixture
def open_gcp(service):
    """``open_gcp(prefix="x")``: a source on the service."""
    opened = []

    def open_one(project=PROJECT, **options):
        query = "&".join(f"{key}={value}" for key, value in {"endpoint": service.url, **options}.items())
        source = open_source(f"gcp-sm://{project}?{query}")
        opened.append(source)
        return source

    yield open_one
    for source in opened:
        source.close()
