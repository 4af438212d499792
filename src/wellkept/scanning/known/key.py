"""The key of a fingerprint file: the store's own, or one in a file or variable that CI can be given."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error
from typing import TYPE_CHECKING

from ...errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.local import LocalStore

VARIABLE = "WELLKEPT_SCAN_KEY"
PURPOSE = "scan fingerprints"
_BYTES = 32
_PREFIX = "wellkept-scan-key-1:"


def from_store(store: LocalStore) -> bytes:
    """The key that this store derives: nobody needs to keep it, who may open the store has it."""
    return store._barrier.derive(PURPOSE)


def create(path: str) -> bytes:
    """A new random key in the new file ``path``, mode 0600. Raises ``ConfigError`` when there is one already."""
    key = os.urandom(_BYTES)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(_PREFIX.encode() + b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return key
    except OSError as error:
        reason = error.strerror
    raise ConfigError(f"the key file {path!r} cannot be written: {reason}")


def load(path: str) -> bytes:
    """The key in the file ``path``. Raises ``ConfigError``."""
    try:
        with open(path, "rb") as file:
            content = file.read(4096)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    else:
        key = _parse(content.decode("latin-1"))
        if key is not None:
            return key
        reason = "holds no fingerprint key"
    raise ConfigError(f"the key file {path!r} {reason}")


def find(path: str | None = None, environ: Mapping[str, str] = os.environ) -> bytes | None:
    """The key in the file ``path``, else in ``$WELLKEPT_SCAN_KEY`` (the content of a key file), else ``None``."""
    if path is not None:
        return load(path)
    given = environ.get(VARIABLE)
    if not given:
        return None
    key = _parse(given)
    if key is None:
        raise ConfigError(f"${VARIABLE} holds no fingerprint key; put the content of the key file there")
    return key


def _parse(text: str) -> bytes | None:
    try:
        key = b64decode(text.strip().removeprefix(_PREFIX), validate=True)
    except (Error, ValueError):
        return None
    return key if len(key) == _BYTES else None
