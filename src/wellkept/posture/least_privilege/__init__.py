"""The smallest policy that lets exactly these secrets be read, in each provider's own language: one file a provider.

A file offers ``policy(names, url, options)``: ``names`` are whole secrets (no ``#field``), ``url`` is the source that
they are read from, or ``None`` where the configuration names none of this provider; ``options`` say what no URL
can (account, principal). What is not known stands in the text as ``PLACEHOLDER`` words in capitals, listed in
``missing``, never as a wildcard that would allow more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...sources.url import SourceURL

PROVIDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "aws": ("aws", ("aws-sm", "aws-ssm")),
    "vault": ("vault", ("vault", "bao", "vault+http", "bao+http")),
    "azure": ("azure", ("azure-kv",)),
    "gcp": ("gcp", ("gcp-sm",)),
    "k8s": ("k8s", ("k8s",)),
    "store": ("store", ("store",)),
}
"""Provider -> its file here, and the schemes of its sources."""


class Policy(NamedTuple):
    """``text`` is ready for the provider's tools; ``missing`` are the placeholders in it that must be filled in."""

    text: str
    missing: tuple[str, ...] = ()


def policy_for(
    provider: str, names: Sequence[str], urls: Sequence[SourceURL], options: Mapping[str, str]
) -> Policy:
    """The policy of ``provider`` for reading ``names`` through the first of ``urls`` that is one of its sources.

    Raises ``ConfigError`` for a provider that is not known.
    """
    from importlib import import_module

    if provider not in PROVIDERS:
        raise ConfigError(f"no policies are written for {provider!r}; known: {', '.join(PROVIDERS)}")
    room, schemes = PROVIDERS[provider]
    url = next((each for each in urls if each.scheme in schemes), None)
    module = import_module(f".{room}", __name__)
    whole = list(dict.fromkeys(name.partition("#")[0] for name in names))
    result: Policy = module.policy(whole, url, options)
    return result


def known_or(options: Mapping[str, str], option: str, placeholder: str, missing: list[str]) -> str:
    """The option's value; else the placeholder, which is noted as missing."""
    value = options.get(option)
    if value:
        return value
    if placeholder not in missing:
        missing.append(placeholder)
    return placeholder


def segments(url: SourceURL | None) -> list[str]:
    """The parts of ``//AUTHORITY/PATH`` of a source's URL; empty where there is no URL."""
    if url is None or not url.rest.startswith("//"):
        return []
    return url.rest[2:].rstrip("/").split("/")


def joined(*parts: str) -> str:
    """Path parts with a slash between those that are not empty."""
    return "/".join(part.strip("/") for part in parts if part)
