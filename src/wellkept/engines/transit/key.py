"""``Key``: a named key with its versions, and how it is stored.

All versions stand in one record, the trimmed ones no more. Versions below ``min_decryption`` are kept but as if
they were not there, until the setting is lowered again.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .faults import SOFT_DELETED, Fault, strange
from .kinds import KINDS, Kind

if TYPE_CHECKING:
    from ...core.view import View

FOLDER = "policy/"
TURNING = "turning/"
"""The names of keys that rotate by themselves, so that they are found without looking at all."""


@dataclass(slots=True)
class Version:
    """One version. ``secret``: a symmetric key; Ed25519's 64 bytes (seed and public key, as Go keeps them); PKCS#8
    in DER for RSA and ECDSA; empty where only the public key was imported. ``public``: 32 bytes for Ed25519, else
    SubjectPublicKeyInfo in DER. ``hmac``: the key for HMACs. ``convergent``: the version of that scheme, 0 for none.
    ``certificates``: DER, the leaf first. ``made``: objects of the cryptographic library, kept while this is."""

    created: float
    secret: bytes = field(default=b"", repr=False)
    public: bytes = b""
    hmac: bytes = field(default=b"", repr=False)
    convergent: int = 0
    certificates: tuple[bytes, ...] = ()
    made: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def pack(self) -> dict[str, Any]:
        return {
            "created": self.created,
            "secret": b64encode(self.secret).decode(),
            "public": b64encode(self.public).decode(),
            "hmac": b64encode(self.hmac).decode(),
            "convergent": self.convergent,
            "certificates": [b64encode(each).decode() for each in self.certificates],
        }

    @classmethod
    def unpack(cls, packed: dict[str, Any]) -> Version:
        return cls(
            packed["created"],
            b64decode(packed["secret"]),
            b64decode(packed["public"]),
            b64decode(packed["hmac"]),
            packed["convergent"],
            tuple(b64decode(each) for each in packed["certificates"]),
        )


@dataclass(slots=True)
class Key:
    """See OpenBao's API for the settings. ``rotate_every`` is in seconds, 0 for never."""

    name: str
    kind: Kind
    derived: bool = False
    convergent: bool = False
    old_kdf: bool = False
    """Derives by the counter mode of old, not by HKDF: only keys restored from old backups do."""
    exportable: bool = False
    deletion_allowed: bool = False
    plaintext_backup: bool = False
    rotate_every: int = 0
    size: int = 0
    min_decryption: int = 1
    min_encryption: int = 0
    min_available: int = 0
    latest: int = 0
    imported: bool = False
    import_rotates: bool = False
    soft_deleted: bool = False
    backup_info: dict[str, Any] | None = None
    restore_info: dict[str, Any] | None = None
    versions: dict[int, Version] = field(default_factory=dict, repr=False)

    def usable(self) -> None:
        """Raises ``Fault`` when the key is softly deleted."""
        if self.soft_deleted:
            raise Fault(SOFT_DELETED)

    def version(self, number: int) -> Version:
        """Raises ``Fault`` for one that is not there, or no more."""
        found = self.versions.get(number) if number >= self.min_decryption else None
        if found is None:
            raise Fault("no such key version")
        return found

    @property
    def present(self) -> dict[int, Version]:
        """The versions that may be used, by number."""
        return {number: each for number, each in self.versions.items() if number >= self.min_decryption}

    def for_new(self, number: int, purpose: str) -> int:
        """The number of the version to encrypt or sign with; 0 means the latest. Raises ``Fault``."""
        if number == 0:
            return self.latest
        if number < 0:
            raise Fault(f"requested version for {purpose} is negative")
        if number > self.latest:
            raise Fault(f"requested version for {purpose} is higher than the latest key version")
        if number < self.min_encryption:
            raise Fault(f"requested version for {purpose} is less than the minimum encryption key version")
        return number

    def append(self, version: Version) -> None:
        if self.convergent:
            version.convergent = 3
        self.latest += 1
        self.versions[self.latest] = version

    def encode(self) -> bytes:
        document = {each.name: getattr(self, each.name) for each in fields(self)}
        document["kind"] = self.kind.name
        document["versions"] = {number: version.pack() for number, version in self.versions.items()}
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, stored: bytes) -> Key:
        document = json.loads(stored)
        document["kind"] = KINDS[document["kind"]]
        document["versions"] = {
            int(number): Version.unpack(packed) for number, packed in document["versions"].items()
        }
        return cls(**document)


def load(view: View, name: str) -> Key | None:
    """A key of one's own, to be changed and saved."""
    entry = view.get(FOLDER + name)
    return None if entry is None else Key.decode(entry.value)


def save(view: View, key: Key) -> None:
    if key.min_encryption and key.min_encryption < key.min_decryption:
        raise strange(
            f"minimum decryption version of {key.min_decryption} is greater than minimum encryption version "
            f"{key.min_encryption}"
        ).refusal()
    view.put(FOLDER + key.name, key.encode())
    if key.rotate_every:
        view.put(TURNING + key.name, b"")
    elif view.get(TURNING + key.name) is not None:
        view.delete(TURNING + key.name)


def remove(view: View, name: str) -> None:
    view.delete(FOLDER + name)
    view.delete(TURNING + name)


class Ring:
    """Keys for use, kept decoded while their records stay as they are. One for a mount; never changed through it."""

    __slots__ = ("_known", "limit")

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, Key]] = {}
        self.limit = 0
        """How many keys are kept; 0 for ``MANY``."""

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def get(self, view: View, name: str) -> Key | None:
        entry = view.get(FOLDER + name)
        known = self._known.get(name)
        if entry is None:
            if known is not None:
                self._known.pop(name, None)
            return None
        if known is not None and entry.revision and known[0] == entry.revision:
            return known[1]
        key = Key.decode(entry.value)
        if entry.revision:
            while len(self._known) >= (self.limit or MANY):
                self._known.pop(next(iter(self._known), ""), None)
            self._known[name] = (entry.revision, key)
        return key


MANY = 4096
