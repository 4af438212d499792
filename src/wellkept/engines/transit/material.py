"""Making key material, and reading what others made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .faults import Fault, strange
from .key import Version
from .kinds import LEAST_HMAC, MOST_HMAC

if TYPE_CHECKING:
    from .key import Key
    from .kinds import Kind

CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
_NAMES = {"secp224r1": "P-224", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_DER, _RAW, _PEM = serialization.Encoding.DER, serialization.Encoding.Raw, serialization.Encoding.PEM
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
_PKCS8 = serialization.PrivateFormat.PKCS8
_PLAIN = serialization.NoEncryption()


def generate(key: Key, now: float) -> Version:
    """A fresh version for ``key``. Raises ``Fault``."""
    kind = key.kind
    hmac = os.urandom(32)
    if kind.aead:
        return Version(now, os.urandom(kind.size), hmac=hmac)
    if kind.hmac:
        if not LEAST_HMAC <= key.size <= MOST_HMAC:
            raise strange(
                f"invalid key size for HMAC key, must be between {LEAST_HMAC} and {MOST_HMAC} bytes"
            )
        secret = os.urandom(key.size)
        return Version(now, secret, hmac=secret)
    private: Any
    if kind.ed25519:
        private = ed25519.Ed25519PrivateKey.generate()
    elif kind.rsa:
        private = rsa.generate_private_key(65537, kind.bits)
    else:
        private = ec.generate_private_key(CURVES[kind.curve])
    return of_private(private, now, hmac)


def of_private(private: Any, now: float, hmac: bytes) -> Version:
    """A version of a private key object."""
    public = public_bytes(private.public_key())
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return Version(now, private.private_bytes_raw() + public, public, hmac)
    return Version(now, private.private_bytes(_DER, _PKCS8, _PLAIN), public, hmac)


def public_bytes(public: Any) -> bytes:
    if isinstance(public, ed25519.Ed25519PublicKey):
        return public.public_bytes_raw()
    encoded: bytes = public.public_bytes(_DER, _SPKI)
    return encoded


def private_key(version: Version, kind: Kind) -> Any:
    """The private key object. Raises ``Fault`` where only the public one is known."""
    made = version.made.get("private")
    if made is None:
        if not version.secret:
            raise Fault("requested version for signing does not contain a private part")
        if kind.ed25519:
            made = ed25519.Ed25519PrivateKey.from_private_bytes(version.secret[:32])
        else:
            # It was checked when it came in, and storage is authentic.
            made = serialization.load_der_private_key(
                version.secret, None, unsafe_skip_rsa_key_validation=True
            )
        version.made["private"] = made
    return made


def public_key(version: Version, kind: Kind) -> Any:
    made = version.made.get("public")
    if made is None:
        if kind.ed25519:
            made = ed25519.Ed25519PublicKey.from_public_bytes(version.public)
        else:
            made = serialization.load_der_public_key(version.public)
        version.made["public"] = made
    return made


def parse(key: Key, content: bytes, now: float, *, private: bool) -> Version:
    """A version of imported material: raw bytes or PKCS#8 (``private``), or a public key in PEM. Raises ``Fault``."""
    kind = key.kind
    hmac = os.urandom(32)
    if kind.ed25519 and key.derived and not private:
        raise strange(
            "unable to import only public key for derived Ed25519 key: imported key should not be an Ed25519 key "
            "pair but is instead an HKDF key"
        )
    if kind.aead or kind.hmac:
        fits = len(content) == kind.size if kind.aead else LEAST_HMAC <= len(content) <= MOST_HMAC
        if not fits:
            raise strange(f"invalid key size {len(content)} bytes for key type {kind.name}")
        if kind.hmac:
            key.size = len(content)
        return Version(now, content, hmac=content if kind.hmac else hmac)
    parsed = read_private(content) if private else read_public(content)
    check(kind, parsed)
    if private:
        return of_private(parsed, now, hmac)
    return Version(now, b"", public_bytes(parsed), hmac)


def read_private(content: bytes) -> Any:
    """A PKCS#8 key object. Raises ``Fault``."""
    try:
        return serialization.load_der_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass  # the library's words may quote its input
    raise strange("error parsing asymmetric key: not a PKCS#8 private key of a known kind")


def read_public(content: bytes) -> Any:
    """A public key object from PEM. Raises ``Fault``."""
    if b"-----BEGIN " not in content:
        raise strange("error parsing public key: not in PEM format")
    try:
        return serialization.load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    raise strange("error parsing public key: not a public key of a known kind")


def check(kind: Kind, parsed: Any) -> None:
    """Raises ``Fault`` unless ``parsed`` is a key of this kind."""
    if isinstance(parsed, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)) and kind.ecdsa:
        name = _NAMES.get(parsed.curve.name, parsed.curve.name)
        if name != kind.curve:
            raise strange(f"invalid curve: expected {kind.curve}, got {name}")
        return
    if isinstance(parsed, (rsa.RSAPrivateKey, rsa.RSAPublicKey)) and kind.rsa:
        wanted, size = kind.bits // 8, (parsed.key_size + 7) // 8
        if size != wanted:
            raise strange(f"invalid key size: expected {wanted} bytes, got {size} bytes")
        return
    if isinstance(parsed, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)) and kind.ed25519:
        return
    raise strange(f"invalid key type: expected {kind.name}, got {_go_name(parsed)}")


def _go_name(parsed: Any) -> str:
    known = {
        ec.EllipticCurvePrivateKey: "*ecdsa.PrivateKey",
        ec.EllipticCurvePublicKey: "*ecdsa.PublicKey",
        rsa.RSAPrivateKey: "*rsa.PrivateKey",
        rsa.RSAPublicKey: "*rsa.PublicKey",
        ed25519.Ed25519PrivateKey: "ed25519.PrivateKey",
        ed25519.Ed25519PublicKey: "ed25519.PublicKey",
    }
    return next((name for each, name in known.items() if isinstance(parsed, each)), "another")


def pem_public(version: Version) -> str:
    """An RSA or ECDSA version's public key in PEM, with the last line's end."""
    made = version.made.get("pem")
    if made is None:
        public = serialization.load_der_public_key(version.public)
        made = version.made["pem"] = public.public_bytes(_PEM, _SPKI).decode()
    text: str = made
    return text
