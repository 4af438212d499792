"""No static credential where Google gives an identity: the documented variables and files, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from doubles.google_identity import ACCOUNT, AUDIENCE, MetadataServer, SecurityTokenService
from wellkept.errors import ConfigError, Denied, Unavailable
from wellkept.testing.faults import answer


def metadata(issuer, monkeypatch, tmp_path, use_metadata):
    """As on Compute Engine, GKE, Cloud Run and Cloud Functions."""
    server = MetadataServer(issuer)
    use_metadata(server, monkeypatch)
    return server


def external(issuer, monkeypatch, tmp_path, use_metadata):
    """Workload identity federation: a file with another provider's token is exchanged."""
    server = SecurityTokenService(issuer)
    (tmp_path / "subject").write_text(server.subject)
    configuration = server.configuration(tmp_path / "subject")
    (tmp_path / "credentials.json").write_text(json.dumps(configuration))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "credentials.json"))
    return server


PLATFORMS = [metadata, external]


@pytest.fixture
def start(issuer, monkeypatch, tmp_path, use_metadata):
    return lambda platform: platform(issuer, monkeypatch, tmp_path, use_metadata)


@pytest.fixture(params=PLATFORMS, ids=lambda platform: platform.__name__)
def giver(request, start):
    with start(request.param) as giver:
        yield giver


@pytest.fixture
def source(open_gcp, official):
    official.put("database", "value")
    return open_gcp()


def test_the_platforms_identity_is_used_and_asked_for_once(giver, source, issuer):
    issued = issuer.issued
    for _ in range(3):
        assert source.read("database").reveal() == "value"
    assert source.read_many(["database"])["database"].reveal() == "value"
    assert issuer.issued - issued == 1


def test_whoami_names_the_account_or_the_provider(giver, source):
    assert (ACCOUNT if isinstance(giver, MetadataServer) else AUDIENCE) in source.whoami()


def test_a_token_that_google_no_longer_takes_is_replaced_at_once(giver, source, issuer, service):
    source.read("database")
    issuer.revoked.add(service.requests[-1].header("authorization").removeprefix("Bearer "))
    assert source.read("database").reveal() == "value"


def test_a_token_about_to_end_is_replaced_before_google_complains(giver, source, issuer, service):
    giver.lifetime = 100  # google-auth replaces it 3 min 45 s before its end
    source.read("database")
    issued = issuer.issued
    service.requests.clear()
    assert source.read("database").reveal() == "value"
    assert issuer.issued == issued + 1
    assert len(service.requests) == 1


def test_a_giver_that_is_down_is_unavailable_not_denied(giver, source):
    giver.refuse()
    with pytest.raises(Unavailable) as caught:
        source.read("database")
    assert caught.value.__context__ is None
    assert caught.value.name == "database"
    giver.accept()
    assert source.read("database").reveal() == "value"


def test_a_giver_that_answers_5xx_is_unavailable(giver, source):
    giver.lifetime = 100
    source.read("database")
    giver.fault(answer(503, "busy"))
    with pytest.raises(Unavailable) as caught:
        source.read("database")
    assert caught.value.__context__ is None
    giver.clear()
    assert source.read("database").reveal() == "value"


def test_a_giver_that_answers_nonsense_is_unavailable_and_not_quoted(start, source):
    with start(external) as giver:
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


def test_a_wrong_subject_token_is_denied_and_nothing_of_it_is_said(start, source, tmp_path):
    with start(external):
        (tmp_path / "subject").write_text("another.subject.token")
        assert "400" in denied(source, "another.subject.token")


def test_a_rotated_subject_token_is_read_again(start, source, tmp_path):
    with start(external) as giver:
        giver.lifetime = 100
        source.read("database")
        giver.subject = "the.next.token"
        (tmp_path / "subject").write_text("the.next.token")
        assert source.read("database").reveal() == "value"


def test_a_machine_without_a_service_account_is_denied(start, source):
    with start(metadata) as giver:
        giver.fault(answer(404, "not found"), when=lambda request: "service-accounts" in request.path)
        assert "404" in denied(source)


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", '{"type": "unheard of"}', '{"type": "service_account"}']
)
def test_a_credentials_file_that_cannot_be_used_is_named(source, monkeypatch, tmp_path, content):
    path = tmp_path / "credentials.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(ConfigError, match=str(path)) as caught:
        source.read("database")
    assert caught.value.__context__ is None


def test_a_service_accounts_key_signs_for_a_token(source, issuer, monkeypatch, tmp_path, service):
    """The file that Google's console gives out; its token service is on loopback."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with TokenService(issuer) as giver:
        content = {
            "type": "service_account",
            "client_email": ACCOUNT,
            "private_key_id": "1",
            "private_key": key.decode(),
            "token_uri": f"{giver.url}/token",
        }
        (tmp_path / "key.json").write_text(json.dumps(content))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        assert source.read("database").reveal() == "value"
        assert ACCOUNT in source.whoami()


class TokenService(SecurityTokenService):
    """``oauth2.googleapis.com/token``, for one kind of grant."""

    def answer(self, request):
        from doubles.cloud import reply

        if b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer" not in request.body:
            return reply(400, {"error": "invalid_grant"})
        return reply(200, self.given())


def test_a_fresh_process_reads_with_nothing_but_the_platforms_variables(giver, service, official):
    official.put("database", "value")
    code = (
        "import sys, wellkept\n"
        "with wellkept.open(sys.argv[1]) as secrets: print(secrets.get('database').reveal())"
    )
    url = f"gcp-sm://acme-prod?endpoint={service.url}"
    done = subprocess.run(
        [sys.executable, "-c", code, url], env=dict(os.environ), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "value\n", done.stderr


def test_after_a_fork_the_child_asks_for_itself(giver, source, issuer):
    source.read("database")
    issued = issuer.issued
    source.after_fork()
    assert source.read("database").reveal() == "value"
    assert issuer.issued == issued + 1


def test_no_identity_at_all_is_denied_and_says_what_to_set(source, monkeypatch):
    monkeypatch.setattr("google.auth.compute_engine._metadata._NO_GCE_CHECK", True)
    assert "GOOGLE_APPLICATION_CREDENTIALS" in denied(source)
    assert source.whoami().startswith("unknown: no Google identity")
