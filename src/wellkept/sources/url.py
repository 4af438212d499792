"""``SourceURL``: a source's URL taken apart, ``scheme:rest?option=value&...``.

Written by hand, because importing ``urllib.parse`` costs more than opening a store. Percent-escapes are
decoded in the rest and in option values, so a path with a question mark in it is written with ``%3F``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+.-")


class SourceURL(NamedTuple):
    """``scheme``, ``rest`` (what stands between it and the ``?``) and ``options``, all decoded.

    ``base`` is the directory that relative paths are relative to (``None``: the working directory).
    """

    scheme: str
    rest: str
    options: Mapping[str, str]
    base: str | None = None

    def path(self) -> str:
        """``rest`` as an absolute path: ``~`` expanded, relative ones joined to ``base``."""
        if not self.rest:
            raise ConfigError(f"{self.scheme}: needs a path, as in {self.scheme}:PATH")
        if "\0" in self.rest:
            raise ConfigError(f"{self.scheme}: the path holds a NUL character")
        return os.path.abspath(os.path.join(self.base or "", os.path.expanduser(self.rest)))

    def expect(self, *known: str) -> Mapping[str, str]:
        """The options, when all of them are among ``known``; ``ConfigError`` names the first that is not."""
        for key in self.options:
            if key not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise ConfigError(f"{self.scheme}: unknown option {key!r}; known options: {listed}")
        return self.options


def parse_url(url: str, *, base: str | None = None) -> SourceURL:
    """``url`` taken apart. Raises ``ConfigError``, which never quotes more of it than the scheme and option names."""
    if not isinstance(url, str):
        raise ConfigError(f"a source's URL is text, not {type(url).__name__}")
    scheme, colon, rest = url.partition(":")
    if not colon or not scheme or not _SCHEME.issuperset(scheme) or not scheme[0].isalpha():
        raise ConfigError(
            "a source's URL begins with its scheme, as in env: or dotenv:.env or store:.wellkept?prefix=prod/app"
        )
    rest, _, query = rest.partition("?")
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        key, equals, value = part.partition("=")
        if not key or not equals:
            raise ConfigError(f"{scheme}: options are written ?name=value&name=value")
        if key in options:
            raise ConfigError(f"{scheme}: the option {key!r} is given twice")
        options[key] = _decoded(value)
    return SourceURL(scheme, _decoded(rest), options, base)


def check_prefix(scheme: str, prefix: str) -> str:
    """A ``?prefix=`` without slashes at its ends. Raises ``ConfigError`` for empty, ``.`` and ``..`` segments."""
    prefix = prefix.removesuffix("/")
    if any(segment in ("", ".", "..") for segment in prefix.split("/")):
        raise ConfigError(
            f"{scheme}: the option 'prefix' is a path such as prod/billing, with no empty or dotted part"
        )
    return prefix


def _decoded(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
