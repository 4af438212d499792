"""What the engine keeps: connections, roles, static roles, each an entry of its own in the mount's storage.

::

    config/NAME        a connection: which plug-in, how to reach the server, who may use it
    role/NAME          how a user is made, renewed and removed, and how long it lives
    static-role/NAME   an account that exists, its password, and when that changes
    due/SECOND/NAME    the static roles that are to be rotated at that second
    intention/ID       what is being done on a server and not yet acknowledged (see ``intentions``)

Durations in seconds, moments in seconds since the epoch.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ...core.form import unforeseen

if TYPE_CHECKING:
    from ...core.view import View

CONFIG = "config/"
ROLES = "role/"
STATIC = "static-role/"
DUE = "due/"


@dataclass(slots=True)
class Connection:
    """``details`` are the plug-in's own settings as they were given, the password among them."""

    plugin: str
    details: dict[str, Any] = field(default_factory=dict, repr=False)
    allowed_roles: list[str] = field(default_factory=list)
    root_statements: list[str] = field(default_factory=list)
    password_policy: str = ""
    plugin_version: str = ""
    name: str = ""
    revision: int = 0
    """At which it was read: the connections to the server that are kept belong to it."""

    def allows(self, role: str) -> bool:
        return any(_glob(pattern, role) for pattern in self.allowed_roles)


@dataclass(slots=True)
class Role:
    db_name: str = ""
    creation: list[str] = field(default_factory=list)
    revocation: list[str] = field(default_factory=list)
    rollback: list[str] = field(default_factory=list)
    renewal: list[str] = field(default_factory=list)
    default_ttl: int = 0
    max_ttl: int = 0
    credential_type: str = "password"
    credential_config: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class StaticRole:
    """``pending``: a password that is being set, written down before the server hears of it; ``claim``: until when
    a process has this to itself; ``due``: when the next rotation, or attempt, is to be."""

    db_name: str = ""
    username: str = ""
    rotation: list[str] = field(default_factory=list)
    period: int = 0
    credential_type: str = "password"
    credential_config: dict[str, str] = field(default_factory=dict)
    password: str = field(default="", repr=False)
    rotated: float = 0
    pending: str = field(default="", repr=False)
    claim: float = 0
    failures: int = 0
    due: float = 0


Record = TypeVar("Record", Connection, Role, StaticRole)


def load(view: View, folder: str, name: str, kind: type[Record]) -> Record | None:
    entry = view.get(folder + name)
    if entry is None:
        return None
    record = kind(**json.loads(entry.value))
    if isinstance(record, Connection):
        record.name, record.revision = name, entry.revision
    return record


def store(view: View, folder: str, name: str, record: Connection | Role | StaticRole) -> None:
    fields = asdict(record)
    if isinstance(record, Connection):
        del fields["revision"], fields["name"]
    view.put(folder + name, json.dumps(fields, separators=(",", ":")).encode())


def connection(view: View, name: str) -> Connection:
    """Raises ``Refusal`` when there is none of this name."""
    found = load(view, CONFIG, name, Connection)
    if found is None:
        raise unforeseen(f'failed to find entry for connection with name: "{name}"')
    return found


def schedule(view: View, name: str, role: StaticRole, due: float) -> None:
    """Have ``role`` rotated at ``due``; 0 for never (it is being removed). The role itself is the caller's to store."""
    if role.due:
        view.delete(_due(role.due, name))
    role.due = due
    if due:
        view.put(_due(due, name), b"{}")


def due(view: View, now: float) -> list[str]:
    """The names of the static roles that are due."""
    found = []
    for second in view.list(DUE, limit=16):
        if int(second[:-1]) > now:
            break
        found += view.list(DUE + second)
    return found


def _due(moment: float, name: str) -> str:
    return f"{DUE}{math.ceil(moment):012d}/{name}"


def _glob(pattern: str, name: str) -> bool:
    """``*`` at either end stands for anything, as in Vault's lists of roles."""
    if pattern == "*":
        return True
    if len(pattern) > 1 and pattern[0] == pattern[-1] == "*":
        return pattern[1:-1] in name
    if pattern[-1:] == "*":
        return name.startswith(pattern[:-1])
    if pattern[:1] == "*":
        return name.endswith(pattern[1:])
    return pattern == name
