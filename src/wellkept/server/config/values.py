"""One value of a configuration: is it what is expected? Each reader returns it, or raises ``Wrong`` saying so."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ...core.durations import seconds

if TYPE_CHECKING:
    from ..forwarded import Network


class Wrong(Exception):
    """``expected`` is what should have stood there."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("text")
    return value


def flag(value: Any) -> bool:
    """True or false; also as text or 1 and 0, as Vault takes them."""
    if isinstance(value, bool):
        return value
    shown = str(value).lower()
    if shown in ("true", "t", "1"):
        return True
    if shown in ("false", "f", "0"):
        return False
    raise Wrong("true or false")


def number(value: Any) -> int:
    if (
        isinstance(value, str)
        and value.lstrip("-").isascii()
        and value.lstrip("-").isdigit()
        and len(value) < 19
    ):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong("a whole number")
    return value


def natural(value: Any) -> int:
    found = number(value)
    if found < 0:
        raise Wrong("a whole number, 0 or more")
    return found


def duration(value: Any) -> float:
    found = None if isinstance(value, float) else seconds(value)
    if found is None or found < 0:
        raise Wrong("a length of time: seconds, or text such as 90s, 5m, 768h")
    return found


def mode(value: Any) -> int:
    """File permissions, octal in text."""
    shown = str(value)
    if not shown.isascii() or not shown.isdigit() or len(shown) > 4 or any(digit in "89" for digit in shown):
        raise Wrong("permissions in octal, such as 0600")
    return int(shown, 8)


def version(value: Any) -> str:
    if value not in ("tls12", "tls13"):
        raise Wrong("tls12 or tls13 (older ones are not offered)")
    return str(value)


def networks(value: Any) -> tuple[Network, ...]:
    """Addresses and networks, as a list or separated by commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise Wrong("addresses or networks, such as 10.0.0.0/8")
    found: list[Network] = []
    for part in parts:
        try:
            found.append(ipaddress.ip_network(str(part).strip(), strict=False))
        except ValueError:
            found = []
            break
    if not found:
        raise Wrong("addresses or networks, such as 10.0.0.0/8")
    return tuple(found)


def headers(value: Any) -> dict[str, str]:
    """Vault's ``custom_response_headers``: by status, of which ``default`` applies here; or the headers themselves."""
    if not isinstance(value, dict):
        raise Wrong('a table, such as { "default" = { "X-Header" = ["value"] } }')
    by_status = any(str(key) == "default" or str(key)[:1].isdigit() for key in value)
    table = value.get("default", {}) if by_status else value
    if not isinstance(table, dict):
        raise Wrong('a table, such as { "default" = { "X-Header" = ["value"] } }')
    found = {}
    for name, given in table.items():
        parts = given if isinstance(given, list) else [given]
        joined = ", ".join(str(part) for part in parts)
        if not _is_header(str(name)) or any(ord(char) < 32 or ord(char) > 126 for char in joined):
            raise Wrong("names and values that may stand in a header")
        found[str(name)] = joined
    return found


def table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Wrong("a block or table")
    return value


def _is_header(name: str) -> bool:
    return bool(name) and name.isascii() and all(char.isalnum() or char in "-_" for char in name)
