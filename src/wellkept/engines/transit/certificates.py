"""``keys/NAME/csr`` and ``/set-certificate``: certificates for keys that sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ...core.form import bad, unforeseen
from ...core.request import Response
from .batches import existing
from .faults import SOFT_DELETED, Fault
from .key import load, save
from .material import private_key, public_bytes
from .named import describe

if TYPE_CHECKING:
    from ...core.form import Call
    from .key import Key, Ring, Version

_CURVE_HASHES: dict[str, hashes.SHA384 | hashes.SHA512] = {"P-384": hashes.SHA384(), "P-521": hashes.SHA512()}


def request(call: Call, ring: Ring) -> Response:
    """A certificate request for a version, with what the template says, if there is one."""
    data = call.data
    key = existing(call, ring, missing=f"key with provided name '{data['name']}' not found")
    if key.soft_deleted:
        raise bad(SOFT_DELETED)
    version = _version(call, key)
    template = _template(data["csr"])
    if not version.secret:
        raise bad("could not create the csr: private key not imported for key version selected")
    builder = x509.CertificateSigningRequestBuilder(
        x509.Name([]) if template is None else template.subject,
        [] if template is None else [*template.extensions],
    )
    private = private_key(version, key.kind)
    algorithm = None if key.kind.ed25519 else _CURVE_HASHES.get(key.kind.curve) or hashes.SHA256()
    made = builder.sign(private, algorithm)
    text = made.public_bytes(serialization.Encoding.PEM).decode()
    return Response({"name": key.name, "type": key.kind.name, "csr": text})


def _version(call: Call, key: Key) -> Version:
    number = key.latest
    if "version" in call.data:
        number = call.data["version"]
    if not key.kind.signs:
        raise bad(f"key type '{key.kind.name}' does not support signing")
    if key.derived:
        raise bad("operation not supported for keys with derivation enabled")
    fault: Fault | None = None
    try:
        return key.version(number)
    except Fault as error:
        fault = error
    raise bad(f"could not create the csr: {fault.text}")


def _template(text: str) -> x509.CertificateSigningRequest | None:
    if not text:
        return None
    if "-----BEGIN " not in text:
        raise bad("could not decode PEM CSR")
    try:
        template = x509.load_pem_x509_csr(text.encode())
        _ = template.extensions, template.subject
    except (ValueError, x509.UnsupportedGeneralNameType, x509.DuplicateExtension):
        template = None
    if template is None:
        raise bad("the CSR template cannot be read")
    return template


def set_chain(call: Call) -> Response:
    """Keep a chain, leaf first, with the version whose key the leaf is for."""
    data = call.data
    key = load(call.view, data["name"])
    if key is None:
        raise bad(f"key with provided name '{data['name']}' not found")
    if key.soft_deleted:
        raise bad(SOFT_DELETED)
    if not key.kind.signs:
        raise bad(f"key type '{key.kind.name}' does not support signing")
    if key.derived:
        raise bad("operation not supported for keys with derivation enabled")
    chain = _chain(data["certificate_chain"])
    _check_order(chain)
    version = _version(call, key)
    leaf: Any = chain[0].public_key()
    if not isinstance(leaf, _family(key)):
        raise bad("provided leaf certificate public key algorithm does not match the transit key type")
    if public_bytes(leaf) != version.public:
        raise unforeseen("leaf certificate public key does not match the selected key version")
    version.certificates = tuple(each.public_bytes(serialization.Encoding.DER) for each in chain)
    save(call.view, key)
    return Response(describe(key))


def _family(key: Key) -> type:
    if key.kind.ed25519:
        return ed25519.Ed25519PublicKey
    return rsa.RSAPublicKey if key.kind.rsa else ec.EllipticCurvePublicKey


def _chain(text: str) -> list[x509.Certificate]:
    if "-----BEGIN " not in text:
        raise bad("could not parse PEM certificate chain")
    found: list[x509.Certificate] = []
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        pass  # told outside
    if not found:
        raise bad("could not parse PEM certificate chain")
    return found


def _check_order(chain: list[x509.Certificate]) -> None:
    if _is_authority(chain[0]):
        raise bad("certificate in the first element is not a valid leaf certificate")
    if len(chain) > 1 and not _is_authority(chain[-1]):
        raise bad("certificate in the last element is not a valid CA certificate")
    if any(not _is_authority(each) for each in chain[1:-1]):
        raise bad("could not validate if there is only one leaf certificate in the provided chain")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False
