"""``Token``: the record of a token. Its text is not in it, and cannot be had from it.

Durations are in seconds, moments in seconds since the epoch; 0 stands for none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..compact import printer

if TYPE_CHECKING:
    from collections.abc import Mapping

SPENT = -1
"""``num_uses`` of a token whose last use was made: it is good for nothing, and about to be revoked."""


@dataclass(slots=True)
class Token:
    """``key`` is the keyed hash of its text, under which it is stored; "" for a batch token, which is not.

    ``path`` is where it was made, ``mount`` the accessor of that mount. ``ttl`` is the one it was made with,
    ``issued`` when it was made or last renewed, ``expires`` when it ends. ``internal`` is the auth method's.
    """

    key: str
    accessor: str
    policies: tuple[str, ...]
    path: str
    type: str = "service"
    display_name: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    num_uses: int = 0
    created: float = 0
    ttl: float = 0
    explicit_max_ttl: float = 0
    max_ttl: float = 0
    period: float = 0
    renewable: bool = False
    issued: float = 0
    renewed: float = 0
    expires: float = 0
    parent: str = ""
    orphan: bool = False
    role: str = ""
    bound_cidrs: tuple[str, ...] = ()
    cubbyhole: str = ""
    entity_id: str = ""
    mount: str = ""
    alias: str = ""
    internal: Mapping[str, Any] = field(default_factory=dict, repr=False)
    wrapped: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """For a wrapping token: what may be looked up of it."""
    revoking: bool = False

    @property
    def is_root(self) -> bool:
        return self.policies == ("root",)

    def encode(self) -> bytes:
        """As stored."""
        fields = {}
        for name, blank in _FIELDS:
            value = getattr(self, name)
            if value != blank:
                fields[name] = value
        return _dump(fields).encode()

    @classmethod
    def decode(cls, stored: bytes) -> Token:
        """From its stored form."""
        fields: dict[str, Any] = json.loads(stored)
        for name in ("policies", "bound_cidrs"):
            if name in fields:
                fields[name] = tuple(fields[name])
        return cls(**fields)


_BLANK: dict[str, Any] = {
    "metadata": {}, "num_uses": 0, "display_name": "", "created": 0, "ttl": 0, "explicit_max_ttl": 0,
    "max_ttl": 0, "period": 0, "renewable": False, "issued": 0, "renewed": 0, "expires": 0, "parent": "",
    "orphan": False, "role": "", "bound_cidrs": (), "entity_id": "", "mount": "", "alias": "", "internal": {},
    "wrapped": {}, "revoking": False, "type": "service", "cubbyhole": "",
}  # fmt: skip
"""What need not be stored."""
_NAMES = tuple(Token.__dataclass_fields__)
_FIELDS = tuple((name, _BLANK.get(name, ...)) for name in _NAMES)
_dump = printer()
