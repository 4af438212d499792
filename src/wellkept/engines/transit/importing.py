"""``wrapping_key``, ``keys/NAME/import`` and ``/import_version``: keys that were made elsewhere.

A private or symmetric key comes wrapped (PKCS#11's CKM_RSA_AES_KEY_WRAP): an AES-256 key under RSA-OAEP with the
mount's wrapping key, and behind it the key, wrapped under that one (RFC 5649).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ...core.form import bad, base64s, unforeseen
from ...core.request import Response
from .faults import SOFT_DELETED, Fault, strange
from .key import Key, Version, load, save
from .keywrap import HASHES, unwrap
from .kinds import KINDS
from .material import check, parse, pem_public, private_key, public_bytes, read_private
from .named import check_period

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.view import View
    from .kinds import Kind

_WRAPPING = "import/wrapping-key"
_WRAPPING_KIND = KINDS["rsa-4096"]


def wrapping_key(call: Call) -> Response:
    """The mount's own, made when it is first asked for."""
    return Response({"public_key": pem_public(_wrapping(call.view, call.now))})


def _wrapping(view: View, now: float) -> Version:
    entry = view.get(_WRAPPING)
    if entry is not None:
        return Key.decode(entry.value).versions[1]
    key = Key("wrapping-key", _WRAPPING_KIND)
    private = rsa.generate_private_key(65537, _WRAPPING_KIND.bits)
    content = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.append(Version(now, content, public_bytes(private.public_key())))
    view.put(_WRAPPING, key.encode())
    return key.versions[1]


def new(call: Call) -> None:
    """A new key of imported material."""
    data = call.data
    if "convergent_encryption" in data.raw:
        raise unforeseen("import cannot be used on keys with convergent encryption enabled")
    if data["auto_rotate_period"] > 0 and not data["allow_rotation"]:
        raise unforeseen("allow_rotation must be set to true if auto-rotation is enabled")
    check_period(data["auto_rotate_period"])
    kind = KINDS.get(data["type"].lower())
    if kind is None:
        raise bad(f"unknown key type: {data['type']}")
    if load(call.view, data["name"]) is not None:
        raise unforeseen(
            "the import path cannot be used with an existing key; use import-version to rotate an existing "
            "imported key"
        )
    key = Key(
        data["name"],
        kind,
        derived=data["derived"],
        exportable=data["exportable"],
        plaintext_backup=data["allow_plaintext_backup"],
        rotate_every=data["auto_rotate_period"],
        imported=True,
        import_rotates=data["allow_rotation"],
    )
    if key.derived and not kind.derives:
        raise unforeseen(
            f"key derivation and convergent encryption not supported for keys of type {kind.name}"
        )
    content, private = _given(call, kind)
    key.append(_parsed(key, content, call.now, private=private))
    save(call.view, key)


def add(view: View, name: str, kind: Kind, content: bytes, now: float) -> None:
    """A symmetric key of this content as a new key, or a new version of the one that is there."""
    key = load(view, name) or Key(name, kind, imported=True)
    if key.soft_deleted:
        raise unforeseen(SOFT_DELETED)
    if key.kind is not kind:
        raise bad(f"error importing key: {name} is of type {key.kind.name}")
    key.append(_parsed(key, content, now, private=True))
    save(view, key)


def _parsed(key: Key, content: bytes, now: float, *, private: bool) -> Version:
    fault: Fault | None = None
    try:
        return parse(key, content, now, private=private)
    except Fault as error:
        fault = error
    raise unforeseen(f"error importing key: {fault.text}")


def version(call: Call) -> None:
    """Another version of an imported key, or the private part of one that has only the public."""
    data = call.data
    key = load(call.view, data["name"])
    if key is None:
        raise unforeseen(
            f"no key found with name {data['name']}; to import a new key, use the import/ endpoint"
        )
    if not key.imported:
        raise unforeseen("the import_version endpoint can only be used with an imported key")
    if key.soft_deleted:
        raise unforeseen(SOFT_DELETED)
    content, private = _given(call, key.kind)
    fault: Fault | None = None
    try:
        if "version" in data:
            _complete(key, data["version"], content, private=private)
        elif not (private and _completes(key, content)):
            key.append(parse(key, content, call.now, private=private))
    except Fault as error:
        fault = error
    if fault is not None:
        raise unforeseen(fault.text)
    save(call.view, key)


def _completes(key: Key, content: bytes) -> bool:
    """Whether ``content`` was the private part that the latest version wanted."""
    if key.versions[key.latest].secret:
        return False
    try:
        _complete(key, key.latest, content, private=True)
    except Fault:
        return False
    return True


def _complete(key: Key, number: int, content: bytes, *, private: bool) -> None:
    version = key.version(number)
    if not key.kind.signs:
        raise strange("provided type does not support importing key versions")
    if version.secret:
        raise strange("private key imported, key version cannot be updated")
    if not private:
        raise strange("cannot add a public key to a key version that already has a public key set")
    parsed = read_private(content)
    check(key.kind, parsed)
    if public_bytes(parsed.public_key()) != version.public:
        raise strange("cannot import key, key pair does not match")
    if key.kind.ed25519:
        version.secret = parsed.private_bytes_raw() + version.public
    else:
        version.secret = parsed.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def _given(call: Call, kind: Kind) -> tuple[bytes, bool]:
    """The content, and whether it is private. Raises ``Refusal``."""
    data = call.data
    if "ciphertext" not in data.raw:
        if not kind.signs:
            raise unforeseen("provided type does not support public_key import")
        return data["public_key"].encode(), False
    algorithm = HASHES.get(data["hash_function"].upper())
    if algorithm is None:
        raise bad(f"unknown hash function: {data['hash_function']}")
    problem = ""
    content = b""
    try:
        content = base64s.decode(data["ciphertext"])
    except base64s.NotBase64 as error:
        problem = str(error)
    if problem:
        raise unforeseen(problem)
    wrapping = private_key(_wrapping(call.view, call.now), _WRAPPING_KIND)
    return unwrap(wrapping, content, algorithm()), True
