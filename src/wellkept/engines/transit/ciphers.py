"""Encrypting and decrypting under a key: the form ``vault:vN:BASE64``, which OpenBao and Vault read and write too.

With an AEAD the nonce stands before the ciphertext. It is random, always; a client cannot choose it (CVE-2023-4680
was about that). A convergent key takes it from an HMAC of the plaintext instead, under a key that is derived for
the context. OpenBao leaves the associated data out of that HMAC; here it counts, since two ciphertexts under one
nonce that differ in it would give GCM's authentication key away. Either reads the other's.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256

from ...core.form import base64s
from .derive import derived
from .faults import TOO_OLD, Fault, strange
from .material import private_key, public_key
from .xchacha import XChaCha20Poly1305

if TYPE_CHECKING:
    from .key import Key, Version

PREFIX = "vault:v"
_OAEP = OAEP(MGF1(SHA256()), SHA256(), None)


def encrypt(
    key: Key, plaintext: bytes, *, number: int = 0, context: bytes = b"", associated: str = ""
) -> str:
    """``plaintext`` sealed under version ``number`` (0: the latest). ``associated`` is base64. Raises ``Fault``."""
    key.usable()
    if not key.kind.encrypts:
        raise Fault(f"message encryption not supported for key type {key.kind.name}")
    number = key.for_new(number, "encryption")
    if key.kind.rsa:
        return f"{PREFIX}{number}:{base64s.encode(_rsa_encrypt(key, number, plaintext))}"
    size = _nonce_size(key)
    if key.convergent:
        version = key.version(number)
        if version.convergent < 3:
            raise Fault(
                f"refusing to support decryption with old convergent encryption key: version {version.convergent}"
            )
        both = derived(key, number, context, key.kind.size + 32)
        data = _associated(associated)
        nonce = _convergent_nonce(both[key.kind.size :], plaintext, data)[:size]
        cipher = _cipher(key.kind.name, both[: key.kind.size])
    else:
        cipher = _cipher_of(key, number, context)
        data = _associated(associated)
        nonce = os.urandom(size)
    return f"{PREFIX}{number}:{base64s.encode(nonce + cipher.encrypt(nonce, plaintext, data))}"


def decrypt(key: Key, sealed: str, *, context: bytes = b"", associated: str = "") -> bytes:
    """What ``encrypt`` sealed. Raises ``Fault``."""
    key.usable()
    if not key.kind.encrypts:
        raise Fault(f"message decryption not supported for key type {key.kind.name}")
    number, text = split(sealed, "ciphertext")
    number = number or 1  # as the first keys were numbered
    if number > key.latest:
        raise Fault("invalid ciphertext: version is too new")
    if number < key.min_decryption:
        raise Fault(TOO_OLD)
    if key.convergent and key.version(number).convergent < 3:
        raise Fault(
            "refusing to support decryption with old convergent encryption key: version "
            f"{key.version(number).convergent}"
        )
    try:
        content: bytes | None = base64s.decode(text)
    except base64s.NotBase64:
        content = None
    if content is None:
        raise Fault("invalid ciphertext: could not decode base64")
    if key.kind.rsa:
        return _rsa_decrypt(key, number, content)
    if key.convergent:
        both = derived(key, number, context, key.kind.size + 32)
        cipher = _cipher(key.kind.name, both[: key.kind.size])
    else:
        cipher = _cipher_of(key, number, context)
    data, size = _associated(associated), _nonce_size(key)
    if len(content) < size:
        raise Fault("invalid ciphertext length")
    opened: bytes | None = None
    try:
        opened = cipher.decrypt(content[:size], content[size:], data)
    except (InvalidTag, ValueError):
        pass  # told outside, so that nothing of the input hangs on it
    if opened is None:
        family = "cipher" if "gcm" in key.kind.name else "chacha20poly1305"
        raise Fault(f"{family}: message authentication failed")
    return opened


def split(text: str, what: str) -> tuple[int, str]:
    """The version's number and the rest. Raises ``Fault``; ``what`` names it there."""
    if not text.startswith(PREFIX):
        raise Fault(f"invalid {what}: no prefix")
    number, colon, rest = text[len(PREFIX) :].partition(":")
    if not colon:
        raise Fault(f"invalid {what}: wrong number of fields")
    digits = number[1:] if number[:1] in ("+", "-") else number
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
        raise Fault(f"invalid {what}: version number could not be decoded")
    return int(number), rest


def _convergent_nonce(secret: bytes, plaintext: bytes, data: bytes | None) -> bytes:
    if not data:
        return hmac.digest(secret, plaintext, hashlib.sha256)
    inner = hmac.digest(secret, b"wellkept associated data\0" + data, hashlib.sha256)
    return hmac.digest(inner, plaintext, hashlib.sha256)


def _cipher_of(key: Key, number: int, context: bytes) -> Any:
    if key.derived:
        return _cipher(key.kind.name, derived(key, number, context, key.kind.size))
    version = key.version(number)
    cipher = version.made.get("cipher")
    if cipher is None:
        cipher = version.made["cipher"] = _cipher(key.kind.name, version.secret)
    return cipher


def _cipher(name: str, secret: bytes) -> Any:
    if name == "xchacha20-poly1305":
        return XChaCha20Poly1305(secret)
    return ChaCha20Poly1305(secret) if name == "chacha20-poly1305" else AESGCM(secret)


def _nonce_size(key: Key) -> int:
    return 24 if key.kind.name == "xchacha20-poly1305" else 12


def _associated(text: str) -> bytes | None:
    if not text:
        return None
    problem = ""
    try:
        return base64s.decode(text)
    except base64s.NotBase64 as error:
        problem = str(error)
    raise strange(f"unable to get associated_data/additional_data from factory[0]: {problem}")


def _rsa_encrypt(key: Key, number: int, plaintext: bytes) -> bytes:
    version = key.version(number)
    public = public_key(version, key.kind)
    if len(plaintext) > key.kind.bits // 8 - 2 * 32 - 2:
        raise strange("failed to RSA encrypt the plaintext: crypto/rsa: message too long for RSA key size")
    sealed: bytes = public.encrypt(plaintext, _OAEP)
    return sealed


def _rsa_decrypt(key: Key, number: int, content: bytes) -> bytes:
    version: Version = key.version(number)
    if not version.secret:
        raise strange("cannot decrypt ciphertext, key version does not have a private counterpart")
    opened: bytes | None = None
    try:
        opened = private_key(version, key.kind).decrypt(content, _OAEP)
    except ValueError:
        pass  # one answer for whatever is wrong with it
    if opened is None:
        raise strange("failed to RSA decrypt the ciphertext: crypto/rsa: decryption error")
    return opened
