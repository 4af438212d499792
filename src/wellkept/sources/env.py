"""``env:`` reads the process's environment, as it is at the moment of the read.

``env:?prefix=billing`` looks for ``BILLING_NAME`` only. There are no versions, and an empty variable is an
empty secret: only a variable that is not set is missing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import NotFound
from ..secret import Secret
from .base import BaseSource
from .names import env_candidates, env_name
from .url import check_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .url import SourceURL


class EnvSource(BaseSource):
    """The variables of ``environ`` (the process's own unless given)."""

    blocking = False
    flat = True
    """Whether ``name#field`` may also stand as a value of its own, ``NAME_FIELD``."""

    def __init__(self, *, prefix: str = "", environ: Mapping[str, str] | None = None) -> None:
        self.prefix = prefix
        self.url = f"env:?prefix={prefix}" if prefix else "env:"
        self._environ = os.environ if environ is None else environ

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        candidates = env_candidates(name, self.prefix)
        if version is not None:
            raise NotFound(f"{name!r}: the environment keeps no versions", name=name, source=self.url)
        for candidate in candidates:
            value = self._look_up(candidate)
            if value is not None:
                return Secret(value, name=name, source=self.url)
        sought = " or ".join(candidates)
        raise NotFound(f"{name!r}: no environment variable {sought} is set", name=name, source=self.url)

    def list(self, *, timeout: float | None = None) -> list[str]:
        """The variables' own names; with a prefix, what follows it."""
        if not self.prefix:
            return sorted(self._environ)
        start = env_name(self.prefix) + "_"
        return sorted(
            name[len(start) :] for name in self._environ if name.startswith(start) and name != start
        )

    def _look_up(self, variable: str) -> str | None:
        try:
            return self._environ.get(variable)
        except UnicodeEncodeError:
            return None  # a name that no environment can hold


def open_env(url: SourceURL) -> EnvSource:
    """``env:`` with the option ``prefix``."""
    options = url.expect("prefix")
    if url.rest:
        from ..errors import ConfigError

        raise ConfigError("env: takes no path; for a file of variables use dotenv:PATH")
    prefix = options.get("prefix", "")
    return EnvSource(prefix=check_prefix("env", prefix) if prefix else "")
