"""The archive's form: a header, the members one after the other, and a seal over all of it.

::

    wellkept-backup 1\\n
    {"store_id": ..., "created": ..., "members": [{"name": ..., "size": ..., "sha256": ...}, ...]}\\n
    the members' bytes
    32 bytes: HMAC-SHA-256 over everything before, keyed by the store

The checksums tell damage before anything is opened; the seal, whose key comes out of the store itself, tells
whether the archive is one that this store wrote, and as it wrote it.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives import hashes, hmac

from ..errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

MAGIC = b"wellkept-backup 1\n"
_BLOCK = 1 << 20
_MAX_HEADER = 65536
_SEAL = 32


class Member(NamedTuple):
    """One file of an archive: ``size`` in bytes."""

    name: str
    size: int
    sha256: str


class Header(NamedTuple):
    store_id: str
    created: float
    members: tuple[Member, ...]


def write(
    out: BinaryIO, store_id: str, created: float, files: Sequence[tuple[str, str, int]], key: bytes
) -> None:
    """Write an archive of ``files``: (name, path, how many bytes of it)."""
    members = [Member(name, size, _checksum(path, size)) for name, path, size in files]
    header = {"store_id": store_id, "created": created, "members": [member._asdict() for member in members]}
    seal = hmac.HMAC(key, hashes.SHA256())
    first = MAGIC + json.dumps(header, separators=(",", ":")).encode() + b"\n"
    seal.update(first)
    out.write(first)
    for _, path, size in files:
        for block in _blocks(path, size):
            seal.update(block)
            out.write(block)
    out.write(seal.finalize())


def extract(path: str, directory: str, names: frozenset[str]) -> Header:
    """Unpack into ``directory``, checking sizes and checksums. Raises ``IntegrityError`` for anything amiss."""
    with open(path, "rb") as archive:
        total = os.fstat(archive.fileno()).st_size
        header = _header(archive, path, names)
        expected = archive.tell() + sum(member.size for member in header.members) + _SEAL
        if total != expected:
            raise IntegrityError(
                f"{path}: the archive is {total} bytes long, not {expected}: cut short or extended"
            )
        for member in header.members:
            digest = hashes.Hash(hashes.SHA256())
            fd = os.open(os.path.join(directory, member.name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(fd, "wb") as out:
                left = member.size
                while left:
                    block = archive.read(min(left, _BLOCK))
                    if not block:
                        raise IntegrityError(f"{path}: the archive was cut short while it was read")
                    digest.update(block)
                    out.write(block)
                    left -= len(block)
                out.flush()
                os.fsync(out.fileno())
            if digest.finalize().hex() != member.sha256:
                raise IntegrityError(
                    f"{path}: {member.name} in the archive is damaged: its checksum does not fit"
                )
    return header


def check_seal(path: str, key: bytes) -> None:
    """Raises ``IntegrityError`` unless the whole archive is as the store with this key wrote it."""
    from cryptography.hazmat.primitives.constant_time import bytes_eq

    seal = hmac.HMAC(key, hashes.SHA256())
    size = os.stat(path).st_size - _SEAL
    for block in _blocks(path, size):
        seal.update(block)
    with open(path, "rb") as archive:
        archive.seek(size)
        stored = archive.read()
    if not bytes_eq(seal.finalize(), stored):
        raise IntegrityError(
            f"{path}: the archive's seal does not fit: it was altered, or is another store's"
        )


def _header(archive: BinaryIO, path: str, names: frozenset[str]) -> Header:
    if archive.read(len(MAGIC)) != MAGIC:
        raise IntegrityError(f"{path}: not an archive of a wellkept store, or damaged at its beginning")
    line = archive.readline(_MAX_HEADER)
    header = _parse(line) if line.endswith(b"\n") else None
    if (
        header is None
        or {member.name for member in header.members} != names
        or len(header.members) != len(names)
    ):
        raise IntegrityError(f"{path}: the archive's header is damaged")
    return header


def _parse(line: bytes) -> Header | None:
    try:
        raw: dict[str, Any] = json.loads(line)
        members = tuple(Member(**member) for member in raw["members"])
        header = Header(raw["store_id"], float(raw["created"]), members)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    sound = isinstance(header.store_id, str) and all(
        isinstance(member.size, int) and member.size >= 0 and re.fullmatch("[0-9a-f]{64}", str(member.sha256))
        for member in members
    )
    return header if sound else None


def _checksum(path: str, size: int) -> str:
    digest = hashes.Hash(hashes.SHA256())
    for block in _blocks(path, size):
        digest.update(block)
    return digest.finalize().hex()


def _blocks(path: str, size: int) -> Iterator[bytes]:
    """The first ``size`` bytes of a file. Raises ``IntegrityError`` when it has fewer."""
    with open(path, "rb") as file:
        left = size
        while left:
            block = file.read(min(left, _BLOCK))
            if not block:
                raise IntegrityError(f"{path} is shorter than it should be; verify the audit log")
            left -= len(block)
            yield block
