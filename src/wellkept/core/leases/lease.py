"""``Lease``: the record of what was given out for a time.

Durations are in seconds, moments in seconds since the epoch; 0 stands for none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..tokens.token import Token

ATTEMPTS = 6
"""So often is revocation tried on another system before the lease is shown as irrevocable."""


@dataclass(slots=True)
class Lease:
    """``id`` is the path of the request and a random end. ``mount`` is the accessor of its mount, ``owner`` the
    key of the token that it was given to. A login's lease is its token: then ``token`` is set.

    ``revoking``: it has ended, and what remains is to be undone on another system; ``attempts`` have failed,
    the last with ``error`` (the kind of it, never a text that may hold a value).
    """

    id: str
    path: str
    mount: str
    owner: str = field(default="", repr=False)
    issued: float = 0
    renewed: float = 0
    expires: float = 0
    ttl: float = 0
    max_ttl: float = 0
    renewable: bool = True
    internal: Mapping[str, Any] = field(default_factory=dict, repr=False)
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    revoking: bool = False
    attempts: int = 0
    due: float = 0
    error: str = ""
    token: Token | None = field(default=None, repr=False)

    @property
    def irrevocable(self) -> bool:
        return self.attempts >= ATTEMPTS

    def encode(self) -> bytes:
        """As stored; a login's lease is stored as its token and not here."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "token"}
        return json.dumps(fields, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, stored: bytes) -> Lease:
        """From its stored form."""
        return cls(**json.loads(stored))
