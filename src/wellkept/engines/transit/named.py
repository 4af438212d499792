"""``keys/NAME``: making, showing, listing and deleting keys."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ...core.form import bad, base64s, unforeseen
from ...core.form.times import moment
from ...core.request import Response
from .derive import derived as derive
from .faults import of_the_request
from .key import FOLDER, Key, load, remove, save
from .kinds import KINDS, LEAST_HMAC, MOST_HMAC
from .material import generate, pem_public

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.view import View
    from .key import Ring, Version

HOUR = 3600


def create(call: Call) -> Response:
    """A new key; one that is there already is shown as it is."""
    data = call.data
    check_period(data["auto_rotate_period"])
    if data["convergent_encryption"] and not data["derived"]:
        raise bad("convergent encryption requires derivation to be enabled")
    kind = KINDS.get(data["type"])
    if kind is None:
        raise bad(f"unknown key type {data['type']}")
    if data["external_key_ref"]:
        raise bad("must provide type=external-key to use external_key_ref")
    if data["key_size"]:
        if not kind.hmac:
            raise bad(f"key_size is not valid for algorithm {kind.name}")
        if not LEAST_HMAC <= data["key_size"] <= MOST_HMAC:
            raise bad(f"invalid key_size {data['key_size']}")
    key = load(call.view, data["name"])
    if key is None:
        key = Key(
            data["name"],
            kind,
            derived=data["derived"],
            convergent=data["convergent_encryption"],
            exportable=data["exportable"],
            plaintext_backup=data["allow_plaintext_backup"],
            rotate_every=data["auto_rotate_period"],
            size=data["key_size"],
        )
        make(call.view, key, call.now)
    return Response(describe(key))


def make(view: View, key: Key, now: float) -> None:
    """Give a new key its first version and store it. Raises ``Refusal``.

    A kind that cannot be derived from is refused before anything is made (CVE-2026-55776 was a crash here).
    """
    if (key.derived or key.convergent) and not key.kind.derives:
        raise unforeseen(
            f"key derivation and convergent encryption not supported for keys of type {key.kind.name}"
        )
    if key.convergent and not key.kind.aead:
        raise unforeseen(f"convergent encryption not supported for keys of type {key.kind.name}")
    of_the_request(lambda: key.append(generate(key, now)))
    save(view, key)


def check_period(seconds: int) -> None:
    if seconds and seconds < HOUR:
        raise bad("auto rotate period must be 0 to disable or at least an hour")


def read(call: Call, ring: Ring) -> Response | None:
    key = ring.get(call.view, call.data["name"])
    if key is None:
        return None
    context: bytes | None = b""
    try:
        context = base64s.decode(call.data["context"])
    except base64s.NotBase64:
        context = None
    if context is None:
        raise bad("failed to base64-decode context")
    return Response(describe(key, context))


def listing(call: Call) -> Response | None:
    limit = call.data["limit"]
    names = call.view.list(FOLDER, after=call.data["after"], limit=limit if limit > 0 else None)
    return Response({"keys": names}) if names else None


def delete(call: Call) -> None:
    name = call.data["name"]
    key = load(call.view, name)
    if key is None:
        raise bad(f"error deleting policy {name}: could not delete key; not found")
    if not key.deletion_allowed:
        raise bad(f"error deleting policy {name}: deletion is not allowed for this key")
    remove(call.view, name)


def soft_delete(call: Call) -> Response | None:
    return _mark(call, True, "key was already marked as soft deleted")


def soft_restore(call: Call) -> Response | None:
    return _mark(call, False, "key was already restored")


def _mark(call: Call, gone: bool, already: str) -> Response | None:
    key = load(call.view, call.data["name"])
    if key is None:
        return None
    same = key.soft_deleted == gone
    key.soft_deleted = gone
    save(call.view, key)
    return Response(describe(key), warnings=(already,) if same else ())


def describe(key: Key, context: bytes = b"") -> dict[str, Any]:
    """A key without its secrets. With a ``context``, a derived Ed25519 key's public key for it."""
    kind = key.kind
    shown: dict[str, Any] = {
        "name": key.name,
        "type": kind.name,
        "derived": key.derived,
        "deletion_allowed": key.deletion_allowed,
        "min_available_version": key.min_available,
        "min_decryption_version": key.min_decryption,
        "min_encryption_version": key.min_encryption,
        "latest_version": key.latest,
        "exportable": key.exportable,
        "allow_plaintext_backup": key.plaintext_backup,
        "supports_encryption": kind.encrypts,
        "supports_decryption": kind.encrypts,
        "supports_signing": kind.signs,
        "supports_derivation": kind.derives,
        "auto_rotate_period": key.rotate_every,
        "imported_key": key.imported,
        "soft_deleted": key.soft_deleted,
    }
    if key.size:
        shown["key_size"] = key.size
    if key.imported:
        shown["imported_key_allow_rotation"] = key.import_rotates
    for name in ("backup_info", "restore_info"):
        info = getattr(key, name)
        if info is not None:
            shown[name] = {"time": moment(info["time"]), "version": info["version"]}
    if key.derived:
        shown["kdf"] = "hmac-sha256-counter" if key.old_kdf else "hkdf_sha256"
        if key.old_kdf:
            shown["kdf_mode"] = shown["kdf"]
        shown["convergent_encryption"] = key.convergent
        if key.convergent:
            shown["convergent_encryption_version"] = -1
    if kind.aead:
        shown["keys"] = {str(number): int(each.created) for number, each in key.present.items()}
    elif kind.signs:
        shown["keys"] = {
            str(number): _asymmetric(key, number, each, context) for number, each in key.present.items()
        }
    return shown


def _asymmetric(key: Key, number: int, version: Version, context: bytes) -> dict[str, Any]:
    if not key.kind.ed25519:
        public = pem_public(version)
    elif not key.derived:
        public = b64encode(version.public).decode()
    elif not context:
        public = ""
    else:
        seed = derive(key, number, context, 32)
        public = b64encode(
            Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        ).decode()
    return {
        "certificate_chain": pem_chain(version),
        "creation_time": moment(version.created),
        "name": key.kind.curve or key.kind.name,
        "public_key": public,
    }


def pem_chain(version: Version) -> str:
    """The certificates in PEM, without the last line's end."""
    texts = []
    for content in version.certificates:
        encoded = b64encode(content).decode()
        lines = "\n".join(encoded[start : start + 64] for start in range(0, len(encoded), 64))
        texts.append(f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----")
    return "\n".join(texts)
