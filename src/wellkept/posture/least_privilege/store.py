"""Our own store: a policy document for ``wellkept policy write``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import Policy, joined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...sources.url import SourceURL


def policy(names: Sequence[str], url: SourceURL | None, options: Mapping[str, str]) -> Policy:
    """``options``: ``prefix`` where no URL says it."""
    prefix = options.get("prefix", "") if url is None else url.options.get("prefix", "")
    paths = {joined("secret/data", prefix, name): {"capabilities": ["read"]} for name in names}
    return Policy(json.dumps({"path": paths}, indent=2, ensure_ascii=False))
