"""Reading: a version with its metadata, or its structure; and the 404s that show what was there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ....core.digests import Digests
from ....core.form.call import digested
from ....core.form.times import moment
from ....core.refusal import Refusal, missing
from ....core.request import Raw, Response
from ....errors import IntegrityError
from ...entries import fetch
from .. import keys
from ..records import Record, unusable
from ..values import JSON, as_object

if TYPE_CHECKING:
    from ....core.form import Call
    from ....core.model import VersionInfo
    from ....core.view import View

CACHED = 16384
"""How many records are remembered, each of about half a kilobyte."""


class _Current(NamedTuple):
    """What a read of a secret's current version wants to know of its record at ``revision``."""

    revision: int
    info: VersionInfo
    metadata: Raw
    key: str
    always: bool
    """Whether it may be read whatever the time is."""
    digests: list[Digests]
    """None or one: those of its value, once they were made."""


class Reader:
    """Answers reads of ``data/NAME``, and remembers of a secret's record what a plain read of it wants to know.
    One for a mount."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, _Current] = {}

    def current(self, view: View, name: str, now: float) -> Response:
        """The current version. Its metadata is not made anew while the record stays as it is."""
        known = self._seen.get(name)
        # Revision 0 is what this transaction has written itself, perhaps more than once.
        if known is not None and known.revision and known.revision == view.revision_of(keys.META + name):
            return _answer(view, name, now, known)
        entry = fetch(view, keys.META, name)
        if entry is None:
            raise missing()
        if known is None or known.revision != entry.revision or not entry.revision:
            known = _look(name, Record.decode(entry.value), entry.revision, 0)
            if len(self._seen) >= CACHED:
                self._seen.pop(next(iter(self._seen)), None)
            self._seen[name] = known
        return _answer(view, name, now, known)


def answer(view: View, name: str, now: float, version: int) -> Response:
    """``data/NAME``: the version of that number, the current one for none."""
    entry = fetch(view, keys.META, name)
    if entry is None:
        raise missing()
    return _answer(view, name, now, _look(name, Record.decode(entry.value), entry.revision, version))


def load(view: View, name: str) -> Record | None:
    """The record of ``name``, or ``None``; so also for what cannot be a name."""
    entry = fetch(view, keys.META, name)
    return None if entry is None else Record.decode(entry.value)


def _answer(view: View, name: str, now: float, known: _Current) -> Response:
    info = known.info
    if not known.always and unusable(info, now):
        raise Refusal(404, data={"data": None, "metadata": known.metadata})
    stored = view.get(known.key)
    if stored is None:
        return _again(view, name, now, info)
    content = stored.value
    text = content if info.content_type == JSON else as_object(content, info.content_type)
    digests = known.digests[0] if known.digests else None
    if digests is None or digests.fragment is None:
        digests = Digests(_fields(content, info.content_type))
        known.digests[:] = (digests,)
    return Response({"data": Raw(text), "metadata": known.metadata}, version=info.number, digests=digests)


def _fields(content: bytes, content_type: str) -> dict[str, bytes]:
    """A value's fields, each to appear in the audit record as a digest of its own, as Vault has it."""
    if content_type != JSON:
        return {"data": content}
    return digested("data", json.loads(content))


def _again(view: View, name: str, now: float, before: VersionInfo) -> Response:
    """The value is gone: destroyed between the two reads, or missing from storage."""
    record = load(view, name)
    info = None if record is None else record.versions.get(before.number)
    if info is not None and info.uuid == before.uuid and info.destroyed is None:
        raise IntegrityError(
            f"the value of version {info.number} of {name!r} is missing from storage; restore from a backup"
        )
    return answer(view, name, now, before.number)


def _look(name: str, record: Record, revision: int, version: int) -> _Current:
    number = version if version > 0 else record.current
    info = record.versions.get(number)
    if info is None:
        raise missing()
    shown = metadata_of(info, record)
    timeless = info.enabled and info.not_before is None and info.expires is None
    return _Current(
        revision,
        info,
        Raw(json.dumps(shown, separators=(",", ":")).encode()),
        keys.value_key(name, info),
        timeless and info.deleted is None and info.destroyed is None,
        [],
    )


def metadata_of(info: VersionInfo, record: Record) -> dict[str, Any]:
    """A version's metadata as it stands beside the value and in the answer to a write."""
    return {
        "created_time": moment(info.created),
        "custom_metadata": record.custom_metadata or None,
        "deletion_time": deletion_time(info),
        "destroyed": info.destroyed is not None,
        "version": info.number,
    }


def deletion_time(info: VersionInfo) -> str:
    """When it was deleted or will be; empty when neither."""
    return moment(info.expires if info.deleted is None else info.deleted)


def gone(info: VersionInfo, now: float) -> bool:
    """Whether a version is deleted or destroyed, or has expired."""
    return (
        info.destroyed is not None
        or info.deleted is not None
        or (info.expires is not None and now >= info.expires)
    )


def read(call: Call) -> Response:
    return answer(call.view, call.data["path"], call.now, call.data["version"])


def exists(call: Call) -> bool:
    return load(call.view, call.data["path"]) is not None


def subkeys(call: Call) -> Response:
    """``subkeys/NAME``: the fields with null for leaves, down to ``depth`` (0: all)."""
    found = answer_or_gone(call)
    depth = call.data["depth"]
    structure = _skeleton(json.loads(found.data["data"]), depth)
    return Response({"metadata": found.data["metadata"], "subkeys": structure}, version=found.version)


def answer_or_gone(call: Call) -> Response:
    refusal: Refusal | None = None
    try:
        return answer(call.view, call.data["path"], call.now, call.data["version"])
    except Refusal as error:
        refusal = error
    if refusal.data is None:
        raise missing()
    raise Refusal(404, data={"metadata": refusal.data["metadata"], "subkeys": None})


def _skeleton(value: dict[str, Any], depth: int) -> dict[str, Any]:
    deeper = depth == 0 or depth > 1
    return {
        key: _skeleton(child, depth - 1 if depth else 0)
        if isinstance(child, dict) and child and deeper
        else None
        for key, child in value.items()
    }
