"""What tests ask of a server with Vault's API, whoever's it is."""

from __future__ import annotations

import json
from typing import Any


class VaultAPI:
    """``write``, ``policy`` and ``token`` over the ``request`` of whoever inherits this."""

    request: Any

    def write(self, name: str, data: dict[str, Any], *, mount: str = "secret") -> int:
        """Write a KV v2 secret; returns its version's number."""
        answer = self.request("POST", f"{mount}/data/{name}", {"data": data})
        number: int = answer["data"]["version"]
        return number

    def policy(self, name: str, **rules: list[str]) -> None:
        """Store an ACL policy: ``policy("app", **{"secret/data/x": ["read"]})``."""
        paths = {path: {"capabilities": capabilities} for path, capabilities in rules.items()}
        self.request("PUT", f"sys/policies/acl/{name}", {"policy": json.dumps({"path": paths})})

    def token(self, *policies: str, **options: Any) -> str:
        """A new token with ``policies``; ``options`` as in ``auth/token/create`` (``ttl``, ``num_uses``, ...)."""
        answer = self.request("POST", "auth/token/create", {"policies": list(policies), **options})
        made: str = answer["auth"]["client_token"]
        return made
