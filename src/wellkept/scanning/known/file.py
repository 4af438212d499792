"""The fingerprint file: one line of JSON that says which key it needs, then everything else encrypted under it.

Without the key it tells how large it is, and nothing more. With the key it tells the names, versions and owners
of the secrets, and lets a guess of a whole value be checked; see decision 0140 for what that means.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import ConfigError, IntegrityError
from .windows import Keys, derive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

MAGIC = "wellkept-fingerprints"
FORMAT = 1
MAX_BYTES = 1 << 30

ARRAYS = {
    "long_tags": "<u8",  # sorted; the tags of windows of 24 bytes
    "long_entries": "<u4",  # whose window it is
    "long_offsets": "<u2",  # where in the variant the window begins
    "middle_tags": "<u8",  # the same of windows of 16 bytes
    "middle_entries": "<u4",
    "middle_offsets": "<u2",
    "short_tags": "<u8",  # sorted; the tags of the short variants
    "short_entries": "<u4",
    "short_slots": "<u4",  # sorted; the coarse filter's slots, without saying whose
    "lengths": "<u2",  # of each entry's variant, in bytes
    "digests": "u1",  # 16 bytes for each entry
    "records": "<u4",  # whose secret's version each entry is
    "labels": "<u2",  # which form and part of it
}


class Record(NamedTuple):
    """One version of one secret; ``created`` in seconds since the epoch. No value in it."""

    name: str
    version: str
    stages: tuple[str, ...]
    owner: str
    created: float | None


class Content(NamedTuple):
    """What is in the file. ``labels`` are (form, part, whether it is a fragment); ``bits`` the coarse filter's size."""

    arrays: Mapping[str, npt.NDArray[Any]]
    records: Sequence[Record]
    labels: Sequence[tuple[str, str, bool]]
    bits: int
    made: float
    store: str


def write(path: str, content: Content, keys: Keys) -> int:
    """Write the file, mode 0600, replacing an older one at once; returns its size. Raises ``ConfigError``."""
    data = encode(content, keys)
    partial = f"{path}.{os.urandom(4).hex()}.partial"
    try:
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            os.unlink(partial)
            raise
        return len(data)
    except OSError as error:
        reason = error.strerror
    raise ConfigError(f"the fingerprints cannot be written to {path!r}: {reason}")


def read(path: str, key: bytes) -> tuple[Content, Keys]:
    """The file's content. Raises ``ConfigError`` when it is none or cannot be read, ``IntegrityError`` when it was
    made with another key or altered."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror
    else:
        keys = derive(key)
        return decode(data, keys, path), keys
    raise ConfigError(f"the fingerprint file {path!r} cannot be read: {reason}")


def encode(content: Content, keys: Keys) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head = json.dumps({"file": MAGIC, "format": FORMAT, "key": keys.identifier}).encode() + b"\n"
    raw = {name: content.arrays[name].astype(kind, copy=False).tobytes() for name, kind in ARRAYS.items()}
    index = {
        "sizes": {name: len(part) for name, part in raw.items()},
        "records": [list(record) for record in content.records],
        "labels": [list(label) for label in content.labels],
        "bits": content.bits,
        "made": content.made,
        "store": content.store,
    }
    inner = json.dumps(index, separators=(",", ":")).encode()
    plain = b"".join((len(inner).to_bytes(8, "little"), inner, *raw.values()))
    nonce = os.urandom(12)
    return head + nonce + AESGCM(keys.seal).encrypt(nonce, plain, head)


def decode(data: bytes, keys: Keys, path: str = "") -> Content:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    line, newline, body = data.partition(b"\n")
    header = _header(line) if len(data) <= MAX_BYTES else None
    if not newline or header is None:
        raise ConfigError(
            f"{path!r} is no fingerprint file; make one with: wellkept scan fingerprints -o FILE"
        )
    if header.get("format") != FORMAT:
        raise ConfigError(f"{path!r} was made by another version of wellkept; make it again")
    if header.get("key") != keys.identifier:
        raise IntegrityError(f"the fingerprints in {path!r} were made with another key")
    try:
        plain = AESGCM(keys.seal).decrypt(body[:12], body[12:], line + newline)
    except (InvalidTag, ValueError):
        plain = b""
    if not plain:
        raise IntegrityError(f"the fingerprint file {path!r} is damaged or was altered")
    return _content(plain)


def _header(line: bytes) -> dict[str, Any] | None:
    try:
        header = json.loads(line) if len(line) < 4096 else None
    except (ValueError, RecursionError):
        return None
    return header if isinstance(header, dict) and header.get("file") == MAGIC else None


def _content(plain: bytes) -> Content:
    """From what is authenticated: so it is as it was written."""
    import numpy as np

    size = int.from_bytes(plain[:8], "little")
    index = json.loads(plain[8 : 8 + size])
    arrays: dict[str, npt.NDArray[Any]] = {}
    at = 8 + size
    for name, kind in ARRAYS.items():
        end = at + index["sizes"][name]
        arrays[name] = np.frombuffer(plain[at:end], kind)
        at = end
    records = [
        Record(name, version, tuple(stages), owner, made)
        for name, version, stages, owner, made in index["records"]
    ]
    labels = [(form, part, bool(fragment)) for form, part, fragment in index["labels"]]
    return Content(arrays, records, labels, index["bits"], index["made"], index["store"])
