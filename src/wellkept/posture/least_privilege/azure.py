"""Azure: one role assignment a secret, at the scope of that secret: ``Key Vault Secrets User`` and nothing wider.

The vault must use role-based access control; its older access policies cannot name single secrets.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from . import Policy, known_or, segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...sources.url import SourceURL

ROLE = "4633458b-17de-408a-a874-0445c86b69e6"
"""Key Vault Secrets User (Azure built-in roles): reads secrets' values, lists nothing."""


def policy(names: Sequence[str], url: SourceURL | None, options: Mapping[str, str]) -> Policy:
    """Commands for ``az``. ``options``: ``subscription``, ``resource_group``, ``principal`` (an object id), ``vault``."""
    from ...sources.azure_kv import service_name

    missing: list[str] = []
    vault = "".join(segments(url)[:1]).partition(".")[0] or known_or(options, "vault", "VAULT", missing)
    subscription = known_or(options, "subscription", "SUBSCRIPTION", missing)
    group = known_or(options, "resource_group", "RESOURCE-GROUP", missing)
    principal = known_or(options, "principal", "PRINCIPAL-OBJECT-ID", missing)
    prefix = "" if url is None else url.options.get("prefix", "")
    scope = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{vault}/secrets"
    lines = [
        f"az role assignment create --role {ROLE} --assignee-object-id {shlex.quote(principal)}"
        f" --scope {shlex.quote(f'{scope}/{service_name(name, prefix)}')}"
        for name in names
    ]
    return Policy("\n".join(lines), tuple(missing))
