"""``sign/`` and ``verify/``: one message, or a batch of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.form import bad, base64s
from ...core.form.duration import quoted
from ...core.request import Response
from . import macs
from .batches import existing
from .faults import Fault, of_each, strange
from .items import texts_of
from .signing import AUTO, HASHES, LIKE_HASH, Options
from .signing import sign as make_signature
from .signing import verify as check_signature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.form import Call, Data
    from .key import Key, Ring

_NONE = "hash_algorithm=none requires both prehashed=true and signature_algorithm=pkcs1v15"


def sign(call: Call, ring: Ring) -> Response:
    data = call.data
    options = _options(data)
    key = existing(call, ring, missing="signing key not found")
    if not key.kind.signs:
        raise bad(f"key type {key.kind.name} does not support signing")
    _check_hash(options, key)
    batch = texts_of(data, "Sign")
    items = batch or [{"input": data["input"], "context": data["context"]}]

    def one(item: Mapping[str, str]) -> dict[str, Any]:
        message, context = _input(item), _context(item)
        text, public = _signed(key, message, options, data["key_version"], context)
        shown = {"publickey": base64s.encode(public)} if public else {}
        return {"signature": text, "key_version": data["key_version"] or key.latest, **shown}

    results = of_each(items, one, batch=batch is not None, blank={"key_version": 0})
    if batch is not None:
        return Response({"batch_results": results})
    result = results[0]
    del result["reference"]
    if "publickey" in result:
        result["public_key"] = result.pop("publickey")
    return Response(result)


def _signed(key: Key, message: bytes, options: Options, number: int, context: bytes) -> tuple[str, bytes]:
    """As ``signing.sign``; what goes wrong there is a fault that OpenBao does not foresee."""
    fault: Fault | None = None
    try:
        return make_signature(key, message, options, number=number, context=context)
    except Fault as error:
        fault = error
    raise strange(fault.text)


def verify(call: Call, ring: Ring) -> Response:
    """Signatures, or HMACs where those were given."""
    data = call.data
    batch = texts_of(data, "Verify")
    if _are_hmacs(data, batch):
        return macs.verify(call, ring, batch)
    options = _options(data)
    key = existing(call, ring, missing="signature verification key not found")
    if not key.kind.signs:
        raise bad(f"key type {key.kind.name} does not support verification")
    _check_hash(options, key)
    items = batch or [{name: data[name] for name in ("input", "signature", "context")}]

    def one(item: Mapping[str, str]) -> dict[str, Any]:
        return {"valid": _verified(key, item, options)}

    results = of_each(items, one, batch=batch is not None, blank={"valid": False})
    if batch is not None:
        return Response({"batch_results": results})
    return Response({"valid": results[0]["valid"]})


def _verified(key: Key, item: Mapping[str, str], options: Options) -> bool:
    message = _input(item)
    if "signature" not in item:
        raise Fault("missing signature")
    return check_signature(key, message, item["signature"], options, context=_context(item))


def _are_hmacs(data: Data, batch: list[Mapping[str, str]] | None) -> bool:
    if batch is None:
        if "signature" in data:
            return False
        if "hmac" not in data:
            raise bad("neither a 'signature' nor an 'hmac' were given to verify")
        return True
    kinds = {"signature" if "signature" in item else "hmac" if "hmac" in item else "" for item in batch}
    if {"signature", "hmac"} <= kinds:
        raise bad("elements of batch_input must all provide 'signature' or all provide 'hmac'")
    if kinds == {""}:
        raise bad("no batch_input elements have 'signature' or 'hmac'")
    if "" in kinds:
        raise bad(f"some elements of batch_input are missing '{(kinds - {''}).pop()}'")
    return kinds == {"hmac"}


def _options(data: Data) -> Options:
    name = data["urlalgorithm"] or data["hash_algorithm"] or data["algorithm"] or "sha2-256"
    if "hash_algorithm" not in data and not data["urlalgorithm"]:
        name = data["algorithm"] or "sha2-256"
    marshaling = data["marshaling_algorithm"]
    if marshaling not in ("asn1", "jws"):
        raise bad(f"invalid marshaling type {quoted(marshaling)}")
    return Options(name, marshaling, _salt(data), data["signature_algorithm"], data["prehashed"])


def _salt(data: Data) -> int:
    given = data["salt_length"]
    known = {"auto": AUTO, "hash": LIKE_HASH}.get(given.lower())
    if known is not None:
        return known
    digits = given[1:] if given[:1] in ("+", "-") else given
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 9:
        raise bad(f"salt length neither 'auto', 'hash', nor an int: {given}")
    if int(given) < LIKE_HASH:
        raise bad(f"salt length is invalid: {int(given)}")
    return int(given)


def _check_hash(options: Options, key: Key) -> None:
    if options.hash not in HASHES:
        raise bad(f"invalid hash algorithm {quoted(options.hash)}")
    raw = options.prehashed and options.scheme == "pkcs1v15"
    if options.hash == "none" and key.kind.hashes_input and not raw:
        raise bad(_NONE)


def _input(item: Mapping[str, str]) -> bytes:
    if "input" not in item:
        raise Fault("missing input")
    problem = ""
    try:
        return base64s.decode(item["input"])
    except base64s.NotBase64 as error:
        problem = str(error)
    raise Fault(f"unable to decode input as base64: {problem}")


def _context(item: Mapping[str, str]) -> bytes:
    try:
        return base64s.decode(item.get("context", ""))
    except base64s.NotBase64:
        pass  # told outside
    raise Fault("failed to base64-decode context")
