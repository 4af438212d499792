"""``sys/tools``: random bytes, and hashes."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes

from ..form import Field, Op, Route, bad
from ..form.base64s import NotBase64, decode, encode
from ..form.route import LABEL
from ..request import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..form import Call
    from ..service import Service

MOST = 131_072
_SOURCES = ("", "platform", "seal", "all")
_ALGORITHMS: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha2-224": hashes.SHA224,
    "sha2-256": hashes.SHA256,
    "sha2-384": hashes.SHA384,
    "sha2-512": hashes.SHA512,
    "sha3-224": hashes.SHA3_224,
    "sha3-256": hashes.SHA3_256,
    "sha3-384": hashes.SHA3_384,
    "sha3-512": hashes.SHA3_512,
}
_RANDOM = {
    "urlbytes": Field(clear=True),
    "bytes": Field("int", default=32, clear=True),
    "format": Field(default="base64", clear=True),
    "source": Field(clear=True),
}
_HASH = {
    "input": Field(),
    "algorithm": Field(default="sha2-256", clear=True),
    "urlalgorithm": Field(clear=True),
    "format": Field(default="hex", clear=True),
}


def routes(service: Service) -> list[Route]:
    op = Op(_random, writes=False)
    return [
        Route(
            f"tools/random(?:/(?P<source>platform|seal|all|{LABEL}(?=/)))?(?:/(?P<urlbytes>{LABEL}))?",
            _RANDOM,
            {"update": op},
        ),
        Route(f"tools/hash(?:/(?P<urlalgorithm>{LABEL}))?", _HASH, {"update": Op(_hash, writes=False)}),
    ]


def _random(call: Call) -> Response:
    data = call.data
    count: int = data["bytes"]
    if data["urlbytes"]:
        count = _count(data["urlbytes"])
    if count < 1:
        raise bad("'bytes' cannot be less than 1")
    if count > MOST:
        raise bad(f"'bytes' should be less than {MOST}")
    form: str = data["format"]
    if form not in ("hex", "base64"):
        raise bad(f'unsupported encoding format "{form}"; must be "hex" or "base64"')
    if data["source"] not in _SOURCES:
        raise bad(f'unsupported entropy source "{data["source"]}"; must be "platform" or "seal", or "all"')
    content = os.urandom(count)
    text = content.hex() if form == "hex" else encode(content)
    return Response({"random_bytes": text}, digests={"random_bytes": text.encode()})


def _count(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise bad(f'error parsing url-set byte count: strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _hash(call: Call) -> Response:
    data = call.data
    content, failure = b"", ""
    try:
        content = decode(data["input"])
    except NotBase64 as error:
        failure = str(error)
    if failure:
        raise bad(f"unable to decode input as base64: {failure}")
    form: str = data["format"]
    if form not in ("hex", "base64"):
        raise bad(f'unsupported encoding format {form}; must be "hex" or "base64"')
    name: str = data["urlalgorithm"] or data["algorithm"]
    algorithm = _ALGORITHMS.get(name)
    if algorithm is None:
        raise bad(f"unsupported algorithm {name}")
    digest = hashes.Hash(algorithm())
    digest.update(content)
    found = digest.finalize()
    return Response({"sum": found.hex() if form == "hex" else encode(found)})
