"""Vault and OpenBao: an ACL policy in HCL, one path a secret, ``read`` and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import Policy, joined, segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...sources.url import SourceURL


def policy(names: Sequence[str], url: SourceURL | None, options: Mapping[str, str]) -> Policy:
    """``options``: ``mount`` (``secret``) where no URL says it. Leases (``database/creds/x``) are their own paths."""
    mount = joined(*segments(url)[1:]) or options.get("mount") or "secret"
    settings = {} if url is None else url.options
    prefix = settings.get("prefix", "")
    middle = "" if settings.get("kv") == "1" else "data"
    blocks = [
        f'path {json.dumps(joined(mount, middle, prefix, name), ensure_ascii=False)} {{\n  capabilities = ["read"]\n}}'
        for name in names
    ]
    return Policy("\n\n".join(blocks))
