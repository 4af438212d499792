"""No static credential where Azure gives an identity: each platform's documented variables, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from doubles.azure_identity import CLIENT, AppService, Entra, InstanceMetadata
from wellkept.errors import Denied, Unavailable
from wellkept.testing.faults import answer


def app_service(issuer, authority, monkeypatch, tmp_path):
    """As App Service, Functions and Container Apps set it up."""
    return AppService(issuer)


def machine(issuer, authority, monkeypatch, tmp_path):
    """A virtual machine's metadata service, at the address that AKS's pod identity puts it."""
    return InstanceMetadata(issuer)


def federated(issuer, authority, monkeypatch, tmp_path):
    """As AKS's workload identity webhook sets it up: a file with the pod's token."""
    (tmp_path / "token").write_text(Entra.assertion)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.ca_file)
    return Entra(issuer, authority)


def client_secret(issuer, authority, monkeypatch, tmp_path):
    """A service principal with a secret in the environment."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", Entra.secret)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.ca_file)
    return Entra(issuer, authority)


PLATFORMS = [app_service, machine, federated, client_secret]


def start(platform, issuer, authority, monkeypatch, tmp_path):
    giver = platform(issuer, authority, monkeypatch, tmp_path)
    for name, value in giver.environment.items():
        monkeypatch.setenv(name, value)
    return giver


@pytest.fixture(params=PLATFORMS, ids=lambda platform: platform.__name__)
def giver(request, issuer, authority, monkeypatch, tmp_path):
    with start(request.param, issuer, authority, monkeypatch, tmp_path) as giver:
        yield giver


@pytest.fixture
def source(open_azure, official):
    official.set_secret("database", "value")
    return open_azure()


def test_the_platforms_identity_is_used_and_asked_for_once(giver, source, vault, issuer):
    issued = issuer.issued
    for _ in range(3):
        assert source.read("database").reveal() == "value"
    assert source.read_many(["database"])["database"].reveal() == "value"
    assert issuer.issued - issued <= 2, "the machine's metadata service is probed with a request for a token"


def test_whoami_names_the_application(giver, source):
    assert CLIENT in source.whoami()


def test_a_token_about_to_end_is_replaced_before_the_vault_complains(
    giver, source, vault, issuer, monkeypatch
):
    import time

    source.read("database")
    issued, now = issuer.issued, time.time
    vault.requests.clear()
    monkeypatch.setattr(time, "time", lambda: now() + 3500)
    assert source.read("database").reveal() == "value"
    assert issuer.issued > issued
    assert len(vault.requests) == 1


@pytest.mark.parametrize("platform", [app_service, federated, client_secret])
def test_a_giver_that_is_down_is_unavailable_not_denied(
    platform, issuer, authority, monkeypatch, tmp_path, source
):
    with start(platform, issuer, authority, monkeypatch, tmp_path) as giver:
        giver.refuse()
        with pytest.raises(Unavailable) as caught:
            source.read("database")
        assert caught.value.__context__ is None
        assert caught.value.name == "database"
        giver.accept()
        assert source.read("database").reveal() == "value"


def test_a_metadata_service_that_goes_down_later_is_unavailable(
    issuer, authority, monkeypatch, tmp_path, source
):
    with start(machine, issuer, authority, monkeypatch, tmp_path) as giver:
        giver.lifetime = 200  # ends within the time in which a token is replaced
        source.read("database")
        giver.refuse()
        with pytest.raises(Unavailable):
            source.read("database")


@pytest.mark.parametrize("platform", [app_service, federated, client_secret])
def test_a_giver_that_answers_5xx_is_unavailable(platform, issuer, authority, monkeypatch, tmp_path, source):
    with start(platform, issuer, authority, monkeypatch, tmp_path) as giver:
        giver.fault(answer(503, '{"error": "temporarily_unavailable", "error_description": "busy"}'))
        for _ in range(2):  # the second answer is one that MSAL has kept
            with pytest.raises(Unavailable):
                source.read("database")


@pytest.mark.parametrize("platform", [app_service, federated])
def test_a_giver_that_answers_nonsense_is_unavailable_and_not_quoted(
    platform, issuer, authority, monkeypatch, tmp_path, source
):
    with start(platform, issuer, authority, monkeypatch, tmp_path) as giver:
        giver.fault(answer(200, "<html>leak-me-not"))
        with pytest.raises(Unavailable) as caught:
            source.read("database")
        assert caught.value.__context__ is None
        assert "leak-me-not" not in str(caught.value)


def denied(source, *private):
    with pytest.raises(Denied) as caught:
        source.read("database")
    error = caught.value
    assert error.__context__ is None
    assert error.name == "database"
    for value in private:
        assert value not in str(error)
    return str(error)


def test_a_wrong_assertion_is_denied_and_nothing_of_it_is_said(
    issuer, authority, monkeypatch, tmp_path, source
):
    with start(federated, issuer, authority, monkeypatch, tmp_path):
        (tmp_path / "token").write_text("another.federated.token")
        assert "AADSTS700213" in denied(source, "another.federated.token")


def test_a_wrong_client_secret_is_denied_and_nothing_of_it_is_said(
    issuer, authority, monkeypatch, tmp_path, source
):
    with start(client_secret, issuer, authority, monkeypatch, tmp_path):
        monkeypatch.setenv("AZURE_CLIENT_SECRET", "a-wrong-secret")
        assert "AADSTS7000215" in denied(source, "a-wrong-secret")


def test_a_wrong_identity_header_is_denied_and_nothing_of_it_is_said(
    issuer, authority, monkeypatch, tmp_path, source
):
    with start(app_service, issuer, authority, monkeypatch, tmp_path):
        monkeypatch.setenv("IDENTITY_HEADER", "a-wrong-header")
        denied(source, "a-wrong-header")


def test_a_missing_token_file_is_denied_and_named(issuer, authority, monkeypatch, tmp_path, source):
    with start(federated, issuer, authority, monkeypatch, tmp_path):
        (tmp_path / "token").unlink()
        assert str(tmp_path / "token") in denied(source)


def test_a_rotated_token_file_is_read_again(issuer, authority, monkeypatch, tmp_path, source):
    with start(federated, issuer, authority, monkeypatch, tmp_path) as giver:
        giver.lifetime = 100
        source.read("database")
        giver.assertion = "the.next.token"
        (tmp_path / "token").write_text("the.next.token")
        source.after_fork()
        assert source.read("database").reveal() == "value"


def test_after_a_fork_the_child_asks_for_itself(giver, source, issuer):
    source.read("database")
    issued = issuer.issued
    source.after_fork()
    assert source.read("database").reveal() == "value"
    assert issuer.issued > issued


def test_a_fresh_process_reads_with_nothing_but_the_platforms_variables(giver, vault, authority, official):
    official.set_secret("database", "value")
    code = (
        "import sys, wellkept\n"
        "with wellkept.open(sys.argv[1]) as secrets: print(secrets.get('database').reveal())"
    )
    url = f"azure-kv://billing-prod?endpoint={vault.url}&ca={authority.ca_file}"
    done = subprocess.run(
        [sys.executable, "-c", code, url], env=dict(os.environ), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "value\n", done.stderr
    assert done.stderr == "", "azure-identity's warnings of what is not set up"


def test_no_identity_at_all_is_denied_and_says_what_to_set(source, monkeypatch):
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential")  # no search for others
    assert "AZURE_CLIENT_ID" in denied(source)
    assert source.whoami().startswith("unknown: no Azure identity")
