"""What docs/sources/azure.md shows works, against the Key Vault on loopback."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from wellkept.sources.azure_kv import client

PAGE = Path(__file__).parents[3] / "docs" / "sources" / "azure.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def run(vault, authority, official, giver, monkeypatch):
    official.set_secret("prod-billing-database", '{"password": "pw"}')
    official.set_secret("signing-key", "first")
    official.set_secret("signing-key", "second")
    bundle = base64.b64encode(b"\x30\x82").decode()
    official.set_secret("tls-certificate", bundle, content_type="application/x-pkcs12")

    class OnLoopback(client.HttpClient):
        """The vault's address is the only thing that is not as on the page."""

        def __init__(self, base, *, ca=None):
            assert base == "https://billing-prod.vault.azure.net"
            super().__init__(vault.url, ca=authority.ca_file)

    monkeypatch.setattr(client, "HttpClient", OnLoopback)

    def run(containing):
        (code,) = [code for code in EXAMPLES if containing in code]
        names = {}
        exec(compile(code, str(PAGE), "exec"), names)
        return names

    return run


def test_a_field_of_a_secret(run):
    assert run("database#password")["password"] == "pw"


def test_a_credential_of_ones_own(run):
    assert run("ManagedIdentityCredential")["secrets"].get("signing-key").reveal() == "second"


def test_versions(run):
    names = run("exactly_this")
    assert [names[name].reveal() for name in ("now", "before", "exactly_this")] == [
        "second",
        "first",
        "first",
    ]


def test_bytes(run):
    assert run("tls-certificate")["bundle"] == b"\x30\x82"


def test_every_example_is_run():
    assert len(EXAMPLES) == 4
