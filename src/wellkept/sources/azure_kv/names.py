"""Names: of secrets as Key Vault takes them, and of the vault itself.

Key Vault: "a 1-127 character string, starting with a letter and containing only 0-9, a-z, A-Z, and -" (its REST
reference, Set Secret; the service itself takes a digit in front too), letters of either case being the same.
"""

from __future__ import annotations

import re

from ...errors import ConfigError
from .._cloud import mapped

_VAULT = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z-]{1,22}[0-9A-Za-z])")
_HOST = re.compile(r"(?:[0-9a-z-]{1,63}\.){2,}[a-z]{2,}")


def service_name(name: str, prefix: str = "") -> str:
    """What the vault calls ``name`` below ``prefix``: ``/``, ``_`` and ``.`` become ``-``, so that
    ``prod/billing/db_password`` is ``prod-billing-db-password``. Raises ``NotFound`` for what has no such name.

    Two names that differ in these characters, or in the case of letters, only are the same secret.
    """
    return mapped(name, prefix, cloud="Key Vault", allowed="0-9A-Za-z-", longest=127, dashed="/_.")


def vault_host(authority: str) -> str:
    """The host of the vault: ``NAME.vault.azure.net`` for a name; a full host as it is. Raises ``ConfigError``."""
    if _VAULT.fullmatch(authority):
        return f"{authority.lower()}.vault.azure.net"
    host = authority.lower()
    if _HOST.fullmatch(host):
        return host
    raise ConfigError(
        "azure-kv: names a vault, as azure-kv://NAME, or its host, as azure-kv://NAME.vault.azure.cn; another "
        "address for the same vault is the option endpoint="
    )


def domain_of(host: str) -> str:
    """What a vault's tokens are for: ``vault.azure.net`` of ``NAME.vault.azure.net``."""
    return host.partition(".")[2]
