"""Settings of the whole mount: ``cache-config`` and ``config/keys``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core.form import bad
from ...core.request import Response

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.view import View
    from .key import Ring

_CACHE, _KEYS = "config/cache", "config/keys"
LEAST_CACHE = 10


def _load(view: View, name: str) -> dict[str, Any]:
    entry = view.get(name)
    found: dict[str, Any] = {} if entry is None else json.loads(entry.value)
    return found


def upsert_disabled(view: View) -> bool:
    """Whether encrypting with a key that is not there is refused, instead of making the key."""
    return bool(_load(view, _KEYS).get("disable_upsert"))


def read_keys(call: Call) -> Response:
    return Response({"disable_upsert": upsert_disabled(call.view)})


def write_keys(call: Call) -> Response:
    if "disable_upsert" in call.data:
        call.view.put(_KEYS, json.dumps({"disable_upsert": call.data["disable_upsert"]}).encode())
    return read_keys(call)


def read_cache(call: Call) -> Response:
    return Response({"size": _load(call.view, _CACHE).get("size", 0)})


def write_cache(call: Call, ring: Ring) -> Response:
    """How many keys are kept decoded; 0 is our default."""
    size = call.data["size"]
    if size != 0 and size < LEAST_CACHE:
        raise bad(f"size must be 0 or a value greater or equal to {LEAST_CACHE}")
    call.view.put(_CACHE, json.dumps({"size": size}).encode())
    ring.limit = size
    return Response({"size": size})
