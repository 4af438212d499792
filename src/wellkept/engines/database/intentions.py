"""What is about to be done on a server, written down before it is done.

A user is made on the server before the lease over it is stored, and no transaction spans both. So first comes an
entry that says what to undo. The transaction that stores the lease deletes it; whatever else happens (the server
refuses, the transaction fails, this process is killed), the entry stays, and when nobody can be at work on it any
more, it is *claimed* and undone, again and again until that succeeds. A request that comes too late finds its entry
gone or claimed, and then gives out nothing: exactly one of the two sides wins.

    stated ──> acknowledged (deleted with the lease's transaction)
      └──────> claimed ──> undone (deleted)
                  └──────> claimed again, after a pause

Likewise for a new password of a connection's own account, where undoing is finding out which of the two is in force.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ...core.refusal import Refusal, one_error
from .drivers import CONNECT_TIMEOUT, STATEMENT_TIMEOUT

if TYPE_CHECKING:
    from ...core.view import View

FOLDER = "intention/"
PATIENCE = 2 * (CONNECT_TIMEOUT + STATEMENT_TIMEOUT)
"""Seconds after which nobody is at work on it any more, where that cannot be seen."""
CLAIM = PATIENCE
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0


@dataclass(slots=True)
class Intention:
    """``kind``: "user" (``user`` is made at connection ``db_name``; ``statements`` remove it) or "root" (the
    connection's own account gets ``password``) or "static" (the static role ``user`` is being rotated). ``due``: when it may be claimed; ``life``: of the process that
    stated it."""

    kind: str
    db_name: str
    user: str
    statements: list[str] = field(default_factory=list)
    password: str = field(default="", repr=False)
    due: float = 0
    life: str = ""
    claimed: bool = False
    failures: int = 0


def state(view: View, intention: Intention, now: float) -> str:
    """Write it down; its identifier."""
    identifier = os.urandom(12).hex()
    intention.due, intention.life = now + PATIENCE, life()
    _put(view, identifier, intention)
    return identifier


def acknowledge(view: View, identifier: str) -> None:
    """What was intended stands. Raises ``Refusal`` when it is being undone: then nothing may be given out."""
    entry = view.get(FOLDER + identifier)
    if entry is None or json.loads(entry.value)["claimed"]:
        raise Refusal(500, one_error("it took so long that what was made is being removed again"))
    view.delete(FOLDER + identifier)


def forget(view: View, identifier: str) -> None:
    view.delete(FOLDER + identifier)


def waiting(view: View) -> list[str]:
    return view.list(FOLDER)


def ripe(view: View, identifier: str, now: float) -> bool:
    """Whether it may be claimed: a cheap look, before ``claim`` looks again."""
    entry = view.get(FOLDER + identifier)
    return entry is not None and _ripe(_decode(entry.value), now)


def claim(view: View, identifier: str, now: float) -> Intention | None:
    """Take it, to undo it; ``None`` when somebody else has it."""
    entry = view.get(FOLDER + identifier)
    if entry is None:
        return None
    intention = _decode(entry.value)
    if not _ripe(intention, now):
        return None
    intention.claimed, intention.due, intention.life = True, now + CLAIM, life()
    _put(view, identifier, intention)
    return intention


def postpone(view: View, identifier: str, now: float) -> None:
    """Undoing it failed; it is tried again later, for as long as it takes."""
    entry = view.get(FOLDER + identifier)
    if entry is None:
        return
    intention = _decode(entry.value)
    intention.failures += 1
    intention.due = now + min(FIRST_PAUSE * 2 ** min(intention.failures - 1, 20), LONGEST_PAUSE)
    intention.life = ""
    _put(view, identifier, intention)


def abandon(view: View, identifier: str, now: float) -> None:
    """The request that stated it has failed, and knows it: it may be undone at once."""
    entry = view.get(FOLDER + identifier)
    if entry is not None:
        intention = _decode(entry.value)
        intention.due, intention.life = now, ""
        _put(view, identifier, intention)


def _ripe(intention: Intention, now: float) -> bool:
    return now >= intention.due or _is_over(intention.life)


def _put(view: View, identifier: str, intention: Intention) -> None:
    view.put(FOLDER + identifier, json.dumps(asdict(intention), separators=(",", ":")).encode())


def _decode(stored: bytes) -> Intention:
    return Intention(**json.loads(stored))


def life() -> str:
    """This process, told from every other, as far as another one on the same machine can see it; "" where not."""
    return _life_of(os.getpid())


def _is_over(stated: str) -> bool:
    """Whether the process is known to be gone. One in another machine or container is not known."""
    if not stated:
        return False
    place, _, number = stated.rpartition(" ")[0].rpartition(" ")
    if place != _place() or not number.isdigit():
        return False
    return _life_of(int(number)) != stated


def _life_of(number: int) -> str:
    place = _place()
    if not place:
        return ""
    try:
        with open(f"/proc/{number}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return ""
    if fields[0] in (b"Z", b"X"):
        return ""
    return f"{place} {number} {fields[19].decode()}"


def _place() -> str:
    """The kernel since its start, and the space of process numbers."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""
