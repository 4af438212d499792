"""OpenBao's own form of a key, as its backups have it: Go's JSON of numbers, times and RSA keys.

Source: the ``keysutil`` package of OpenBao's SDK (``Policy``, ``KeyEntry``), by the names in its backups.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ...core.form.route import LABEL
from ...core.form.times import moment
from .key import Key, Version
from .kinds import NUMBERED, Kind
from .material import CURVES, check, of_private, pem_public, private_key, public_bytes, public_key

_NANO = 10**9
_NEVER = "0001-01-01T00:00:00Z"
_NAME = re.compile(LABEL, re.ASCII)
_MOST_VERSIONS = 100_000


def is_name(name: Any) -> bool:
    """Whether a key may be called this."""
    return isinstance(name, str) and len(name) <= 255 and _NAME.fullmatch(name) is not None


def pack(key: Key) -> dict[str, Any]:
    """A key as OpenBao backs it up."""
    present = {str(number): _pack_version(key.kind, each) for number, each in key.present.items()}
    first = key.min_available
    archive = [
        _pack_version(key.kind, key.versions[number]) if number in key.versions else _EMPTY
        for number in range(first, key.latest + 1)
    ]
    policy = {
        "name": key.name,
        "keys": present,
        "derived": key.derived,
        "kdf": 1 if key.derived and not key.old_kdf else 0,
        "convergent_encryption": key.convergent,
        "exportable": key.exportable,
        "min_decryption_version": key.min_decryption,
        "min_encryption_version": key.min_encryption,
        "latest_version": key.latest,
        "archive_version": key.latest,
        "archive_min_version": first,
        "min_available_version": first,
        "deletion_allowed": key.deletion_allowed,
        "convergent_version": -1 if key.convergent else 0,
        "type": key.kind.number,
        "backup_info": _pack_info(key.backup_info),
        "restore_info": _pack_info(key.restore_info),
        "allow_plaintext_backup": key.plaintext_backup,
        "version_template": "",
        "storage_prefix": "",
        "auto_rotate_period": key.rotate_every * _NANO,
        "Imported": key.imported,
        "AllowImportedKeyRotation": key.import_rotates,
        "soft_deleted": key.soft_deleted,
    }
    if key.size:
        policy["key_size"] = key.size
    return {"policy": policy, "archived_keys": {"keys": archive}}


def _pack_info(info: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if info is None else {"time": moment(info["time"]), "version": info["version"]}


_EMPTY: dict[str, Any] = {
    "key": None, "hmac_key": None, "time": _NEVER, "ec_x": None, "ec_y": None, "ec_d": None, "rsa_key": None,
    "rsa_public_key": None, "public_key": "", "convergent_version": 0, "creation_time": 0, "certificate_chain": None,
    "external_key_ref": "",
}  # fmt: skip


def _pack_version(kind: Kind, version: Version) -> dict[str, Any]:
    packed = {
        **_EMPTY,
        "hmac_key": b64encode(version.hmac).decode(),
        "time": moment(version.created),
        "creation_time": int(version.created),
        "convergent_version": version.convergent,
    }
    if version.certificates:
        packed["certificate_chain"] = [b64encode(each).decode() for each in version.certificates]
    if kind.aead or kind.hmac or kind.ed25519:
        packed["key"] = b64encode(version.secret).decode() if version.secret else None
        if kind.ed25519:
            packed["public_key"] = b64encode(version.public).decode()
    elif kind.ecdsa:
        point = public_key(version, kind).public_numbers()
        packed |= {"ec_x": point.x, "ec_y": point.y, "public_key": pem_public(version)}
        if version.secret:
            packed["ec_d"] = private_key(version, kind).private_numbers().private_value
    else:
        numbers = public_key(version, kind).public_numbers()
        packed["rsa_public_key"] = {"N": numbers.n, "E": numbers.e}
        if version.secret:
            packed["rsa_key"] = _pack_rsa(private_key(version, kind).private_numbers())
    return packed


def _pack_rsa(numbers: rsa.RSAPrivateNumbers) -> dict[str, Any]:
    public = numbers.public_numbers
    return {
        "N": public.n,
        "E": public.e,
        "D": numbers.d,
        "Primes": [numbers.p, numbers.q],
        "Precomputed": {"Dp": numbers.dmp1, "Dq": numbers.dmq1, "Qinv": numbers.iqmp, "CRTValues": []},
    }


def unpack(document: Any) -> Key:
    """A key from a backup. Raises ``ValueError`` and its kin for what is none."""
    policy = document["policy"]
    kind = NUMBERED[_whole(policy["type"])]
    latest, first = _whole(policy["latest_version"]), _whole(policy.get("min_available_version", 0))
    if not 1 <= latest <= _MOST_VERSIONS or not 0 <= first <= latest:
        raise ValueError("versions out of bounds")
    key = Key(
        policy["name"],
        kind,
        derived=policy.get("derived") is True,
        convergent=policy.get("convergent_encryption") is True,
        old_kdf=policy.get("derived") is True and policy.get("kdf", 0) == 0,
        exportable=policy.get("exportable") is True,
        deletion_allowed=policy.get("deletion_allowed") is True,
        plaintext_backup=policy.get("allow_plaintext_backup") is True,
        rotate_every=_whole(policy.get("auto_rotate_period", 0)) // _NANO,
        size=_whole(policy.get("key_size", 0)),
        min_decryption=max(1, _whole(policy.get("min_decryption_version", 1))),
        min_encryption=_whole(policy.get("min_encryption_version", 0)),
        min_available=first,
        latest=latest,
        imported=policy.get("Imported") is True,
        import_rotates=policy.get("AllowImportedKeyRotation") is True,
        soft_deleted=policy.get("soft_deleted") is True,
        backup_info=_unpack_info(policy.get("backup_info")),
    )
    if policy.get("version_template"):
        raise ValueError("another form of ciphertexts")
    if (key.derived and not kind.derives) or (key.convergent and not (key.derived and kind.aead)):
        raise ValueError("settings that its kind cannot have")
    if not key.min_decryption <= latest or not 0 <= key.min_encryption <= latest:
        raise ValueError("settings out of bounds")
    archive = (document.get("archived_keys") or {}).get("keys") or []
    for offset, packed in enumerate(archive):
        if first + offset > 0 and packed != _EMPTY and not _is_blank(packed):
            key.versions[first + offset] = _unpack_version(kind, packed, key)
    for number, packed in policy["keys"].items():
        key.versions[int(number)] = _unpack_version(kind, packed, key)
    key.versions = {number: key.versions[number] for number in sorted(key.versions) if 1 <= number <= latest}
    if latest not in key.versions:
        raise ValueError("the latest version is missing")
    return key


def _is_blank(packed: Any) -> bool:
    return not packed["hmac_key"] and not packed["key"]


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**62:
        raise TypeError("not a number")
    return value


def _unpack_info(info: Any) -> dict[str, Any] | None:
    return None if info is None else {"time": _seconds(info["time"]), "version": _whole(info["version"])}


def _seconds(text: str) -> float:
    head, _, rest = text.partition(".")
    digits = re.match(r"\d*", rest)
    fraction = digits.group() if digits else ""
    zone = rest[len(fraction) :] if rest else ""
    if not rest:
        head, zone = (head[:-1], "Z") if head.endswith("Z") else (head, "")
    whole = datetime.fromisoformat(head + ("+00:00" if zone in ("", "Z") else zone)).timestamp()
    return whole + (int(fraction[:6].ljust(6, "0")) / 1e6 if fraction else 0)


def _unpack_version(kind: Kind, packed: Any, key: Key) -> Version:
    created = _seconds(packed["time"])
    hmac = b64decode(packed["hmac_key"] or "")
    version = _unpack_material(kind, packed, created, hmac)
    # Keys of before it stood in each version are of a scheme that is not used any more.
    version.convergent = _whole(packed.get("convergent_version", 0)) or int(key.convergent)
    chain = packed.get("certificate_chain")
    version.certificates = tuple(b64decode(each, validate=True) for each in chain or ())
    return version


def _unpack_material(kind: Kind, packed: Any, created: float, hmac: bytes) -> Version:
    if kind.aead or kind.hmac:
        secret = b64decode(packed["key"], validate=True)
        if (kind.aead and len(secret) != kind.size) or not secret:
            raise ValueError("a key of the wrong size")
        return Version(created, secret, hmac=secret if kind.hmac else hmac)
    if kind.ed25519:
        secret = b64decode(packed["key"] or "", validate=True)
        if secret:
            private = ed25519.Ed25519PrivateKey.from_private_bytes(secret[:32])
            return of_private(private, created, hmac)
        public = b64decode(packed["public_key"], validate=True)
        ed25519.Ed25519PublicKey.from_public_bytes(public)
        return Version(created, b"", public, hmac)
    parsed = _ecdsa(kind, packed) if kind.ecdsa else _rsa(packed)
    check(kind, parsed)
    if isinstance(parsed, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        return Version(created, b"", public_bytes(parsed), hmac)
    return of_private(parsed, created, hmac)


def _ecdsa(kind: Kind, packed: Any) -> Any:
    public = ec.EllipticCurvePublicNumbers(_big(packed["ec_x"]), _big(packed["ec_y"]), CURVES[kind.curve])
    if packed["ec_d"] is None:
        return public.public_key()
    return ec.EllipticCurvePrivateNumbers(_big(packed["ec_d"]), public).private_key()


def _rsa(packed: Any) -> Any:
    private = packed["rsa_key"]
    shown = private or packed["rsa_public_key"]
    public = rsa.RSAPublicNumbers(_whole(shown["E"]), _big(shown["N"]))
    if private is None:
        return public.public_key()
    first, second = (_big(each) for each in private["Primes"])
    d = _big(private["D"])
    return rsa.RSAPrivateNumbers(
        first,
        second,
        d,
        rsa.rsa_crt_dmp1(d, first),
        rsa.rsa_crt_dmq1(d, second),
        rsa.rsa_crt_iqmp(first, second),
        public,
    ).private_key()


def _big(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > 4096:
        raise TypeError("not a number")
    return value
