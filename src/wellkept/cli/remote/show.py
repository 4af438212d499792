"""An answer, printed: a table of keys and values for people, JSON for programs, one field alone for scripts."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ...errors import NotFound
from ..output import note, say, say_json, table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

_AUTH = {
    "client_token": "token",
    "accessor": "token_accessor",
    "lease_duration": "token_duration",
    "renewable": "token_renewable",
    "token_policies": "token_policies",
    "policies": "policies",
    "metadata": "token_meta",
}
_WRAP = {
    "token": "wrapping_token",
    "accessor": "wrapping_accessor",
    "ttl": "wrapping_token_ttl",
    "creation_time": "wrapping_token_creation_time",
    "creation_path": "wrapping_token_creation_path",
    "wrapped_accessor": "wrapped_accessor",
}


def answer(given: Mapping[str, Any], arguments: Namespace) -> int:
    """Print ``given`` as the arguments ask; the exit code."""
    for warning in given.get("warnings") or ():
        note(f"warning: {warning}")
    field = getattr(arguments, "field", None)
    rows = _rows(given)
    if field:
        if field not in rows:
            raise NotFound(f"the answer has no field {field!r}; it has: {', '.join(sorted(rows)) or 'none'}")
        value = rows[field]
        sys.stdout.write(value if isinstance(value, str) else json.dumps(value))
        if sys.stdout.isatty():
            say()
    elif arguments.json:
        say_json(given)
    elif rows:
        table(("KEY", "VALUE"), [(key, _shown(value)) for key, value in rows.items()])
    elif not given.get("warnings"):
        say("done")
    return 0


def keys(given: Mapping[str, Any], arguments: Namespace) -> int:
    """Print a listing."""
    names = (given.get("data") or {}).get("keys") or []
    if arguments.json:
        say_json(names)
    else:
        for name in names:
            say(_shown(name))
    return 0


def _rows(given: Mapping[str, Any]) -> dict[str, Any]:
    if given.get("wrap_info"):
        return {_WRAP.get(key, key): value for key, value in given["wrap_info"].items()}
    if given.get("auth"):
        return {_AUTH[key]: value for key, value in given["auth"].items() if key in _AUTH}
    rows: dict[str, Any] = {}
    if given.get("lease_id"):
        rows = {key: given[key] for key in ("lease_id", "lease_duration", "renewable") if key in given}
    data = given.get("data")
    if isinstance(data, dict):
        rows.update(data)
    elif "data" not in given and "request_id" not in given:
        rows.update(given)  # sys/ has a few answers without an envelope
    return rows


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "n/a" if value is None else json.dumps(value, ensure_ascii=False)
