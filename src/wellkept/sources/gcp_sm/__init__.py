"""``gcp-sm://PROJECT``: Google Secret Manager.

``names`` maps our names to Google's, ``identity`` knows as whom (by google-auth), ``client`` sends, ``failures``
sorts, ``crc32c`` checks, ``source`` stands on them. Why requests are made here while tokens come from Google's
library: ``docs/decisions/0090-clouds-by-rest-identities-by-sdk.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .names import service_name

if TYPE_CHECKING:
    from ..url import SourceURL
    from .source import GoogleSecretManagerSource

__all__ = ["open_gcp_sm", "service_name"]


def open_gcp_sm(url: SourceURL) -> GoogleSecretManagerSource:
    """``gcp-sm://PROJECT?ca=&created=&endpoint=&location=&prefix=&timeout=``."""
    from .source import GoogleSecretManagerSource

    return GoogleSecretManagerSource.open(url)
