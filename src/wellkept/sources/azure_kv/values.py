"""From Key Vault's answer to a ``Secret``: dates, encodings, the version's id.

Key Vault keeps text only. Bytes are kept as Base64 or hexadecimal digits, and two hints say so: the content type
``application/x-pkcs12`` (what Key Vault itself writes for a certificate with its key) and the tag ``file-encoding``
(what ``az keyvault secret set --file --encoding base64`` writes and ``az keyvault secret download`` heeds).
"""

from __future__ import annotations

from typing import Any

from ...errors import Malformed, NotFound, SecretError
from ...secret import Secret
from .._cloud import Failure, part

ENCODINGS = ("hint", "text", "base64")


def make_secret(
    content: dict[str, Any], *, name: str, url: str, now: float, encoding: str
) -> Secret | SecretError:
    """``content`` is the answer to a get. ``now`` in seconds since the epoch, for the version's dates."""
    attributes = part(content, "attributes")
    version = version_of(content)
    reason = _unusable(attributes, now)
    if reason:
        return Failure(NotFound, f"{reason}; write a new version, or change its dates").about(name, url)
    value = content.get("value")
    if not isinstance(value, str) or version is None:
        return Failure(Malformed, "the answer holds no value or no version").about(name, url)
    plain = _decoded(value, _encoding_of(content) if encoding == "hint" else encoding)
    if plain is None:
        return Failure(
            Malformed,
            "it is marked as encoded bytes but cannot be decoded; the option encoding=text takes it as it is",
        ).about(name, url)
    return Secret(plain, name=name, version=version, source=url, created=moment(attributes.get("created")))


def secret_of(content: dict[str, Any]) -> str:
    """The name in the secret's identifier, ``https://HOST/secrets/NAME/VERSION``; ``""`` where there is none."""
    parts = str(content.get("id", "")).split("/")
    return parts[4] if len(parts) in (5, 6) and parts[3] == "secrets" else ""


def version_of(content: dict[str, Any]) -> str | None:
    """The last part of the secret's identifier, ``https://HOST/secrets/NAME/VERSION``."""
    parts = str(content.get("id", "")).split("/")
    return parts[5] if len(parts) == 6 and parts[3] == "secrets" and parts[5] else None


def moment(value: Any) -> float | None:
    """A time of Azure's, in seconds since the epoch; ``None`` for what can be none."""
    return float(value) if isinstance(value, (int, float)) and 0 < value < 1e11 else None


def _unusable(attributes: dict[str, Any], now: float) -> str:
    """Key Vault hands out versions before and after their dates "for recovery"; an application must not use them."""
    begins, ends = moment(attributes.get("nbf")), moment(attributes.get("exp"))
    if attributes.get("enabled") is False:
        return "the version is disabled"
    if begins is not None and now < begins:
        return "the version is not valid yet"
    if ends is not None and now >= ends:
        return "the version has expired"
    return ""


def _encoding_of(content: dict[str, Any]) -> str:
    tagged = part(content, "tags").get("file-encoding")
    if tagged in ("base64", "hex"):
        return str(tagged)
    return "base64" if content.get("contentType") == "application/x-pkcs12" else "text"


def _decoded(value: str, encoding: str) -> str | bytes | None:
    if encoding == "text":
        return value
    from binascii import a2b_base64, unhexlify

    try:
        return unhexlify(value) if encoding == "hex" else a2b_base64(value, strict_mode=True)
    except ValueError:
        return None
