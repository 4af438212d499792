"""CKM_RSA_AES_KEY_WRAP of PKCS#11: an AES-256 key under RSA-OAEP, and behind it the key, wrapped under that one
with padding (RFC 5649)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from ...core.form import base64s, unforeseen
from .faults import strange
from .material import private_key, public_key

if TYPE_CHECKING:
    from .key import Key, Version
    from .kinds import Kind

WRAPPED_BYTES = 512
HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "SHA1": hashes.SHA1,
    "SHA224": hashes.SHA224,
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}


def unwrap(wrapping: Any, content: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    """What was wrapped for ``wrapping``, an RSA key object of 4096 bits. Raises ``Refusal``."""
    if len(content) <= WRAPPED_BYTES:
        raise unforeseen("provided ciphertext is too short")
    problem = "crypto/rsa: decryption error"
    try:
        passing = wrapping.decrypt(
            content[:WRAPPED_BYTES], padding.OAEP(padding.MGF1(algorithm), algorithm, None)
        )
        if len(passing) != 32:
            problem = "expected ephemeral AES key to be 256-bit"
        else:
            problem = "kwp: unwrapping failed integrity check"
            return aes_key_unwrap_with_padding(passing, content[WRAPPED_BYTES:])
    except (ValueError, InvalidUnwrap):
        pass  # told outside
    raise unforeseen(problem)


def wrap(target: Key, kind: Kind, version: Version, hash_name: str) -> str:
    """``version`` wrapped under the latest version of an RSA key, in the form that an import takes. Raises ``Fault``."""
    target.usable()
    if not target.kind.signs:
        raise strange(
            f"key wrapping (requring message signing) is not supported for key type {target.kind.name}"
        )
    if not target.kind.rsa:
        raise strange("unsupported key type in use; must be a rsa key")
    algorithm = HASHES.get(hash_name.upper())
    if algorithm is None:
        raise strange(f"unknown hash function: {hash_name}")
    content = version.secret
    if not content:
        raise strange("failed to wrap target key for import: the version has no private part")
    if kind.ed25519:
        content = private_key(version, kind).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    passing = os.urandom(32)
    sealed: bytes = public_key(target.version(target.latest), target.kind).encrypt(
        passing, padding.OAEP(padding.MGF1(algorithm()), algorithm(), None)
    )
    return base64s.encode(sealed + aes_key_wrap_with_padding(passing, content))
