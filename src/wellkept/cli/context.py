"""Where a command works: the store, the environment, the configuration; see ``wellkept help names`` and ``store``.

Part of the path of ``run``, so nothing is imported that is not needed there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..config import current_config
from ..errors import StorageUnavailable

if TYPE_CHECKING:
    from argparse import Namespace

    from ..config import Environment
    from ..core.local import LocalStore
    from ..sources.base import Source
    from .names import Named


class Place:
    """``path``: the store's directory. ``env``: the environment's name, and ``prefix`` that of its secrets.

    ``config_path``: the configuration file, if there is one.
    """

    def __init__(
        self,
        *,
        store: str | None = None,
        env: str | None = None,
        start: str | None = None,
        server: str | None = None,
    ) -> None:
        """``store``, ``env`` and ``server`` as given on the command line; ``start`` instead of the working directory.

        Raises ``ConfigError``.
        """
        self._server = server
        config = current_config(start)
        environment = config.environment(env)
        self.config_path = config.path
        self.env = environment.name
        self.prefix = _prefix(environment)
        self.path = os.path.abspath(store) if store else config.store_path()
        self._known = (*config.environments, environment.name)
        self._env_given = env is not None
        self._base = environment.base
        self.options = environment.options
        self.urls = (
            (f"store:{_escaped(self.path)}?prefix={_escaped(self.prefix)}",) if store else environment.sources
        )

    def name(self, typed: str) -> str:
        """The whole name of the secret that was typed."""
        from .names import whole

        return whole(typed, self.prefix, env_given=self._env_given)

    def field(self, typed: str) -> Named:
        """The whole name, and the field after ``#``."""
        from .names import with_field

        return with_field(typed, self.prefix, env_given=self._env_given)

    def environments(self) -> list[str]:
        """Names of environments that the configuration knows, and the current one."""
        return sorted(set(self._known))

    def exists(self) -> bool:
        """Whether there is a store."""
        return os.path.lexists(os.path.join(self.path, "store.db"))

    def open(self, *, may_ask: bool = True) -> LocalStore:
        """The store, as the operator; the passphrase is asked for when it is needed and ``may_ask`` allows.

        With a server, its KV engine as whoever the token is; it has the same methods as far as its API goes.
        """
        if self._server is not None:
            from .remote.store import RemoteStore

            return RemoteStore(self._server)  # type: ignore[return-value]
        from ..core.local import open_store

        return open_store(self.path, prompt=ask if may_ask else None)

    def source(self) -> Source:
        """Where the environment's secrets come from."""
        from ..sources.registry import open_source

        opened = open_source(self.urls, base=self._base)
        for source in getattr(opened, "sources", (opened,)):
            if hasattr(source, "prompt"):
                source.prompt = ask
        return opened

    def seal_config(self) -> dict[str, Any]:
        """How the store is sealed; readable without its key."""
        from ..barrier.sealconfig import read_seal_config
        from ..storage.sqlite import SQLiteStorage

        if not self.exists():
            raise StorageUnavailable(f"there is no store in {self.path}; make one with: wellkept init")
        storage = SQLiteStorage.open(os.path.join(self.path, "store.db"))
        try:
            return read_seal_config(storage)
        finally:
            storage.close()


def context(arguments: Namespace | None) -> Place:
    """The place for parsed arguments: their ``--store`` and ``--env``, where the command has them."""
    store, server = getattr(arguments, "store", None), getattr(arguments, "server", None)
    if store is not None and server is not None:
        from .usage import Usage

        raise Usage("give --store or --server, not both")
    return Place(store=store, env=getattr(arguments, "env", None), server=server)


def _prefix(environment: Environment) -> str:
    """The prefix of the store that the environment reads from, so that what `set` writes is what `run` reads."""
    from ..sources.url import parse_url

    for url in environment.sources:
        if url.startswith("store:"):
            return parse_url(url).options.get("prefix", "").strip("/")
    return environment.prefix


def ask() -> str:
    from ..errors import Sealed
    from .prompt import ask_hidden, has_terminal

    if not has_terminal():
        raise Sealed(
            "the store is closed by a passphrase, and there is no terminal to ask on: "
            "give it in a file named by $WELLKEPT_PASSPHRASE_FILE, or in $WELLKEPT_PASSPHRASE"
        )
    return ask_hidden("passphrase")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("?", "%3F").replace("&", "%26")
