"""``derive-key/NAME``: a key that two parties agree on (ECDH): one's private key here, the other's public one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ...core.form import bad, unforeseen
from .faults import SOFT_DELETED, Fault
from .importing import add
from .key import load
from .kinds import KINDS
from .material import CURVES, private_key

if TYPE_CHECKING:
    from ...core.form import Call
    from .key import Key


def derive(call: Call) -> None:
    """The shared secret, through HKDF over SHA-256, becomes a symmetric key, or a version of one that is there."""
    data = call.data
    if data["key_derivation_algorithm"] != "ecdh":
        raise bad(f"key derivation algorithm {data['key_derivation_algorithm']} not supported")
    if not data["peer_public_key"]:
        raise bad("peer public key not provided")
    kind = KINDS.get(data["derived_key_type"].lower())
    if kind is None or not kind.aead:
        raise bad(f"unknown key type {data['derived_key_type']}")
    if not data["base_key_name"]:
        raise unforeseen("cannot load policy with relative name")
    base = load(call.view, data["base_key_name"])
    if base is None:
        raise bad("specified base key not found")
    if not base.kind.ecdsa:
        raise bad(f"base key type {base.kind.name} does not support key agreement")
    shared = _shared(base, data["base_key_version"], data["peer_public_key"])
    add(call.view, data["name"], kind, HKDF(SHA256(), kind.size, None, b"").derive(shared), call.now)


def _shared(base: Key, number: int, pem: str) -> bytes:
    if base.soft_deleted:
        raise unforeseen(SOFT_DELETED)
    if number < 0:
        raise unforeseen("requested version of the base key is negative")
    if number > base.latest:
        raise unforeseen("requested version of the base key is higher than the latest key version")
    fault: Fault | None = None
    try:
        version = base.version(number or base.latest)
        private = private_key(version, base.kind)
    except Fault as error:
        fault = error
    if fault is not None:
        raise unforeseen(fault.text)
    peer = None
    try:
        peer = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass  # told outside
    if peer is None:
        raise unforeseen(
            "failed to parse supplied peer public key PEM: data does not contain any valid public keys "
        )
    if not isinstance(peer, ec.EllipticCurvePublicKey):
        raise unforeseen("supplied peer public key is not an ECDSA key")
    if peer.curve.name != CURVES[base.kind.curve].name:
        raise unforeseen(f"base private key type {base.kind.name} does not match peer public key curve")
    shared: bytes = private.exchange(ec.ECDH(), peer)
    return shared
