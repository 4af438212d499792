"""Those who give out Azure tokens, on loopback: App Service's endpoint, a machine's metadata service, and Entra.

Each refuses what the real one refuses: a wrong or missing header, a wrong API version, a wrong assertion or secret,
an unknown client or tenant. Sources: "How to use managed identities for App Service", "How to use managed identities
on an Azure VM to acquire an access token", "Microsoft identity platform and the OAuth 2.0 client credentials flow".
"""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

from doubles.azure_key_vault import TENANT
from doubles.cloud import Double, reply

CLIENT = "4f1d2d9e-0000-4000-8000-7d5a2f0c9b11"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Giver(Double):
    """``issuer`` makes the tokens; they last ``lifetime`` seconds."""

    def __init__(self, issuer, authority=None):
        self.issuer = issuer
        self.lifetime = 3600
        super().__init__(authority)

    def token(self, audience):
        return self.issuer.issue(audience, lifetime=self.lifetime, tid=TENANT, appid=CLIENT)


def _query(request):
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


class AppService(Giver):
    header = "the-identity-header"

    @property
    def environment(self):
        return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token", "IDENTITY_HEADER": self.header}

    def answer(self, request):
        query = _query(request)
        if request.header("x-identity-header") != self.header:
            return reply(403, {"statusCode": 403, "message": "Forbidden"})
        if query.get("api-version") != "2019-08-01" or not query.get("resource"):
            return reply(400, {"statusCode": 400, "message": "Bad Request"})
        expires = str(int(time.time()) + self.lifetime)
        resource = query["resource"]
        token = self.token(resource)
        return reply(
            200,
            {"access_token": token, "expires_on": expires, "resource": resource, "token_type": "Bearer"},
        )


class InstanceMetadata(Giver):
    @property
    def environment(self):
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}

    def answer(self, request):
        query = _query(request)
        if request.header("metadata") != "true" or query.get("api-version") != "2018-02-01":
            return reply(400, {"error": "bad_request", "error_description": "Required metadata header"})
        if urlsplit(request.path).path != "/metadata/identity/oauth2/token":
            return reply(404, {"error": "not_found"})
        return reply(
            200,
            {
                "access_token": self.token(query["resource"]),
                "expires_in": str(self.lifetime),
                "expires_on": str(int(time.time()) + self.lifetime),
                "resource": query["resource"],
                "token_type": "Bearer",
            },
        )


class Entra(Giver):
    """``assertion`` and ``secret`` are what ``CLIENT`` proves itself with."""

    assertion = "a.federated.token"
    secret = "the-client-secret"

    @property
    def authority_url(self):
        return self.url.replace("127.0.0.1", "localhost")

    @property
    def environment(self):
        return {
            "AZURE_AUTHORITY_HOST": self.authority_url,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_TENANT_ID": TENANT,
        }

    def answer(self, request):
        path = urlsplit(request.path).path
        here = f"{self.authority_url}/{TENANT}"
        if path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            return reply(
                200,
                {
                    "issuer": f"{here}/v2.0",
                    "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{here}/oauth2/v2.0/token",
                },
            )
        if path != f"/{TENANT}/oauth2/v2.0/token" or request.method != "POST":
            return reply(
                404, {"error": "invalid_tenant", "error_description": "AADSTS90002: Tenant not found."}
            )
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != "client_credentials" or form.get("client_id") != CLIENT:
            return _refusal(
                "unauthorized_client", "AADSTS700016: Application was not found in the directory."
            )
        if "client_assertion" in form:
            proven = form["client_assertion"] == self.assertion
            proven = proven and form.get("client_assertion_type") == ASSERTION
            reason = "AADSTS700213: No matching federated identity record found for presented assertion."
        else:
            proven = form.get("client_secret") == self.secret
            reason = "AADSTS7000215: Invalid client secret provided."
        if not proven:
            return _refusal("invalid_client", reason)
        scope = form["scope"].split()[0].removesuffix("/.default")
        token = self.token(scope)
        return reply(200, {"token_type": "Bearer", "expires_in": self.lifetime, "access_token": token})


def _refusal(error, description):
    return reply(401, {"error": error, "error_description": description})
