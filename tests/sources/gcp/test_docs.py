"""What docs/sources/gcp.md shows works, against the Secret Manager on loopback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wellkept.sources.gcp_sm import client

PAGE = Path(__file__).parents[3] / "docs" / "sources" / "gcp.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def run(service, official, giver, monkeypatch):
    official.put("prod-billing-database", '{"password": "pw"}')
    official.put("signing-key", "first")
    official.put("signing-key", "second")
    service.stored["", "signing-key"]["aliases"]["canary"] = 1

    class OnLoopback(client.HttpClient):
        """The service's address is the only thing that is not as on the page."""

        def __init__(self, base, *, ca=None):
            assert base == "https://secretmanager.googleapis.com"
            super().__init__(service.url, ca=ca)

    monkeypatch.setattr(client, "HttpClient", OnLoopback)

    def run(containing):
        (code,) = [code for code in EXAMPLES if containing in code]
        names = {}
        exec(compile(code, str(PAGE), "exec"), names)
        return names

    return run


def test_a_field_of_a_secret(run):
    assert run("database#password")["password"] == "pw"


def test_credentials_of_ones_own(run):
    assert run("google.auth.default")["secrets"].get("signing-key").reveal() == "second"


def test_versions(run):
    names = run("exactly_this")
    values = [names[name].reveal() for name in ("now", "before", "exactly_this", "canary")]
    assert values == ["second", "first", "first", "first"]


def test_every_example_is_run():
    assert len(EXAMPLES) == 3
