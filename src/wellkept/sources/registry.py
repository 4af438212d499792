"""From a URL to a source: the schemes that are built in, and those that other packages add.

Another package adds a scheme by an entry point in the group ``wellkept.sources``: the entry's name is the
scheme, its object a function that takes a ``SourceURL`` and returns a ``Source``. Entry points are looked up
only for a scheme that is not built in, because looking them up costs more than all the rest; so a built-in
scheme cannot be replaced from outside either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigError
from .url import SourceURL, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeGuard

    from .base import Source

    Opener = Callable[[SourceURL], Source]

GROUP = "wellkept.sources"

BUILT_IN = {
    "env": ("env", "open_env"),
    "dotenv": ("dotenv", "open_dotenv"),
    "dir": ("dir", "open_dir"),
    "store": ("store", "open_store_source"),
    "aws-sm": ("aws.secrets_manager", "open_secrets_manager"),
    "aws-ssm": ("aws.parameter_store", "open_parameter_store"),
    "azure-kv": ("azure_kv", "open_azure_kv"),
    "gcp-sm": ("gcp_sm", "open_gcp_sm"),
    "vault": ("vault", "open_vault"),
    "bao": ("vault", "open_vault"),
    "vault+http": ("vault", "open_vault"),
    "bao+http": ("vault", "open_vault"),
    "cmd": ("cmd", "open_cmd"),
    "k8s": ("k8s", "open_k8s"),
    "keyring": ("keyring", "open_keyring"),
    "sops": ("sops", "open_sops"),
}
"""Scheme -> module in this package and the function in it."""


def open_source(url: str | Source | Sequence[str | Source], *, base: str | None = None) -> Source:
    """The source that ``url`` names; of several URLs (or sources), a chain in that order. A source stays itself.

    ``base`` is the directory that relative paths are relative to (default: the working directory). Raises
    ``ConfigError`` for an unknown scheme, an unknown option, or a value that the scheme does not take.
    """
    if not isinstance(url, str):
        if _is_source(url):
            return url
        if not isinstance(url, (list, tuple)):
            raise ConfigError(f"a source is named by a URL or a list of URLs, not by {type(url).__name__}")
        sources = [open_source(each, base=base) for each in url]
        if len(sources) == 1:
            return sources[0]
        from .chain import ChainSource

        return ChainSource(sources)
    parsed = parse_url(url, base=base)
    return _opener(parsed.scheme)(parsed)


def _is_source(candidate: object) -> TypeGuard[Source]:
    """Whether it reads as a source does; what else the protocol asks for, the loader and tools do without."""
    return hasattr(candidate, "url") and all(
        callable(getattr(candidate, method, None)) for method in ("read", "read_many", "close", "after_fork")
    )


def _opener(scheme: str) -> Opener:
    built_in = BUILT_IN.get(scheme)
    if built_in is not None:
        from importlib import import_module

        module, function = built_in
        opener: Opener = getattr(import_module(f".{module}", __package__), function)
        return opener
    return _from_entry_point(scheme)


def _from_entry_point(scheme: str) -> Opener:
    from importlib.metadata import entry_points

    entries = entry_points(group=GROUP)
    matching = [entry for entry in entries if entry.name == scheme]
    if len({entry.value for entry in matching}) > 1:
        claimed = ", ".join(sorted(entry.value for entry in matching))
        raise ConfigError(
            f"the scheme {scheme!r} is claimed by several packages: {claimed}; uninstall all but one"
        )
    if matching:
        try:
            opener: Opener = matching[0].load()
            return opener
        except ImportError as error:
            missing = error.name or "a module"
        raise ConfigError(
            f"the source for {scheme!r} ({matching[0].value}) needs {missing}, which is not installed"
        )
    known = ", ".join(f"{name}:" for name in sorted({*BUILT_IN, *(entry.name for entry in entries)}))
    raise ConfigError(f"unknown source {scheme!r}:; known: {known}")
