"""``Provider``: how to ask one provider whether a credential works, as ``providers.toml`` describes it."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ...errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = os.path.join(os.path.dirname(__file__), "providers.toml")
_PLACE = re.compile(r"\{(?P<name>[a-z_]+)(?::(?P<how>path|after:.))?\}")
_BASIC = re.compile(r"\{basic:(?P<user>[^{}:]*|\{[a-z_]+\}):(?P<password>[^{}:]*|\{[a-z_]+\})\}")


class Ask(NamedTuple):
    """A request as it will be sent. Holds the credential: shown by nothing, see ``Provider.shown``."""

    method: str
    base: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        return f"<Ask {self.method}>"


class Provider(NamedTuple):
    """One table of the file; see there for the fields."""

    name: str
    base: str
    path: str
    docs: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: str = ""
    live: tuple[int, ...] = (200,)
    dead: tuple[int, ...] = (401,)
    live_body: str = ""
    dead_body: str = ""
    who: str = ""
    companions: Mapping[str, str] = {}

    def ask(self, secret: str, line: str, base: str | None = None) -> Ask | None:
        """The request about ``secret``; ``None`` when what must stand beside it does not stand on ``line``.

        ``base`` replaces the provider's own address: a server of one's own, or a double.
        """
        known = {"secret": secret}
        for name, pattern in self.companions.items():
            match = re.search(pattern, line.replace(secret, " "))
            if match is None:
                return None
            known[name] = match[0]
        return Ask(
            self.method,
            base or _filled(self.base, known, plain=True),
            _filled(self.path, known, plain=False),
            {key: _filled(value, known, plain=True) for key, value in self.headers.items()},
            self.body.encode() if self.body or self.method == "POST" else None,
        )

    def shown(self, base: str | None = None) -> str:
        """What would be sent, with placeholders where the credential and its companions go."""
        lines = [f"{self.method} {base or self.base}{self.path}"]
        lines += [f"{key}: {value}" for key, value in self.headers.items()]
        if self.body:
            lines += ["", self.body]
        return re.sub(r"\{secret(?::[^}]*)?\}", "*****", "\n".join(lines))

    def read(self, status: int, body: bytes) -> tuple[str, str]:
        """``live``, ``dead`` or ``unknown`` by an answer, and the account that it names."""
        text = body.decode("utf-8", "replace")
        if self.dead_body and re.search(self.dead_body, text):
            return "dead", ""
        if status in self.live and (not self.live_body or re.search(self.live_body, text)):
            return "live", _field(text, self.who)
        if status in self.dead and not self.dead_body:
            return "dead", ""
        return "unknown", ""


@lru_cache(maxsize=1)
def providers() -> Mapping[str, Provider]:
    """All of the file, by name."""
    import tomllib

    with open(FILE, "rb") as file:
        tables = tomllib.load(file)
    return {name: _provider(name, table) for name, table in tables.items()}


def _provider(name: str, table: dict[str, Any]) -> Provider:
    unknown = table.keys() - set(Provider._fields)
    if unknown or not {"base", "path", "docs"} <= table.keys():
        raise ConfigError(f"{FILE}: [{name}] has unknown or lacks necessary keys")
    for key in ("live", "dead"):
        if key in table:
            table[key] = tuple(table[key])
    return Provider(name=name, **table)


def _filled(template: str, known: Mapping[str, str], *, plain: bool) -> str:
    """``template`` with its places filled; ``plain``: as they are, else percent-encoded."""

    def basic(match: re.Match[str]) -> str:
        user, password = (_filled(match[part], known, plain=True) for part in ("user", "password"))
        return "Basic " + b64encode(f"{user}:{password}".encode()).decode()

    def fill(match: re.Match[str]) -> str:
        value, how = known[match["name"]], match["how"] or ""
        if how == "path":  # the credential is a URL: only its path may decide anything
            return "/" + quote(value.split("://", 1)[-1].partition("/")[2], safe="/")
        if how.startswith("after:"):
            value = value.rpartition(how[-1])[2]
        return value if plain else quote(value, safe=":@")

    return _PLACE.sub(fill, _BASIC.sub(basic, template))


def _field(text: str, name: str) -> str:
    """A scalar field of a JSON object, shortened; "" where there is none."""
    if not name:
        return ""
    try:
        value = json.loads(text).get(name)
    except (ValueError, AttributeError, RecursionError):
        return ""
    return str(value)[:80] if isinstance(value, (str, int)) else ""
