"""Where leases lie, and finding them: by identifier, by owner, and those that are due.

::

    core/lease/id/PATH/END              the record; for a login only that its token is to be asked
    core/lease/owner/KEY/HASH           the leases that a token was given
    core/lease/due/SECOND/NAME          what ends, or is to be tried again, at that second

The last is why nothing is ever scanned to find what has ended: the first child of the folder is the next one.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ..compact import printer
from ..tokens.store import children
from .lease import Lease

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...storage.protocol import Reader
    from ..tokens.store import TokenStore
    from ..tokens.token import Token
    from ..view import View

IDS = "core/lease/id/"
OWNERS = "core/lease/owner/"
DUE = "core/lease/due/"
IRREVOCABLE = "core/lease/irrevocable/"
_dump = printer()


class Due(NamedTuple):
    """What is due: a token's key or a lease's identifier, and the place where that is written."""

    place: str
    token: str
    lease: str


class LeaseStore:
    """All functions take the view of the whole storage that they are to act in."""

    def __init__(self, tokens: TokenStore) -> None:
        self._tokens = tokens

    # Secrets' leases.

    def add(self, view: View, lease: Lease) -> None:
        """Write a new lease, findable in every way."""
        lease.due = lease.expires
        view.put(IDS + lease.id, lease.encode())
        if lease.owner:
            view.put(self._owned(lease), _dump({"lease": lease.id}).encode())
        self._schedule(view, lease.due, self._tokens.hash(lease.id), {"lease": lease.id})

    def change(self, view: View, lease: Lease, due: float) -> None:
        """Write a changed lease, which is due at another time; 0 for never."""
        self._unschedule(view, lease.due, self._tokens.hash(lease.id))
        lease.due = due
        view.put(IDS + lease.id, lease.encode())
        self._schedule(view, due, self._tokens.hash(lease.id), {"lease": lease.id})

    def remove(self, view: View, lease: Lease) -> None:
        view.delete(IDS + lease.id)
        view.delete(IRREVOCABLE + self._tokens.hash(lease.id))
        if lease.owner:
            view.delete(self._owned(lease))
        self._unschedule(view, lease.due, self._tokens.hash(lease.id))

    def disown(self, view: View, lease: Lease) -> None:
        """Cut it loose from a token that goes before it."""
        if lease.owner:
            view.delete(self._owned(lease))
            lease.owner = ""

    def mark_irrevocable(self, view: View, lease: Lease) -> None:
        """Put it on the list that an operator must look at."""
        record = {"lease": lease.id, "mount": lease.mount, "error": lease.error}
        view.put(IRREVOCABLE + self._tokens.hash(lease.id), _dump(record).encode())

    def irrevocable(self, view: Reader | View) -> list[dict[str, Any]]:
        """The list: ``lease``, ``mount`` and ``error`` of each."""
        entries = [view.get(IRREVOCABLE + name) for name in children(view, IRREVOCABLE)]
        return [json.loads(entry.value) for entry in entries if entry is not None]

    def owned(self, view: Reader | View, key: str) -> list[str]:
        """The identifiers of the leases that a token was given."""
        prefix = f"{OWNERS}{key}/"
        entries = [view.get(prefix + name) for name in children(view, prefix)]
        return [json.loads(entry.value)["lease"] for entry in entries if entry is not None]

    def _owned(self, lease: Lease) -> str:
        return f"{OWNERS}{lease.owner}/{self._tokens.hash(lease.id)}"

    # Logins' leases: their tokens.

    def add_login(self, view: View, token: Token) -> None:
        """A token that ends has a lease too, at the path where it was made."""
        if token.expires:
            view.put(IDS + login_id(token), _dump({"token": token.key}).encode())
            self._schedule(view, token.expires, token.key, {"token": token.key})

    def move_login(self, view: View, token: Token, before: float) -> None:
        """The token ends at another time than ``before``."""
        self._unschedule(view, before, token.key)
        if not before:
            view.put(IDS + login_id(token), _dump({"token": token.key}).encode())
        self._schedule(view, token.expires, token.key, {"token": token.key})

    def remind(self, view: View, token: Token, moment: float) -> None:
        """Have the worker look at ``token`` then, besides at its end."""
        self._schedule(view, moment, token.key, {"token": token.key})

    def remove_login(self, view: View, token: Token) -> None:
        if token.expires:
            view.delete(IDS + login_id(token))
            self._unschedule(view, token.expires, token.key)

    # Finding.

    def get(self, view: Reader | View, lease_id: str) -> Lease | None:
        """The lease, of either kind; ended or not."""
        if not _is_key(lease_id):
            return None
        entry = view.get(IDS + lease_id)
        if entry is None:
            return None
        fields = json.loads(entry.value)
        if "token" not in fields or "id" in fields:
            return Lease.decode(entry.value)
        token = self._tokens.get(view, fields["token"])
        return None if token is None else of_login(token)

    def names(
        self, view: Reader | View, prefix: str, *, after: str = "", limit: int | None = None
    ) -> list[str]:
        """Immediate children of ``prefix`` ("" or ending in "/")."""
        return view.list(IDS + prefix, after=after, limit=limit)

    def walk(self, view: Reader | View, prefix: str) -> Iterator[str]:
        """The identifiers of all leases under ``prefix`` ("" or ending in "/")."""
        for name in children(view, IDS + prefix):
            if name.endswith("/"):
                yield from self.walk(view, prefix + name)
            else:
                yield prefix + name

    def due(self, view: Reader | View, now: float, limit: int) -> list[Due]:
        """What is due at ``now``, the longest overdue first, at most ``limit``."""
        found: list[Due] = []
        for second in children(view, DUE):
            if int(second[:-1]) > now:
                break
            for name in view.list(DUE + second, limit=limit - len(found)):
                place = f"{DUE}{second}{name}"
                entry = view.get(place)
                if entry is not None:
                    record = json.loads(entry.value)
                    found.append(Due(place, record.get("token", ""), record.get("lease", "")))
            if len(found) >= limit:
                break
        return found

    def next_due(self, view: Reader | View) -> float | None:
        """The second at which something is due next."""
        first = view.list(DUE, limit=1)
        return float(first[0][:-1]) if first else None

    def _schedule(self, view: View, moment: float, name: str, record: dict[str, str]) -> None:
        if moment:
            view.put(_due(moment, name), _dump(record).encode())

    def _unschedule(self, view: View, moment: float, name: str) -> None:
        if moment:
            view.delete(_due(moment, name))


def login_id(token: Token) -> str:
    """The identifier of a token's lease: where it was made, and its key."""
    return f"{token.path}/h{token.key}"


def of_login(token: Token) -> Lease:
    """A token's lease."""
    return Lease(
        id=login_id(token),
        path=token.path,
        mount=token.mount,
        owner=token.key,
        issued=token.issued,
        renewed=token.renewed,
        expires=token.expires,
        ttl=token.ttl,
        max_ttl=token.max_ttl,
        renewable=token.renewable,
        internal=token.internal,
        token=token,
    )


def _due(moment: float, name: str) -> str:
    return f"{DUE}{math.ceil(moment):012d}/{name}"


def _is_key(text: str) -> bool:
    return bool(text) and "\0" not in text and not text.endswith("/") and text.isprintable()
