"""``export/`` and ``byok-export/``: key material of keys that were made to leave."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization

from ...core.form import bad, unforeseen
from ...core.request import Response
from .faults import SOFT_DELETED, of_the_request
from .keywrap import wrap
from .material import private_key, public_key
from .named import pem_chain

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...core.form import Call
    from .key import Key, Ring, Version

TYPES = ("encryption-key", "signing-key", "hmac-key", "public-key", "certificate-chain")
_FORMATS = ("", "raw", "der", "pem")
_PLAIN = serialization.NoEncryption()
_RAW_ONLY = "unknown format for HMAC key; supported values are `` or `raw`"


def export(call: Call, ring: Ring) -> Response | None:
    data = call.data
    what, form = data["type"], data["format"]
    if what not in TYPES:
        raise bad(f"invalid export type: {what}")
    if form not in _FORMATS:
        raise bad(f"invalid format: {form}")
    key = ring.get(call.view, data["name"])
    if key is None:
        return None
    if not key.exportable and what not in ("public-key", "certificate-chain"):
        raise bad("private key material is not exportable")
    if key.soft_deleted:
        raise unforeseen(SOFT_DELETED)
    if what == "encryption-key" and not key.kind.encrypts:
        raise bad("encryption not supported for the key")
    if what == "signing-key" and not key.kind.signs:
        raise bad("signing not supported for the key")
    if what == "certificate-chain" and not key.kind.signs:
        raise bad("certificate chain not supported for keys that do not support signing")
    return _answer(key, data["version"], lambda version: _shown(key, version, what, form))


def wrapped(call: Call, ring: Ring) -> Response:
    """A key's versions, each wrapped for import elsewhere under an RSA key (usually another mount's wrapping key)."""
    data = call.data
    target = ring.get(call.view, data["destination"])
    if target is None:
        raise unforeseen("no such destination key to export to")
    if target.soft_deleted:
        raise unforeseen(f"for destination key: {SOFT_DELETED}")
    source = ring.get(call.view, data["source"])
    if source is None:
        raise unforeseen("no such source key for export")
    if source.soft_deleted:
        raise unforeseen(f"for source key: {SOFT_DELETED}")
    if not source.exportable:
        raise bad("key is not exportable")
    return _answer(source, data["version"], lambda version: wrap(target, source.kind, version, data["hash"]))


def _answer(key: Key, wanted: str, show: Callable[[Version], str]) -> Response:
    shown = of_the_request(
        lambda: {str(number): show(version) for number, version in _chosen(key, wanted).items()}
    )
    return Response(
        {"name": key.name, "type": key.kind.name, "keys": shown},
        digests={f"keys/{number}": text.encode() for number, text in shown.items()},
    )


def _chosen(key: Key, wanted: str) -> dict[int, Version]:
    if not wanted:
        return key.present
    if wanted == "latest":
        number = key.latest
    else:
        text = wanted.removeprefix("v")
        digits = text[1:] if text[:1] in ("+", "-") else text
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
            raise bad("invalid key version")
        number = int(text)
    if number < key.min_decryption:
        raise bad("version for export is below minimum decryption version")
    if number not in key.versions:
        raise bad("version does not exist or cannot be found")
    return {number: key.versions[number]}


def _shown(key: Key, version: Version, what: str, form: str) -> str:
    kind = key.kind
    if what == "certificate-chain":
        if not version.certificates:
            raise unforeseen("selected key version does not have a certificate chain imported")
        return pem_chain(version)
    if what == "hmac-key" or (what == "encryption-key" and kind.aead):
        if form in ("der", "pem"):
            raise unforeseen(_RAW_ONLY)
        return b64encode(version.hmac if what == "hmac-key" else version.secret).decode()
    if not kind.signs:
        raise unforeseen(f"unknown key type {kind.name} for export type {what}")
    if kind.ed25519:
        return _ed25519(key, version, what, form)
    family = "rsa" if kind.rsa else "ec"
    if form == "raw":
        raise unforeseen(f"unknown key format for {family} key; supported values are ``, `der`, or `pem`")
    if what == "public-key":
        text = _encoded_public(public_key(version, kind), form)
    elif not version.secret:
        return ""
    else:
        text = _encoded_private(private_key(version, kind), form)
    return text if kind.rsa else text.strip()


def _ed25519(key: Key, version: Version, what: str, form: str) -> str:
    content = version.public if what == "public-key" else version.secret
    if form in ("", "raw") or not content:
        return b64encode(content).decode()
    if what == "public-key":
        return _encoded_public(public_key(version, key.kind), form).strip()
    return _encoded_private(private_key(version, key.kind), form).strip()


def _encoded_public(public: Any, form: str) -> str:
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    if form == "der":
        return b64encode(public.public_bytes(serialization.Encoding.DER, info)).decode()
    text: str = public.public_bytes(serialization.Encoding.PEM, info).decode()
    return text


def _encoded_private(private: Any, form: str) -> str:
    if form == "der":
        content = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, _PLAIN)
        return b64encode(content).decode()
    layout = (
        serialization.PrivateFormat.PKCS8 if form == "pem" else serialization.PrivateFormat.TraditionalOpenSSL
    )
    text: str = private.private_bytes(serialization.Encoding.PEM, layout, _PLAIN).decode()
    return text
