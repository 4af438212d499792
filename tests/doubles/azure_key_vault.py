"""A double of one Azure Key Vault: the secrets' part of its data plane, over TLS.

Refuses what the real one refuses: no token or a bad one (401 with the challenge that clients take scope and tenant
from), a token for another audience or of another tenant (401), an identity without permission (403), a missing or
unknown ``api-version`` (400), names and values that it does not take (400), writing over a deleted secret (409).
Versions in one second are told apart by nothing, as in the real one; a listing has pages.

Sources: Key Vault REST API reference (secrets), "Authentication, requests and responses", "Azure Key Vault REST API
error codes" (learn.microsoft.com). Driven by azure-keyvault-secrets in ``tests/sources/azure``.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from urllib.parse import parse_qs, quote, urlsplit

from doubles.cloud import Double, bearer, reply

API_VERSIONS = frozenset(("7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"))
TENANT = "6a1f2f5c-70b9-4b5b-a6a4-2f1f9a0c2d11"
MAX_VALUE = 25 * 1024
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")


class KeyVault(Double):
    """``issuer`` makes the tokens that are taken; ``resource`` is their audience. ``permissions`` is what every
    identity may do, ``denied`` the secrets that none may read."""

    def __init__(self, authority, issuer, *, resource="https://vault.azure.net", page=3):
        self.issuer = issuer
        self.resource = resource
        self.challenge_resource = resource
        self.tenant = TENANT
        self.page = page
        self.permissions = {"get", "list", "set", "delete", "purge"}
        self.denied = set()
        self.stored = {}  # lower-case name -> versions, oldest first
        self.deleted = {}
        super().__init__(authority)

    def answer(self, request):
        claims = self.issuer.claims(bearer(request))
        if claims is None or claims["aud"] != self.resource or claims.get("tid", self.tenant) != self.tenant:
            return self._unauthorised()
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if query.get("api-version") not in API_VERSIONS:
            return _error(400, "BadParameter", "The specified version is not recognized.")
        collection, *rest = parts.path.strip("/").split("/")
        host = request.header("host")
        if collection == "deletedsecrets" and len(rest) == 1:
            return self._deleted(request.method, rest[0].lower(), host)
        if collection != "secrets":
            return _error(404, "NotFound", "no such resource")
        if not rest:
            return self._listing(host, "secrets", self._newest(), query)
        if not _NAME.fullmatch(rest[0]) or len(rest) > 2:
            return _error(400, "BadParameter", f"The request URI contains an invalid name: {rest[0]}")
        return self._secret(request, rest[0], rest[1] if len(rest) == 2 else "", query, host)

    def _secret(self, request, name, version, query, host):
        key = name.lower()
        if request.method == "PUT" and not version:
            return self._may("set", key) or self._set(key, name, json.loads(request.body), host)
        versions = self.stored.get(key, [])
        if version == "versions":
            return self._may("list", key) or self._listing(host, f"secrets/{name}/versions", versions, query)
        if request.method == "DELETE":
            return self._may("delete", key) or self._delete(key, name, host)
        refused = self._may("get" if request.method == "GET" else "set", key)
        if refused:
            return refused
        found = [each for each in versions if version in ("", each["version"])]
        if not found:
            shown = f"{name}/{version}" if version else name
            return _error(
                404, "SecretNotFound", f"A secret with (name/id) {shown} was not found in this key vault."
            )
        if request.method == "PATCH":
            found[-1]["attributes"] |= json.loads(request.body).get("attributes", {})
            return reply(200, _shown(found[-1], host))
        if not found[-1]["attributes"]["enabled"]:
            message = "Operation get is not allowed on a disabled secret."
            return _error(403, "Forbidden", message, "SecretDisabled")
        return reply(200, _shown(found[-1], host, value=True))

    def _set(self, key, name, body, host):
        if key in self.deleted:
            return _error(409, "Conflict", "is currently in a deleted state", "ObjectIsDeletedButRecoverable")
        value = body.get("value")
        if not isinstance(value, str) or len(value) > MAX_VALUE:
            return _error(400, "BadParameter", "The value is missing or too long.")
        now = int(time.time())
        given = body.get("attributes") or {}
        version = {
            "name": name,
            "version": secrets.token_hex(16),
            "value": value,
            "contentType": body.get("contentType"),
            "tags": body.get("tags") or {},
            "attributes": {"enabled": True, "created": now, "updated": now, **given},
        }
        self.stored.setdefault(key, []).append(version)
        return reply(200, _shown(version, host, value=True))

    def _delete(self, key, name, host):
        if key not in self.stored:
            return _error(404, "SecretNotFound", f"A secret with (name/id) {name} was not found")
        self.deleted[key] = self.stored.pop(key)
        return self._deleted("GET", key, host)

    def _deleted(self, method, key, host):
        if key not in self.deleted:
            return _error(404, "SecretNotFound", f"Deleted Secret not found: {key}")
        if method == "DELETE":
            refused = self._may("purge", key)
            if not refused:
                del self.deleted[key]
            return refused or reply(204)
        now = int(time.time())
        recovery = {
            "recoveryId": f"https://{host}/deletedsecrets/{key}",
            "deletedDate": now,
            "scheduledPurgeDate": now + 1,
        }
        return reply(200, {**_shown(self.deleted[key][-1], host), **recovery})

    def _listing(self, host, path, items, query):
        refused = self._may("list", "")
        if refused:
            return refused
        start = int(query.get("$skiptoken", 0))
        end = start + min(self.page, int(query.get("maxresults", 25)))
        link = f"https://{host}/{path}?api-version={quote(query['api-version'])}&$skiptoken={end}"
        named = path == "secrets"
        shown = [_shown(each, host, versioned=not named) for each in items[start:end]]
        return reply(200, {"value": shown, "nextLink": link if end < len(items) else None})

    def _newest(self):
        return [versions[-1] for _, versions in sorted(self.stored.items())]

    def _may(self, action, key):
        if action in self.permissions and not (action == "get" and key in self.denied):
            return None
        return _error(403, "Forbidden", "Caller is not authorized to perform action", "ForbiddenByRbac")

    def _unauthorised(self):
        challenge = (
            f'Bearer authorization="https://login.microsoftonline.com/{self.tenant}", '
            f'resource="{self.challenge_resource}"'
        )
        body = {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer token."}}
        return reply(401, body, {"WWW-Authenticate": challenge})


def _shown(version, host, *, value=False, versioned=True):
    end = f"/{version['version']}" if versioned else ""
    content = {
        "id": f"https://{host}/secrets/{version['name']}{end}",
        "attributes": version["attributes"],
        "tags": version["tags"],
    }
    if version["contentType"]:
        content["contentType"] = version["contentType"]
    return content | ({"value": version["value"]} if value else {})


def _error(status, code, message, inner=None):
    error = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return reply(status, {"error": error})
