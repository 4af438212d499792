"""``backup/`` and ``restore/``: a whole key in the form of OpenBao's backups, so that either restores the other's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core.form import bad, base64s, unforeseen
from ...core.form.duration import quoted
from ...core.request import Response
from . import foreign
from .faults import SOFT_DELETED
from .key import load, save

if TYPE_CHECKING:
    from ...core.form import Call
    from .key import Key

MOST = 8 * 1024 * 1024
"""Bytes of a backup that is read."""


def backup(call: Call) -> Response:
    """The key in clear, for keys that allow it; that it was taken is noted with the key."""
    name = call.data["name"]
    key = load(call.view, name)
    if key is None:
        raise unforeseen(f"key {quoted(name)} not found")
    if key.soft_deleted:
        raise unforeseen(SOFT_DELETED)
    if not key.exportable:
        raise unforeseen("exporting is disallowed on the policy")
    if not key.plaintext_backup:
        raise unforeseen("plaintext backup is disallowed on the policy")
    key.backup_info = {"time": call.now, "version": key.latest}
    save(call.view, key)
    text = base64s.encode(json.dumps(foreign.pack(key), separators=(",", ":")).encode())
    return Response({"backup": text}, digests={"backup": text.encode()})


def restore(call: Call) -> None:
    """Under the name it had, or the one given; over a key that is there only by ``force``."""
    data = call.data
    if not data["backup"]:
        raise bad("'backup' must be supplied")
    if "/" in data["name"]:
        raise unforeseen("key names cannot be paths")
    key = _read(data["backup"])
    if data["name"]:
        key.name = data["name"]
    if not foreign.is_name(key.name):
        raise bad("the name of the key to be restored cannot be one")
    if load(call.view, key.name) is not None and not data["force"]:
        raise unforeseen(f"key {quoted(key.name)} already exists")
    key.restore_info = {"time": call.now, "version": key.latest}
    save(call.view, key)


def _read(text: str) -> Key:
    problem = "the backup is larger than 8 MiB"
    content = b""
    if len(text) <= MOST:
        problem = ""
        try:
            content = base64s.decode(text)
        except base64s.NotBase64 as error:
            problem = str(error)
    if problem:
        raise unforeseen(problem)
    key: Key | None = None
    try:
        document: Any = json.loads(content)
        key = foreign.unpack(document)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        pass  # told outside: what is wrong with it may be a piece of it
    if key is None:
        raise unforeseen("the backup cannot be read")
    return key
