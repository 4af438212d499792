"""``azure-kv://NAME``: the secrets of an Azure Key Vault.

``names`` maps our names to the vault's, ``identity`` knows as whom (by azure-identity), ``challenge`` judges what
a vault asks for, ``client`` sends, ``failures`` sorts, ``source`` stands on them. Why requests are made here while
tokens come from Microsoft's library: ``docs/decisions/0090-clouds-by-rest-identities-by-sdk.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .names import service_name

if TYPE_CHECKING:
    from ..url import SourceURL
    from .source import AzureKeyVaultSource

__all__ = ["open_azure_kv", "service_name"]


def open_azure_kv(url: SourceURL) -> AzureKeyVaultSource:
    """``azure-kv://NAME?ca=&encoding=&endpoint=&prefix=&timeout=``."""
    from .source import AzureKeyVaultSource

    return AzureKeyVaultSource.open(url)
