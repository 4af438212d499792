"""Signing and verifying under a key, with the options of Vault's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, utils

from ...core.form import base64s
from .ciphers import PREFIX, split
from .derive import derived
from .faults import TOO_OLD, Fault, strange
from .material import private_key, public_key

if TYPE_CHECKING:
    from .key import Key, Version

HASHES: dict[str, hashes.HashAlgorithm | None] = {
    "none": None,
    "sha1": hashes.SHA1(),  # noqa: S303 - named by the client, for signatures that old systems check
    "sha2-224": hashes.SHA224(),
    "sha2-256": hashes.SHA256(),
    "sha2-384": hashes.SHA384(),
    "sha2-512": hashes.SHA512(),
    "sha3-224": hashes.SHA3_224(),
    "sha3-256": hashes.SHA3_256(),
    "sha3-384": hashes.SHA3_384(),
    "sha3-512": hashes.SHA3_512(),
}
_CURVES: dict[str, tuple[int, hashes.HashAlgorithm]] = {
    "P-256": (32, hashes.SHA256()),
    "P-384": (48, hashes.SHA384()),
    "P-521": (66, hashes.SHA512()),
}
"""Bytes of a coordinate, and a hash whose length a digest is brought to."""
AUTO, LIKE_HASH = 0, -1


class Options(NamedTuple):
    """``salt``: bytes, or ``AUTO`` or ``LIKE_HASH``; for RSA-PSS. ``scheme``: "", "pss" or "pkcs1v15"."""

    hash: str = "sha2-256"
    marshaling: str = "asn1"
    salt: int = AUTO
    scheme: str = ""
    prehashed: bool = False


def sign(
    key: Key, message: bytes, options: Options, *, number: int = 0, context: bytes = b""
) -> tuple[str, bytes]:
    """The signature, and for a derived key the public key of the context. Raises ``Fault``."""
    key.usable()
    number = key.for_new(number, "signing")
    version = key.version(number)
    if not version.secret:
        raise Fault("requested version for signing does not contain a private part")
    public = b""
    if key.kind.ed25519:
        private = private_key(version, key.kind)
        if key.derived:
            private = _derived(key, number, context)
            public = private.public_key().public_bytes_raw()
        signature = private.sign(message)
    elif key.kind.ecdsa:
        signature = _ecdsa_sign(key, version, message, options)
    else:
        signature = _rsa_sign(key, version, message, options)
    text = base64s.encode_url(signature) if options.marshaling == "jws" else base64s.encode(signature)
    return f"{PREFIX}{number}:{text}", public


def verify(key: Key, message: bytes, signature: str, options: Options, *, context: bytes = b"") -> bool:
    """Whether ``signature`` is one of ``message``. Raises ``Fault`` for what cannot be one."""
    key.usable()
    number, text = split(signature, "signature")
    if number > key.latest:
        raise Fault("invalid signature: version is too new")
    if number < key.min_decryption:
        raise Fault(TOO_OLD)
    raw: bytes | None = None
    try:
        raw = base64s.decode_url(text) if options.marshaling == "jws" else base64s.decode(text)
    except base64s.NotBase64:
        pass
    if raw is None:
        raise Fault("invalid base64 signature value")
    version = key.version(number)
    try:
        if key.kind.ed25519:
            public = (
                _derived(key, number, context).public_key() if key.derived else public_key(version, key.kind)
            )
            public.verify(raw, message)
        elif key.kind.ecdsa:
            der = _der(key, raw, options)
            digest, digest_hash = _digest(key, message, options)
            public_key(version, key.kind).verify(der, digest, ec.ECDSA(utils.Prehashed(digest_hash)))
        else:
            return _rsa_verify(key, version, raw, message, options)
    except (InvalidSignature, ValueError):
        return False
    return True


def _derived(key: Key, number: int, context: bytes) -> ed25519.Ed25519PrivateKey:
    fault: Fault | None = None
    try:
        return ed25519.Ed25519PrivateKey.from_private_bytes(derived(key, number, context, 32))
    except Fault as error:
        fault = error
    raise strange(f"error deriving key: {fault.text}")


def hashed(message: bytes, name: str) -> bytes:
    """Raises ``Fault`` for the hash "none"."""
    algorithm = HASHES[name]
    if algorithm is None:
        return message
    digest = hashes.Hash(algorithm)
    digest.update(message)
    return digest.finalize()


def _digest(key: Key, message: bytes, options: Options) -> tuple[bytes, hashes.HashAlgorithm]:
    """What ECDSA signs: the leftmost bytes of the digest, as many as the curve has, whatever hash made it."""
    size, algorithm = _CURVES[key.kind.curve]
    digest = message if options.prehashed else hashed(message, options.hash)
    if key.kind.curve == "P-521":
        if len(digest) > 64:
            raise Fault("a digest of more than 64 bytes cannot be signed with this key")
    else:
        digest = digest[:size]
    return digest.rjust(algorithm.digest_size, b"\0"), algorithm


def _ecdsa_sign(key: Key, version: Version, message: bytes, options: Options) -> bytes:
    digest, algorithm = _digest(key, message, options)
    der: bytes = private_key(version, key.kind).sign(digest, ec.ECDSA(utils.Prehashed(algorithm)))
    if options.marshaling == "asn1":
        return der
    size = _CURVES[key.kind.curve][0]
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _der(key: Key, raw: bytes, options: Options) -> bytes:
    if options.marshaling == "jws":
        half = len(raw) // 2
        return utils.encode_dss_signature(
            int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
        )
    valid = True
    try:
        utils.decode_dss_signature(raw)
    except ValueError:
        valid = False
    if not valid:
        raise Fault("supplied signature is invalid")
    return raw


def _rsa_sign(key: Key, version: Version, message: bytes, options: Options) -> bytes:
    digest, scheme, algorithm = _rsa_how(key, message, options)
    if scheme is None or len(digest) != _length(algorithm, digest):
        what = (
            "input must be hashed message"
            if options.scheme == "pkcs1v15"
            else "input must be hashed with given hash"
        )
        raise strange(f"crypto/rsa: {what}")
    signature: bytes = private_key(version, key.kind).sign(digest, scheme, algorithm)
    return signature


def _rsa_verify(key: Key, version: Version, raw: bytes, message: bytes, options: Options) -> bool:
    digest, scheme, algorithm = _rsa_how(key, message, options, verifying=True)
    if scheme is None or len(digest) != _length(algorithm, digest):
        return False
    public_key(version, key.kind).verify(raw, digest, scheme, algorithm)
    return True


def _length(algorithm: Any, digest: bytes) -> int:
    return getattr(algorithm, "digest_size", None) or len(digest)


def _rsa_how(
    key: Key, message: bytes, options: Options, *, verifying: bool = False
) -> tuple[bytes, Any, Any]:
    """Digest, padding and hash, as the library wants them. Raises ``Fault``."""
    chosen = HASHES[options.hash]
    digest = message if options.prehashed else hashed(message, options.hash)
    if options.scheme == "pkcs1v15":
        return digest, padding.PKCS1v15(), _no_info() if chosen is None else utils.Prehashed(chosen)
    if options.scheme not in ("", "pss"):
        raise strange(f"unsupported rsa signature algorithm {options.scheme}")
    if chosen is None:
        raise strange("unsupported hash algorithm")
    most = (key.kind.bits + 6) // 8 - 2 - chosen.digest_size
    if not LIKE_HASH <= options.salt <= most:
        raise Fault(f"requested salt length {options.salt} is invalid")
    salt: Any = options.salt
    if salt == AUTO:
        salt = padding.PSS.AUTO if verifying else padding.PSS.MAX_LENGTH
    elif salt == LIKE_HASH:
        salt = padding.PSS.DIGEST_LENGTH
    return digest, padding.PSS(padding.MGF1(chosen), salt), utils.Prehashed(chosen)


def _no_info() -> Any:
    made = getattr(utils, "NoDigestInfo", None)
    if made is None:
        raise Fault("hash_algorithm=none needs a newer release of the cryptographic library")
    return made()
