"""Seals that a server opens by itself: a key file, a passphrase from a file or the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.unlock import default_key_path, find_seal
from ..errors import ConfigError, Sealed

if TYPE_CHECKING:
    from ..barrier.seals import Seal
    from .node import Node
    from .settings import SealSettings


def automatic_seal(settings: SealSettings, *, new: bool = False) -> Seal | None:
    """The seal that the configuration names for a new store; ``None`` for shares. ``new``: make a key file that
    is not there. Raises ``ConfigError``."""
    if settings.kind == "keyfile":
        from ..barrier.seals.keyfile import KeyFileSeal

        if not settings.path:
            raise ConfigError('seal "keyfile": path: expected the path of the key file')
        if new and not os.path.lexists(settings.path):
            return KeyFileSeal.create(settings.path)
        return KeyFileSeal(settings.path)
    if settings.kind == "passphrase":
        return (
            passphrase_seal(_first_line(settings.path))
            if settings.path
            else find_seal({"kind": "passphrase"})
        )
    return None


def passphrase_seal(text: str) -> Seal:
    """The seal of a passphrase at hand."""
    from ..barrier.seals.passphrase import PassphraseSeal

    return PassphraseSeal(lambda: text)


def open_by_itself(node: Node) -> str:
    """Open ``node`` if its seal needs nobody; what stands in the way, in words, if not. Empty when it opened."""
    config = node.seal_config
    if config is None:
        return "the store is not initialised yet: wellkept operator init (or bao operator init)"
    if config["kind"] == "shamir":
        return "the store is sealed: unseal it with its key shares"
    try:
        node.open(node.unlock(_at_hand(node, config)))
    except Sealed as error:
        return str(error)
    return ""


def _at_hand(node: Node, config: dict[str, Any]) -> Seal:
    settings = node.settings.seal
    if settings.kind == config["kind"] and settings.path:
        seal = automatic_seal(settings)
        assert seal is not None
        return seal
    if config["kind"] == "keyfile" and not os.environ.get("WELLKEPT_KEY_FILE"):
        from ..barrier.seals.keyfile import KeyFileSeal

        return KeyFileSeal(default_key_path(config["store_id"]))
    return find_seal(config)


def _first_line(path: str) -> str:
    failure = ""
    try:
        with open(path, "rb") as file:
            return (
                file.read(64 * 1024).split(b"\n", 1)[0].removesuffix(b"\r").decode("utf-8", "surrogateescape")
            )
    except OSError as error:
        failure = (error.strerror or type(error).__name__).lower()
    raise ConfigError(f'seal "passphrase": {path} cannot be read: {failure}')
