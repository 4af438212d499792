"""``encrypt/``, ``decrypt/``, ``rewrap/`` and ``datakey/``: one item, or a batch of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ...core.form import bad, base64s
from ...core.request import Response
from ...core.view import WritingView
from . import ciphers
from .faults import Fault, of_the_request
from .items import Item, decoded, items_of, loose_items_of, same_context
from .key import Key
from .kinds import KINDS
from .mountwide import upsert_disabled
from .named import make
from .outcome import Outcome

if TYPE_CHECKING:
    from ...core.form import Call
    from .key import Ring

_NOT_FOUND = "encryption key not found"
_NO_CIPHERTEXT = "missing ciphertext to decrypt"


def existing(call: Call, ring: Ring, name: str = "name", missing: str = _NOT_FOUND) -> Key:
    key = ring.get(call.view, call.data[name])
    if key is None:
        raise bad(missing)
    return key


def encrypt(call: Call, ring: Ring) -> Response:
    """A key that is not there is made, unless the mount forbids it."""
    data = call.data
    if data.raw.get("batch_input") is None and "plaintext" in data:
        return _encrypt_one(call, ring)
    batch = items_of(data, "plaintext", "encrypt")
    if batch is None:
        raise bad("missing plaintext to encrypt")
    items = batch
    in_context = same_context(items)
    prepared: list[tuple[bytes, bytes] | Fault] = []
    for item in items:
        try:
            prepared.append((decoded(item.plaintext), decoded(item.context)))
        except Fault as wrong:
            prepared.append(wrong)
    key = ring.get(call.view, data["name"]) or _upserted(call, in_context)
    outcome, results = Outcome(), []
    for index, (item, ready) in enumerate(zip(items, prepared, strict=True)):
        fault: Fault | None = ready if isinstance(ready, Fault) else None
        result: dict[str, Any] = {}
        silent = False
        if not isinstance(ready, Fault):
            silent = bool(item.associated_data) and not key.kind.aead
            try:
                if silent:
                    raise _no_aead(index, key)
                result["ciphertext"] = ciphers.encrypt(
                    key, ready[0], number=item.key_version, context=ready[1], associated=item.associated_data
                )
                result["key_version"] = item.key_version or key.latest
                outcome.well = True
            except Fault as error:
                fault = error
        if fault is not None:
            if not silent:
                outcome.note(fault)
            result["error"] = fault.text
        results.append({**result, "reference": item.reference})
    return outcome.answer(data, results)


def _encrypt_one(call: Call, ring: Ring) -> Response:
    data = call.data
    fault: Fault | None = None
    try:
        plaintext, context = decoded(data["plaintext"]), decoded(data["context"])
        key = ring.get(call.view, data["name"]) or _upserted(call, bool(context))
        associated, number = data["associated_data"], data["key_version"]
        if associated and not key.kind.aead:
            raise _no_aead(0, key)
        text = ciphers.encrypt(key, plaintext, number=number, context=context, associated=associated)
    except Fault as error:
        fault = error
    if fault is not None:
        raise fault.refusal()
    return Response(
        {"ciphertext": text, "key_version": number or key.latest}, digests={"ciphertext": text.encode()}
    )


def _no_aead(index: int, key: Key) -> Fault:
    return Fault(f"'[{index}].associated_data' provided for non-AEAD cipher suite {key.kind.name}")


def _upserted(call: Call, in_context: bool) -> Key:
    data = call.data
    if not isinstance(call.view, WritingView):
        raise bad(_NOT_FOUND)
    if data["convergent_encryption"] and not in_context:
        raise bad("convergent encryption requires derivation to be enabled, so context is required")
    kind = KINDS.get(data["type"])
    if kind is not None and kind.ecdsa:
        raise bad(f"key type {kind.name} not supported for this operation")
    if kind is None or not kind.aead:
        raise bad(f"unknown key type {data['type']}")
    if upsert_disabled(call.view):
        raise bad(_NOT_FOUND)
    key = Key(data["name"], kind, derived=in_context, convergent=data["convergent_encryption"])
    make(call.view, key, call.now)
    return key


def decrypt(call: Call, ring: Ring) -> Response:
    data = call.data
    batch = items_of(data, "ciphertext", "decrypt")
    if batch is None and not data["ciphertext"]:
        raise bad(_NO_CIPHERTEXT)
    items = batch or [Item("", data["ciphertext"], data["context"], data["associated_data"])]
    same_context(items)
    key = existing(call, ring)
    outcome, results = Outcome(), []
    for index, item in enumerate(items):
        plaintext, fault, silent = "", None, bool(item.associated_data) and not key.kind.aead
        try:
            if not item.ciphertext:
                silent = False
                raise Fault(_NO_CIPHERTEXT)
            context = decoded(item.context)
            if silent:
                raise _no_aead(index, key)
            opened = ciphers.decrypt(key, item.ciphertext, context=context, associated=item.associated_data)
            plaintext = base64s.encode(opened)
            outcome.well = True
        except Fault as error:
            fault = error
        if fault is not None and batch is None:
            raise fault.refusal()
        if fault is not None and not silent:
            outcome.note(fault)
        told = {} if fault is None else {"error": fault.text}
        results.append({"plaintext": plaintext, **told, "reference": item.reference})
    if batch is not None:
        return outcome.answer(data, results)
    return Response(
        {"plaintext": results[0]["plaintext"]}, digests={"plaintext": results[0]["plaintext"].encode()}
    )


def rewrap(call: Call, ring: Ring) -> Response:
    """From an older version to the latest (or the one asked for), without showing the plaintext."""
    data = call.data
    batch = loose_items_of(data)
    if batch is None and not data["ciphertext"]:
        raise bad(_NO_CIPHERTEXT)
    items = batch or [Item("", data["ciphertext"], data["context"], "", "", data["key_version"])]
    same_context(items)
    key = existing(call, ring)
    results = []
    for item in items:
        fault: Fault | None = None
        result: dict[str, Any] = {}
        try:
            if not item.ciphertext:
                raise Fault(_NO_CIPHERTEXT)
            context = decoded(item.context)
            opened = ciphers.decrypt(key, item.ciphertext, context=context)
            result["ciphertext"] = ciphers.encrypt(key, opened, number=item.key_version, context=context)
            result["key_version"] = item.key_version or key.latest
        except Fault as error:
            fault = error
        if fault is not None:
            if batch is None or not fault.foreseen:
                raise fault.refusal()
            result["error"] = fault.text
        results.append({**result, "reference": item.reference})
    if batch is not None:
        return Response({"batch_results": results})
    del results[0]["reference"]
    return Response(results[0])


def datakey(call: Call, ring: Ring) -> Response:
    """A random key, sealed under this one; in clear besides where the path says "plaintext"."""
    data = call.data
    if data["plaintext"] not in ("plaintext", "wrapped"):
        raise bad("Invalid path, must be 'plaintext' or 'wrapped'")
    context: bytes | None = None
    try:
        context = decoded(data["context"])
    except Fault:
        pass  # told outside
    if context is None:
        raise bad("failed to base64-decode context")
    key = existing(call, ring)
    if data["bits"] not in (128, 256, 512):
        raise bad("invalid bit length")
    if data["associated_data"] and not key.kind.aead:
        raise bad(f"'associated_data' provided for non-AEAD cipher suite {key.kind.name}")
    fresh = os.urandom(data["bits"] // 8)
    sealed = of_the_request(
        lambda: ciphers.encrypt(
            key, fresh, number=data["key_version"], context=context, associated=data["associated_data"]
        )
    )
    answer: dict[str, Any] = {"ciphertext": sealed, "key_version": data["key_version"] or key.latest}
    if data["plaintext"] == "plaintext":
        answer["plaintext"] = base64s.encode(fresh)
    return Response(
        answer, digests={name: value.encode() for name, value in answer.items() if name != "key_version"}
    )
