"""``wellkept.open``: the ``Secrets`` of this environment, or of a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..clock import SYSTEM
from ..config import Config, current_config, load_config
from ..errors import ConfigError
from ..sources.registry import open_source
from .secrets import Secrets

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from ..clock import Clock
    from ..sources.base import Source


def open(
    url: str | Source | Sequence[str | Source] | None = None,
    *,
    env: str | None = None,
    config: str | os.PathLike[str] | Config | None = None,
    ttl: float | None = None,
    max_stale: float | None = None,
    deadline: float | None = None,
    refresh: bool | None = None,
    share: bool | None = None,
    clock: Clock = SYSTEM,
) -> Secrets:
    """The secrets of ``url`` (or of several, in order of precedence), or of an environment when it is left out.

    The environment is ``env``, else ``$WELLKEPT_ENV``, else what ``wellkept.toml`` says, else ``dev``; its
    source and options stand in ``config`` (a path or a ``Config``; default: ``wellkept.toml``, found upwards
    from the working directory, or ``$WELLKEPT_CONFIG``). The other parameters are those of ``Secrets`` and
    override the file's. Nothing is read yet. Raises ``ConfigError``.
    """
    given = {"ttl": ttl, "max_stale": max_stale, "deadline": deadline, "refresh": refresh, "share": share}
    options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if url is not None:
        if env is not None or config is not None:
            raise ConfigError("give either a URL, or an environment (env, config) to take it from")
        return Secrets(url, clock=clock, **options)
    if config is None:
        config = current_config()
    elif not isinstance(config, Config):
        config = load_config(config)
    environment = config.environment(env)
    source = open_source(environment.sources, base=environment.base)
    return Secrets(source, clock=clock, **{**environment.options, **options})
