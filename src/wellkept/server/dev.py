"""A server for trying things out: empty, in memory, unsealed, and gone when it ends."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import fields
from typing import TYPE_CHECKING

from ..barrier.seals.shamir import ShamirSeal
from .settings import ListenerSettings, Settings, StorageSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from .node import Node


def directory() -> str:
    """A new private directory, in memory where the system has such a place."""
    memory = "/dev/shm"  # noqa: S108 - a private directory is made in it
    return tempfile.mkdtemp(prefix="wellkept-dev-", dir=memory if os.access(memory, os.W_OK) else None)


def settings(place: str, host: str = "127.0.0.1", port: int = 8200, **more: object) -> Settings:
    """Plain HTTP on loopback, a key/value engine at ``secret/``, the store in ``place``. ``more``: other settings, the
    listener's among them."""
    its = {each.name for each in fields(ListenerSettings)}
    listening = {name: more.pop(name) for name in its & more.keys()}
    listener = ListenerSettings(host=host, port=port, tls=False, **listening)  # type: ignore[arg-type]
    return Settings(
        StorageSettings(place, "inmem"),
        [listener],
        kv_at_secret=True,
        api_addr=listener.address,
        **more,  # type: ignore[arg-type]
    )


def open_new(node: Node, root_token: str = "") -> tuple[str, str]:
    """Initialise and open ``node``; its root token and its one unseal key, in base64."""
    from base64 import b64encode

    seal = ShamirSeal(1, 1)
    token = node.initialise(seal, root_token)
    root = node.unlock(ShamirSeal(given=seal.shares))
    node.open(root)
    node.board.publish([root])
    return token, b64encode(seal.shares[0]).decode()


def announce(address: str, root_token: str) -> Callable[[Node], None]:
    """What to do with the first worker's node: open it, and tell the person at the terminal."""

    def prepare(node: Node) -> None:
        token, key = open_new(node, root_token)
        sys.stdout.write(_BANNER.format(address=address, key=key, token=token))
        sys.stdout.flush()

    return prepare


_BANNER = """
WARNING! This is dev mode: everything is kept in memory and is gone when the server ends. One key
unseals it, and it is unsealed already. Never use it for anything that matters.

The address and the root token, for bao, vault, hvac and all the others:

    $ export BAO_ADDR='{address}' BAO_TOKEN='{token}'
    $ export VAULT_ADDR='{address}' VAULT_TOKEN='{token}'

Unseal Key: {key}
Root Token: {token}

"""
