"""``hmac/``, and verifying what it made."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from ...core.form import bad, base64s
from ...core.request import Response
from .batches import existing
from .ciphers import PREFIX
from .faults import SOFT_DELETED, Fault, of_each, of_the_request
from .items import texts_of
from .signing import HASHES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.form import Call, Data
    from .key import Key, Ring

_NAMES = {
    name: algorithm.name.replace("-", "_") for name, algorithm in HASHES.items() if algorithm is not None
}
"""hashlib's names of the hashes."""


def make(call: Call, ring: Ring) -> Response:
    data = call.data
    key = existing(call, ring)
    number = data["key_version"] or key.latest
    if number < 0:
        raise bad("key version does not exist (cannot be negative)")
    if number != key.latest and number < key.min_encryption:
        raise bad("cannot generate HMAC: version is too old (disallowed by policy)")
    secret = _secret(key, number)
    algorithm = _algorithm(data)
    batch = texts_of(data, "HMAC")
    if batch is None and "input" not in data:
        raise bad("missing input for HMAC")

    def one(item: Mapping[str, str]) -> dict[str, Any]:
        message = _decoded(item, "missing input for HMAC")
        return {"hmac": f"{PREFIX}{number}:{base64s.encode(hmac.digest(secret, message, algorithm))}"}

    results = of_each(batch or [{"input": data["input"]}], one, batch=batch is not None, blank={})
    return Response({"batch_results": results} if batch is not None else {"hmac": results[0]["hmac"]})


def verify(call: Call, ring: Ring, batch: list[Mapping[str, str]] | None) -> Response:
    data = call.data
    key = existing(call, ring)
    algorithm = _algorithm(data)

    def one(item: Mapping[str, str]) -> dict[str, Any]:
        valid = _valid(key, item, algorithm)
        return {"valid": valid} if batch is None or valid else {}

    items = batch or [{"input": data["input"], "hmac": data["hmac"]}]
    results = of_each(items, one, batch=batch is not None, blank={})
    return Response({"batch_results": results} if batch is not None else {"valid": results[0]["valid"]})


def _valid(key: Key, item: Mapping[str, str], algorithm: str) -> bool:
    message = _decoded(item, "missing input")
    if "hmac" not in item:
        raise Fault("missing hmac")
    given = item["hmac"]
    if not given.startswith(PREFIX):
        raise Fault("invalid HMAC to verify: no prefix")
    digits, colon, text = given[len(PREFIX) :].partition(":")
    if not colon:
        raise Fault("invalid HMAC: wrong number of fields")
    if not (digits.isascii() and digits.lstrip("+-").isdecimal()) or len(digits) > 18:
        raise Fault("invalid HMAC: version number could not be decoded")
    number, problem = int(digits), ""
    expected = b""
    try:
        expected = base64s.decode(text)
    except base64s.NotBase64 as error:
        problem = str(error)
    if problem:
        raise Fault(f"unable to decode verification HMAC as base64: {problem}")
    if number > key.latest:
        raise Fault("invalid HMAC: version is too new")
    if number < key.min_decryption:
        raise Fault("cannot verify HMAC: version is too old (disallowed by policy)")
    return hmac.compare_digest(hmac.digest(_secret(key, number), message, algorithm), expected)


def _secret(key: Key, number: int) -> bytes:
    """The version's HMAC key. Raises ``Refusal``."""
    if key.soft_deleted:
        raise bad(SOFT_DELETED)
    if number < 0:
        raise bad("key version does not exist (cannot be negative)")
    if number > key.latest:
        raise bad(f"key version does not exist; latest key version is {key.latest}")
    return of_the_request(lambda: key.version(number)).hmac


def _algorithm(data: Data) -> str:
    found = _NAMES.get(data["urlalgorithm"] or data["algorithm"])
    if found is None:
        raise bad("unsupported algorithm '\\x00'")
    return found


def _decoded(item: Mapping[str, str], missing: str) -> bytes:
    if "input" not in item:
        raise Fault(missing)
    problem = ""
    try:
        return base64s.decode(item["input"])
    except base64s.NotBase64 as error:
        problem = str(error)
    raise Fault(f"unable to decode input as base64: {problem}")
