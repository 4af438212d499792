"""Those who give out Google tokens, on loopback: the metadata server and the Security Token Service.

Each refuses what the real one refuses: a request without ``Metadata-Flavor: Google``, a wrong grant, audience or
subject token. Sources: "About VM metadata" (cloud.google.com), the Security Token API's reference (``v1.token``).
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from doubles.cloud import Double, reply
from doubles.google_secret_manager import PROJECT, SecretManager
from wellkept.testing.faults import Reply

ACCOUNT = "app@acme-prod.iam.gserviceaccount.com"
AUDIENCE = (
    "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci/providers/github"
)
FLAVOR = ("Metadata-Flavor", "Google")


class Giver(Double):
    """``issuer`` makes the tokens; they last ``lifetime`` seconds."""

    def __init__(self, issuer, authority=None):
        self.issuer = issuer
        self.lifetime = 3600
        super().__init__(authority)

    def given(self, **more):
        token = self.issuer.issue(SecretManager.AUDIENCE, lifetime=self.lifetime, **more)
        return {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"}


class MetadataServer(Giver):
    @property
    def environment(self):
        host = f"127.0.0.1:{self.port}"
        return {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}

    def answer(self, request):
        if request.header("metadata-flavor") != "Google":
            return Reply(403, [FLAVOR], b"Missing Metadata-Flavor:Google header.")
        path = urlsplit(request.path).path
        account = "/computeMetadata/v1/instance/service-accounts"
        if path == "/":
            return Reply(200, [FLAVOR, ("Content-Type", "application/text")], b"computeMetadata/")
        if path == "/computeMetadata/v1/project/project-id":
            return Reply(200, [FLAVOR, ("Content-Type", "application/text")], PROJECT.encode())
        if path in (f"{account}/default/", f"{account}/{ACCOUNT}/"):
            scopes = [SecretManager.AUDIENCE]
            return reply(200, {"aliases": ["default"], "email": ACCOUNT, "scopes": scopes}, dict([FLAVOR]))
        if path in (f"{account}/default/token", f"{account}/{ACCOUNT}/token"):
            return reply(200, self.given(email=ACCOUNT), dict([FLAVOR]))
        return Reply(404, [FLAVOR], b"not found")


class SecurityTokenService(Giver):
    subject = "a.subject.token"

    def answer(self, request):
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if request.path != "/v1/token" or request.method != "POST":
            return reply(404, {"error": {"code": 404, "status": "NOT_FOUND"}})
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange":
            return reply(400, {"error": "unsupported_grant_type", "error_description": "no"})
        if form.get("audience") != AUDIENCE:
            return reply(
                400, {"error": "invalid_target", "error_description": "The target service is unknown"}
            )
        if form.get("subject_token") != self.subject:
            return reply(400, {"error": "invalid_grant", "error_description": "The subject token is invalid"})
        kind = "urn:ietf:params:oauth:token-type:access_token"
        return reply(200, {**self.given(), "issued_token_type": kind})

    def configuration(self, token_file):
        """What ``gcloud iam workload-identity-pools create-cred-config`` writes, for this service."""
        return {
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.url}/v1/token",
            "credential_source": {"file": str(token_file), "format": {"type": "text"}},
        }
