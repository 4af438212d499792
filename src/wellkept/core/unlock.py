"""Finding what opens a store, when the caller has not said: its kind stands in the seal's configuration.

Key file: ``$WELLKEPT_KEY_FILE``, else ``$XDG_CONFIG_HOME/wellkept/keys/<store id>.key`` (``~/.config`` where
that is not set). Passphrase: the first line of ``$WELLKEPT_PASSPHRASE_FILE``, else ``$WELLKEPT_PASSPHRASE``,
else whatever ``prompt`` answers. Where there is nothing, ``Sealed`` says what to do.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest, Sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..barrier.seals import Seal

KEY_FILE = "WELLKEPT_KEY_FILE"
PASSPHRASE_FILE = "WELLKEPT_PASSPHRASE_FILE"  # noqa: S105 - the name of a variable
PASSPHRASE = "WELLKEPT_PASSPHRASE"  # noqa: S105 - the name of a variable

_LARGEST = 64 * 1024


def default_key_path(store_id: str) -> str:
    """Where the key file of a store lies, unless ``$WELLKEPT_KEY_FILE`` says otherwise.

    Raises ``InvalidRequest`` for an id that is no plain name (it comes from a file that anybody may have made).
    """
    if (
        not store_id
        or len(store_id) > 64
        or not store_id.replace("-", "").isalnum()
        or not store_id.isascii()
    ):
        raise InvalidRequest("the store's id is not one; it cannot name a key file")
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "wellkept", "keys", f"{store_id}.key")


def find_seal(config: Mapping[str, Any], *, prompt: Callable[[], str] | None = None) -> Seal:
    """The seal for a store with this seal configuration. Raises ``Sealed`` when nothing that opens it is found."""
    kind = config["kind"]
    if kind == "keyfile":
        return _key_file(config["store_id"])
    if kind == "passphrase":
        return _passphrase(prompt)
    if kind == "shamir":
        raise Sealed(
            "the store is closed by key shares, which a server takes: wellkept server, then wellkept operator unseal; "
            "or give it another seal with: wellkept operator migrate"
        )
    raise Sealed(f"the store is closed by a seal of kind {kind!r}, which this version does not know")


def _key_file(store_id: str) -> Seal:
    from ..barrier.seals.keyfile import KeyFileSeal

    named = os.environ.get(KEY_FILE)
    path = named or default_key_path(store_id)
    if not os.path.lexists(path):
        if named:
            raise Sealed(f"${KEY_FILE} names {path}, where there is no file; put the store's key there")
        raise Sealed(
            f"the store's key is not at {path}; put the key file there, or name it in ${KEY_FILE}. "
            "Without it nothing in the store can be read"
        )
    return KeyFileSeal(path)


def _passphrase(prompt: Callable[[], str] | None) -> Seal:
    from ..barrier.seals.passphrase import PassphraseSeal

    if os.environ.get(PASSPHRASE_FILE) or PASSPHRASE in os.environ:
        return PassphraseSeal(lambda: passphrase_given() or "")
    if prompt is not None:
        return PassphraseSeal(prompt)
    raise Sealed(
        f"the store is closed by a passphrase, and there is nobody to ask: give it in a file named by "
        f"${PASSPHRASE_FILE}, or in ${PASSPHRASE}"
    )


def passphrase_given() -> str | bytes | None:
    """The passphrase that the environment gives, or ``None``. Raises ``Sealed`` when its file cannot be read."""
    path = os.environ.get(PASSPHRASE_FILE)
    return _first_line(path) if path else os.environ.get(PASSPHRASE)


def _first_line(path: str) -> bytes:
    reason = ""
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST + 1).split(b"\n", 1)[0].removesuffix(b"\r")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
    raise Sealed(f"${PASSPHRASE_FILE} names {path}, which cannot be read: {reason}")
