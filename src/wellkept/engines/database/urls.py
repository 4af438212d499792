"""``connection_url``: what may be shown of it. A password in it is never read back."""

from __future__ import annotations

import re
from typing import Any

SHOWN = "xxxxx"
TEMPLATED = "{{password}}"
_USERINFO = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.-]*://)?[^:/@?]*):(.*)@", re.DOTALL)
_PARAMETER = re.compile(r"(?i)((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'?|[^\s&]+)", re.DOTALL)
_SECRET = re.compile(r"(?i)password$|private_?key|certificate_key|secret|token|sslkey|credentials")


def shown(url: str) -> str:
    """``url`` without a password; as it is where it has a placeholder for it."""
    found = _USERINFO.sub(lambda match: match.group(1) + ":" + _kept(match.group(2)) + "@", url, count=1)
    return _PARAMETER.sub(lambda match: match.group(1) + _kept(match.group(2)), found)


def holds_password(url: str) -> bool:
    return shown(url) != url


def shown_details(details: dict[str, Any]) -> dict[str, Any]:
    """A connection's settings, without those that are secret."""
    found = {name: value for name, value in details.items() if not _SECRET.search(name)}
    if isinstance(found.get("connection_url"), str):
        found["connection_url"] = shown(found["connection_url"])
    return found


def _kept(password: str) -> str:
    return password if password in (TEMPLATED, "") else SHOWN
