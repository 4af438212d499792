"""New secrets, made from the operating system's randomness: passwords, tokens, UUIDs and key pairs.

Lengths and sizes below what is safe today are refused, not rounded up. Key pairs come as PEM: PKCS#8 for the
private half, SubjectPublicKeyInfo for the public one.
"""

from __future__ import annotations

import base64 as b64
import secrets
import string
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

SYMBOLS = "!#%*+,-./:=?@^_~"
"""Left out are quotes, backslash, dollar, ampersand, brackets and blanks: a shell or URL would need care."""

AMBIGUOUS = "0O1lI|5S2Z8B"
CURVES = ("p256", "p384", "p521")
RSA_BITS = (2048, 3072, 4096)
MAX_LENGTH = 4096


class KeyPair(NamedTuple):
    """Both halves as PEM text."""

    private: str
    public: str


def password(
    length: int = 32, *, symbols: bool = False, unambiguous: bool = False, alphabet: str = ""
) -> str:
    """A password of ``length`` characters: letters and digits, ``symbols`` on request, or your ``alphabet``.

    Of letters in both cases, digits and (if wanted) symbols each occurs at least once. Whole passwords are
    drawn until one does so: putting the missing kind in by force would make some passwords likelier.
    """
    _within(length, 8, MAX_LENGTH, "characters of a password")
    if alphabet:
        chars, groups = _own_alphabet(alphabet), []
    else:
        groups = [
            string.ascii_lowercase,
            string.ascii_uppercase,
            string.digits,
            *([SYMBOLS] if symbols else []),
        ]
        if unambiguous:
            groups = [_without(group, AMBIGUOUS) for group in groups]
        chars = "".join(groups)
    while True:
        drawn = "".join(secrets.choice(chars) for _ in range(length))
        if all(any(char in group for char in drawn) for group in groups):
            return drawn


def hexadecimal(size: int = 32) -> str:
    """``size`` random bytes as lower-case hexadecimal."""
    return _random(size).hex()


def base64(size: int = 32, *, url_safe: bool = False) -> str:
    """``size`` random bytes as base64; ``url_safe``: RFC 4648's second alphabet, without padding."""
    if url_safe:
        return b64.urlsafe_b64encode(_random(size)).rstrip(b"=").decode("ascii")
    return b64.b64encode(_random(size)).decode("ascii")


def uuid() -> str:
    """A random UUID, version 4 (122 random bits)."""
    from uuid import uuid4

    return str(uuid4())


def rsa(bits: int = 3072) -> KeyPair:
    """An RSA key pair with the public exponent 65537."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    if bits not in RSA_BITS:
        raise InvalidRequest(f"an RSA key of {bits} bits; choose {', '.join(map(str, RSA_BITS))}")
    return _pair(rsa.generate_private_key(public_exponent=65537, key_size=bits))


def ec(curve: str = "p256") -> KeyPair:
    """A key pair on one of NIST's curves ``p256``, ``p384``, ``p521``."""
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[str, type[ec.EllipticCurve]] = {
        "p256": ec.SECP256R1,
        "p384": ec.SECP384R1,
        "p521": ec.SECP521R1,
    }
    if curve not in curves:
        raise InvalidRequest(f"unknown curve {curve!r}; known are {', '.join(CURVES)}")
    return _pair(ec.generate_private_key(curves[curve]()))


def ed25519() -> KeyPair:
    """An Ed25519 key pair."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _pair(Ed25519PrivateKey.generate())


def _pair(key: PrivateKeyTypes) -> KeyPair:
    from cryptography.hazmat.primitives import serialization as form

    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private.decode("ascii"), public.decode("ascii"))


def _random(size: int) -> bytes:
    _within(size, 16, MAX_LENGTH, "random bytes")
    return secrets.token_bytes(size)


def _own_alphabet(alphabet: str) -> str:
    if len(set(alphabet)) != len(alphabet) or len(alphabet) < 10:
        raise InvalidRequest("an alphabet needs 10 different characters or more, none of them twice")
    return alphabet


def _without(chars: str, unwanted: str) -> str:
    return "".join(char for char in chars if char not in unwanted)


def _within(number: int, least: int, most: int, what: str) -> None:
    if not least <= number <= most:
        raise InvalidRequest(f"{number} {what}: at least {least}, at most {most}")
