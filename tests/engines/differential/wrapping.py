"""Key material, and wrapping it as a client of an import does (CKM_RSA_AES_KEY_WRAP)."""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

_SIZES = {"aes128-gcm96": 16, "hmac": 48}
_CURVES = {"ecdsa-p256": ec.SECP256R1(), "ecdsa-p384": ec.SECP384R1(), "ecdsa-p521": ec.SECP521R1()}


class wrapped:
    """Names for the two."""

    @staticmethod
    def private(kind):
        if kind == "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        if kind in _CURVES:
            return ec.generate_private_key(_CURVES[kind])
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa-")))

    @classmethod
    def material(cls, kind):
        if kind.startswith(("aes", "chacha", "xchacha", "hmac")):
            return os.urandom(_SIZES.get(kind, 32))
        return cls.private(kind).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @staticmethod
    def wrap(public, content, hash_name="SHA256"):
        algorithm = getattr(hashes, hash_name.upper())()
        passing = os.urandom(32)
        outer = serialization.load_pem_public_key(public.encode()).encrypt(
            passing, padding.OAEP(padding.MGF1(algorithm), algorithm, None)
        )
        return base64.b64encode(outer + aes_key_wrap_with_padding(passing, content)).decode()
