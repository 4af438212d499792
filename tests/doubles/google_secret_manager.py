"""A double of Google Secret Manager: its REST API, version 1, for one project.

Refuses what the real one refuses: no token or one it did not expect (401), an identity without permission (403),
another API version or project (404, 403), names and aliases that it does not take, an empty value, one above 64 KiB,
or one that does not match its checksum (400), versions that are disabled or destroyed (400).

Sources: Secret Manager REST reference, v1 (projects.secrets, projects.secrets.versions, and those under
``locations``); the wording of errors as its users quote it. Driven by google-cloud-secret-manager in
``tests/sources/gcp``.
"""

from __future__ import annotations

import base64
import json
import re
import time
from urllib.parse import parse_qs, urlsplit

from doubles.cloud import Double, bearer, reply

PROJECT = "acme-prod"
NUMBER = "123456789012"
MAX_VALUE = 64 * 1024
_ID = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_ROUTE = re.compile(
    r"/v1/projects/(?P<project>[^/:]+)(?P<location>/locations/[^/:]+)?/secrets"
    r"(?:/(?P<secret>[^/:]+)(?:/versions(?:/(?P<version>[^/:]+))?)?)?(?P<versions>)(?::(?P<verb>\w+))?"
)


class SecretManager(Double):
    """``issuer`` makes the tokens that are taken. ``permissions`` is what every identity may do, ``denied`` the
    secrets that none may read."""

    AUDIENCE = "https://www.googleapis.com/auth/cloud-platform"

    def __init__(self, issuer, authority=None, *, page=3):
        self.issuer = issuer
        self.page = page
        self.permissions = {"access", "get", "list", "write"}
        self.denied = set()
        self.stored = {}  # (location, id) -> {"versions": [...], "aliases": {...}}
        super().__init__(authority)

    def answer(self, request):
        claims = self.issuer.claims(bearer(request))
        if claims is None or claims["aud"] != self.AUDIENCE:
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        parts = urlsplit(request.path)
        route = _ROUTE.fullmatch(parts.path)
        if route is None:
            return _error(404, "", "The requested URL was not found on this server.")
        if route["project"] not in (PROJECT, NUMBER):
            return _error(
                403, "PERMISSION_DENIED", f"Permission denied on resource project {route['project']}."
            )
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = json.loads(request.body) if request.body else {}
        place, secret, verb = route["location"] or "", route["secret"], route["verb"]
        key = (place, secret)
        if secret is None:
            if request.method == "POST":
                return self._may("write") or self._create(place, query.get("secretId", ""))
            return self._may("list") or self._secrets(place, query)
        if verb == "addVersion" and request.method == "POST":
            return self._may("write") or self._add(key, body.get("payload", {}))
        if "/versions" in parts.path:
            return self._version(request.method, key, route["version"], verb, query)
        found = self.stored.get(key)
        if found is None:
            return _absent(key)
        if request.method == "PATCH":
            found["aliases"] |= {name: int(v) for name, v in body.get("versionAliases", {}).items()}
        elif request.method == "DELETE":
            refused = self._may("write")
            if not refused:
                del self.stored[key]
            return refused or reply(200, {})
        return self._may("get") or reply(200, self._shown(key))

    def _create(self, place, secret):
        if not _ID.fullmatch(secret):
            return _error(
                400, "INVALID_ARGUMENT", "The provided Secret ID does not match the expected format."
            )
        if (place, secret) in self.stored:
            return _error(409, "ALREADY_EXISTS", f"Secret [{_name((place, secret))}] already exists.")
        self.stored[place, secret] = {"versions": [], "aliases": {}, "created": _now()}
        return reply(200, self._shown((place, secret)))

    def _add(self, key, payload):
        if key not in self.stored:
            return _absent(key)
        data = base64.b64decode(payload.get("data", ""))
        if not data or len(data) > MAX_VALUE:
            return _error(400, "INVALID_ARGUMENT", "Secret Payload cannot be empty, or above 65536 bytes.")
        checksum = str(_crc32c(data))
        if str(payload.get("dataCrc32c", checksum)) != checksum:
            return _error(400, "INVALID_ARGUMENT", "The provided checksum does not match the payload.")
        versions = self.stored[key]["versions"]
        versions.append({"number": len(versions) + 1, "data": data, "state": "ENABLED", "created": _now()})
        return reply(200, _shown_version(key, versions[-1]))

    def _version(self, method, key, wanted, verb, query):
        found = self.stored.get(key)
        if found is None:
            return _absent(key)
        if wanted is None:
            return self._may("list") or self._paged(
                "versions", [_shown_version(key, each) for each in reversed(found["versions"])], query
            )
        refused = self._may({"access": "access", None: "get"}.get(verb, "write"), key[1])
        if refused:
            return refused
        number = len(found["versions"]) if wanted == "latest" else found["aliases"].get(wanted, wanted)
        if not str(number).isdigit():
            return _error(400, "INVALID_ARGUMENT", "The version is neither a number nor an alias.")
        if not 0 < int(number) <= len(found["versions"]):
            return _error(404, "NOT_FOUND", f"Secret Version [{_name(key)}/versions/{wanted}] not found.")
        version = found["versions"][int(number) - 1]
        if verb == "access" and method == "GET":
            return self._access(key, version)
        if verb in ("disable", "enable", "destroy") and method == "POST":
            version["state"] = {"disable": "DISABLED", "enable": "ENABLED", "destroy": "DESTROYED"}[verb]
        return reply(200, _shown_version(key, version))

    def _access(self, key, version):
        name = f"{_name(key)}/versions/{version['number']}"
        if version["state"] != "ENABLED":
            message = f"Secret Version [{name}] is in {version['state']} state."
            return _error(400, "FAILED_PRECONDITION", message)
        payload = {
            "data": base64.b64encode(version["data"]).decode(),
            "dataCrc32c": str(_crc32c(version["data"])),
        }
        return reply(200, {"name": name, "payload": payload})

    def _secrets(self, place, query):
        keys = sorted(key for key in self.stored if key[0] == place)
        return self._paged("secrets", [self._shown(key) for key in keys], query)

    def _paged(self, kind, items, query):
        start = int(query.get("pageToken") or 0)
        size = min(self.page, int(query.get("pageSize") or self.page))
        page = {kind: items[start : start + size], "totalSize": len(items)}
        if start + size < len(items):
            page["nextPageToken"] = str(start + size)
        return reply(200, page)

    def _shown(self, key):
        found = self.stored[key]
        aliases = {name: str(number) for name, number in found["aliases"].items()}
        return {"name": _name(key), "createTime": found["created"], "versionAliases": aliases}

    def _may(self, action, secret=None):
        if action in self.permissions and not (action == "access" and secret in self.denied):
            return None
        permission = f"secretmanager.versions.{action}"
        return _error(403, "PERMISSION_DENIED", f"Permission '{permission}' denied for resource")


def _crc32c(data):
    import google_crc32c  # Google's own: what it and we compute must agree

    return google_crc32c.value(data)


def _shown_version(key, version):
    name = f"{_name(key)}/versions/{version['number']}"
    return {"name": name, "createTime": version["created"], "state": version["state"]}


def _name(key):
    return f"projects/{NUMBER}{key[0]}/secrets/{key[1]}"


def _now():
    return time.strftime("%Y-%m-%dT%H:%M:%S.123456Z", time.gmtime())


def _absent(key):
    return _error(404, "NOT_FOUND", f"Secret [{_name(key)}] not found or has no versions.")


def _error(code, status, message):
    return reply(code, {"error": {"code": code, "message": message, "status": status}})
