"""Names of records in storage, made from what must not be seen there."""

from __future__ import annotations

import hashlib


class Digests:
    """``key``: 32 bytes, the mount's own."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kind: str, *texts: str) -> str:
        """A keyed digest of ``texts``, as one for this ``kind``."""
        digest = hashlib.blake2b(key=self._key, digest_size=24, person=kind.encode()[:16])
        for text in texts:
            raw = text.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(4, "big") + raw)
        return digest.hexdigest()
