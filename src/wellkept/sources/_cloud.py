"""What the clouds' sources share: names that a service takes, options, and why a call has no result."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError, NotFound, SecretError, Throttled
from .url import check_prefix

if TYPE_CHECKING:
    from .url import SourceURL
    from .vault.http1 import Answer

TIMEOUT = 5.0
"""Seconds for a read whose caller names none."""

IDENTITY_TIMEOUT = 5.0
"""Seconds for each step of asking whoever gives out tokens."""


class Failure(NamedTuple):
    """Why a call has no result, not yet about one secret."""

    kind: type[SecretError]
    text: str
    retry_after: float | None = None

    def about(self, name: str | None, url: str) -> SecretError:
        """The error to raise for the secret ``name`` (``None``: the source as a whole) of the source ``url``."""
        message = f"{url}: {self.text}" if name is None else f"{url}: {name!r}: {self.text}"
        if self.kind is Throttled:
            return Throttled(message, name=name, source=url, retry_after=self.retry_after)
        return self.kind(message, name=name, source=url)


def failure_of(error: SecretError) -> Failure:
    """An error of the network or of the identity, to be said about each secret that it concerns."""
    return Failure(type(error), str(error), getattr(error, "retry_after", None))


def mapped(name: str, prefix: str, *, cloud: str, allowed: str, longest: int, dashed: str) -> str:
    """``prefix/name`` in the letters that ``cloud`` takes: each character of ``dashed`` becomes a hyphen.

    ``allowed`` is a regular expression's character class. Raises ``NotFound``, which says why, for a name that
    the service cannot have: there is no such secret, and the next source of a chain may have it.
    """
    full = f"{prefix}/{name}" if prefix else name
    text = ""
    if not name or any(part in ("", ".", "..") for part in full.split("/")):
        text = "a name has no empty or dotted part"
    else:
        result = full.translate(dict.fromkeys(map(ord, dashed), "-"))
        if not re.fullmatch(f"[{allowed}]+", result):
            text = f"{cloud} takes letters, digits and {'- . / _'} in a name, and nothing else"
        elif len(result) > longest:
            text = f"{cloud} takes names of {longest} characters, prefix and all, and this has {len(result)}"
    if text:
        raise NotFound(f"{_short(name)!r}: {text}", name=name)
    return result


def read_prefix(url: SourceURL) -> str:
    """The option ``prefix``. Raises ``ConfigError``."""
    prefix = url.options.get("prefix", "")
    return check_prefix(url.scheme, prefix) if prefix else ""


def read_timeout(url: SourceURL) -> float:
    """The option ``timeout``, in seconds. Raises ``ConfigError``."""
    text = url.options.get("timeout")
    if text is None:
        return TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 3600:
        raise ConfigError(f"{url.scheme}: the option 'timeout' is a number of seconds above 0, not {text!r}")
    return seconds


def authority_of(url: SourceURL, example: str) -> str:
    """What stands after ``//``, and nothing after that. Raises ``ConfigError``."""
    if not url.rest.startswith("//"):
        raise ConfigError(f"{url.scheme}: is written {example}")
    authority, _, path = url.rest[2:].partition("/")
    if "@" in authority:
        raise ConfigError(f"{url.scheme}: no credential belongs into a URL")
    if path:
        raise ConfigError(f"{url.scheme}: is written {example}; names below it are narrowed with ?prefix=")
    return authority


def parsed(body: bytes) -> dict[str, Any] | None:
    """A JSON object, or ``None``; the error would quote the text, so it goes no further."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def part(content: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under ``key``, empty where there is none."""
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def objects(content: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in the list under ``key``; whatever else stands there is no answer."""
    found = content.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def retry_after(answer: Answer) -> float | None:
    """The header ``Retry-After`` in seconds, where it is a number."""
    value = answer.headers.get("retry-after") or ""
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else None


def left(deadline: float) -> float:
    """Seconds until ``deadline``, a reading of ``time.monotonic``."""
    return deadline - time.monotonic()


def claims_of(token: str) -> dict[str, Any]:
    """What a JSON Web Token says about its holder, unverified: for showing to a person, never for deciding."""
    from base64 import urlsafe_b64decode

    pieces = token.split(".")
    if len(pieces) != 3:
        return {}
    try:
        return parsed(urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4))) or {}
    except ValueError:
        return {}


def _short(name: str) -> str:
    return name if len(name) <= 80 else name[:77] + "..."
