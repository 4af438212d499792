"""Vault, OpenBao and our own server as a source: ``vault://HOST:PORT/mount``.

``options`` reads the URL and the environment; ``source`` turns names into requests, with ``kv`` and ``values``
for what the engine says; ``session`` sends requests with a good token, which ``keeper`` keeps and ``login``
gets; below are ``wire`` (what every request carries), ``transport`` (connections) and ``http1`` (one exchange).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..url import SourceURL
    from .source import VaultSource


def open_vault(url: SourceURL) -> VaultSource:
    """The source for ``vault:``, ``bao:``, ``vault+http:`` and ``bao+http:``. Raises ``ConfigError``."""
    from .source import VaultSource

    return VaultSource.from_url(url)
