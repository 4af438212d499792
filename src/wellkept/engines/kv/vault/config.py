"""``config``: what holds for all secrets of a mount."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from ....core.form.duration import show
from ....core.request import Response

if TYPE_CHECKING:
    from ....core.form import Call
    from ....core.view import View

_KEY = "config"
_UNSIGNED = 0xFFFFFFFF


class Config(NamedTuple):
    """``delete_version_after`` is in seconds; 0 for no end, negative where no version may have one."""

    max_versions: int = 0
    cas_required: bool = False
    delete_version_after: int = 0
    metadata_cas_required: bool = False


def load(view: View) -> Config:
    entry = view.get(_KEY)
    return _DEFAULT if entry is None else Config(**json.loads(entry.value))


_DEFAULT = Config()


def read(call: Call) -> Response:
    config = load(call.view)
    return Response({**config._asdict(), "delete_version_after": show(config.delete_version_after)})


def write(call: Call) -> None:
    """The given fields replaced. Any negative lifetime means that versions have none."""
    changes = {name: call.data[name] for name in Config._fields if name in call.data}
    if "max_versions" in changes:
        changes["max_versions"] = unsigned(changes["max_versions"])
    if changes.get("delete_version_after", 0) < 0:
        changes["delete_version_after"] = -1
    call.view.put(_KEY, json.dumps(load(call.view)._replace(**changes)._asdict()).encode())


def unsigned(number: int) -> int:
    """As OpenBao keeps it: in 32 bits without a sign."""
    return number & _UNSIGNED
