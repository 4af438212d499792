"""Kubernetes: a Role that may ``get`` these Secrets by name, and its binding to a service account.

``get`` with ``resourceNames`` is the whole of it: ``list`` and ``watch`` would hand out every value of the namespace
(Kubernetes, "Good practices for Kubernetes Secrets").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from . import Policy, known_or, segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...sources.url import SourceURL

API = "rbac.authorization.k8s.io"


def policy(names: Sequence[str], url: SourceURL | None, options: Mapping[str, str]) -> Policy:
    """``options``: ``namespace`` where no URL says it, ``principal`` (the service account), ``role`` (its name)."""
    missing: list[str] = []
    namespace = "".join(segments(url)[:1]) or known_or(options, "namespace", "NAMESPACE", missing)
    account = known_or(options, "principal", "SERVICE-ACCOUNT", missing)
    role = options.get("role") or "read-secrets"
    metadata = {"name": role, "namespace": namespace}
    rule = {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": _secrets(names, url),
        "verbs": ["get"],
    }
    documents = [
        {"apiVersion": f"{API}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]},
        {
            "apiVersion": f"{API}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
            "roleRef": {"apiGroup": API, "kind": "Role", "name": role},
        },
    ]
    return Policy(yaml.dump_all(documents, sort_keys=False, Dumper=_Plain).rstrip(), tuple(missing))


def _secrets(names: Sequence[str], url: SourceURL | None) -> list[str]:
    """The Kubernetes Secrets that hold ``names``, as the source at ``url`` maps them."""
    from ...sources.k8s import secret_of

    options = {} if url is None else url.options
    prefix = options.get("prefix", "").removesuffix("/")
    return list(dict.fromkeys(secret_of(name, prefix, options.get("secret", "")) for name in names))


class _Plain(yaml.SafeDumper):
    """Without anchors: the metadata of both documents is written out."""

    def ignore_aliases(self, data: object) -> bool:
        return True
