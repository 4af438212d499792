"""The key-file seal: 32 random bytes, as 64 hexadecimal digits, in a file that only its owner may read."""

from __future__ import annotations

import os
import stat
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from ...errors import IntegrityError, Sealed, StorageUnavailable
from .wrapping import unwrap_key, wrap_key

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTEXT = b"wellkept seal keyfile 1"
_STANDARD = bytes.maketrans(b"-_", b"+/")
_LARGEST = 4096  # bytes; more is no key file


class KeyFileSeal:
    """Reads the key from ``path`` each time it is needed.

    The file must be a regular file (or a link to one), owned by the user (or root), and closed to group and
    others. Its content: 32 bytes as hexadecimal or base64, blanks around them ignored.
    """

    kind = "keyfile"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(os.fsdecode(path))

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> KeyFileSeal:
        """A new key in a new file, mode 0600; a directory that is missing is made, mode 0700.

        Raises ``StorageUnavailable`` when there is something at ``path`` already, or it cannot be written.
        """
        seal = cls(path)
        failure = None
        try:
            _write(seal.path)
        except FileExistsError:
            failure = StorageUnavailable(
                f"{seal.path}: there is something here already; a key is never overwritten"
            )
        except OSError as error:
            failure = StorageUnavailable(
                f"{seal.path}: the key cannot be written ({os.strerror(error.errno or 0)})"
            )
        if failure is not None:
            raise failure
        return seal

    def wrap(self, root: bytes) -> dict[str, Any]:
        key = self._read()
        return {"key_id": _key_id(key), **wrap_key(key, root, _CONTEXT)}

    def unwrap(self, blob: Mapping[str, Any]) -> bytes:
        key = self._read()
        root = unwrap_key(key, blob, _CONTEXT)
        if root is not None:
            return root
        if blob.get("key_id") == _key_id(key):
            raise IntegrityError("the seal's configuration is damaged or altered; restore it from a backup")
        raise Sealed(
            f"{self.path}: not the key of this store; find the right key file, or restore it from where it is kept"
        )

    def _read(self) -> bytes:
        failure = None
        raw = b""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                found = os.fstat(fd)
                failure = _objection(self.path, found)
                if failure is None:
                    raw = os.read(fd, _LARGEST + 1)
            finally:
                os.close(fd)
        except FileNotFoundError:
            failure = Sealed(f"{self.path}: there is no key file here; restore it from where it is kept")
        except OSError as error:
            failure = Sealed(f"{self.path}: the key file cannot be read ({os.strerror(error.errno or 0)})")
        if failure is not None:
            raise failure
        key = _parse(raw)
        if key is None:
            raise Sealed(
                f"{self.path}: not a key file: expected 32 bytes as 64 hexadecimal digits or as base64"
            )
        return key

    def __repr__(self) -> str:
        return f"<KeyFileSeal {self.path}>"


def _write(path: str) -> None:
    directory = os.path.dirname(path)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.fchmod(fd, 0o600)
            os.write(fd, os.urandom(32).hex().encode() + b"\n")
            os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        os.unlink(path)  # half a key is worse than none
        raise
    fd = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _objection(path: str, found: os.stat_result) -> Sealed | None:
    if not stat.S_ISREG(found.st_mode):
        return Sealed(f"{path}: not a regular file")
    if found.st_uid not in (os.geteuid(), 0):
        return Sealed(
            f"{path}: the key file belongs to another user (uid {found.st_uid}); it must be yours: chown it"
        )
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        return Sealed(f"{path}: the key file is open to others (mode {mode:04o}); close it: chmod 600 {path}")
    return None


def _parse(raw: bytes) -> bytes | None:
    text = raw.strip()
    try:
        if len(text) == 64:
            return bytes.fromhex(text.decode("ascii"))
        if len(text) in (43, 44):
            key = a2b_base64(text.rstrip(b"=").translate(_STANDARD) + b"=", strict_mode=True)
            return key if len(key) == 32 else None
    except ValueError:
        pass  # no key file; the caller says so, without quoting it
    return None


def _key_id(key: bytes) -> str:
    """Which key it is, saying nothing about it: to tell a wrong key from a damaged store."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 8, None, b"wellkept key id 1").derive(key).hex()
