"""The worker that ends what has had its time, and keeps at what does not want to end.

Every server process may run one; they share the work by claims. Ending a token or a lease is one storage
transaction, so two workers that pick the same one do not do it twice: one of them loses the race. For an
effect on another system the worker first *claims* the lease, by moving it ahead in time in a transaction,
and then calls the engine: if this process dies, the claim runs out and another worker takes over.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ...errors import WellkeptError
from ..retry import transact
from ..tokens.token import SPENT
from ..view import View, WritingView
from .lease import ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...clock import Clock
    from ...storage.protocol import Storage, Transaction
    from ..command import ServedEngine
    from ..revocation import Revoker
    from ..router import Router
    from ..tokens.store import TokenStore
    from .lease import Lease
    from .store import Due, LeaseStore

BATCH = 64
CLAIM = 120.0
"""Seconds for which a worker has a lease to itself while it calls another system."""
FIRST_PAUSE = 10.0
LONGEST_PAUSE = 3600.0
MAINTENANCE = 300.0
IDLE = 1.0
"""Seconds between looks for what is due: so late may a lease's effects end (the lease itself ends on time)."""


class Expiration:
    """``run_once`` does all that is due; ``start`` calls it from a thread until ``stop``."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        tokens: TokenStore,
        leases: LeaseStore,
        revoker: Revoker,
        router: Router,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._tokens = tokens
        self._leases = leases
        self._revoker = revoker
        self._router = router
        self._wake = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self, maintain: Callable[[], object] | None = None) -> None:
        """Begin to work in a thread of its own, which also calls ``maintain`` every few minutes."""
        if self._thread is None:
            work = threading.Thread(
                target=self._work, args=(maintain,), name="wellkept-expiration", daemon=True
            )
            self._thread = work
            self._thread.start()

    def stop(self) -> None:
        """End, after what is being done."""
        self._stopped = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def kick(self) -> None:
        """Something may be due earlier than was known."""
        self._wake.set()

    def run_once(self) -> int:
        """End all that is due; how many there were. One that fails does not hold up the others."""
        done = 0
        seen: set[str] = set()
        while True:
            due = [
                each
                for each in self._leases.due(View(self._storage, ""), self._clock.time(), BATCH + len(seen))
                if each.place not in seen
            ]
            for each in due:
                seen.add(each.place)
                done += self._settle(each)
            if not due:
                return done

    def settle(self, lease_id: str) -> str:
        """Undo, now, a lease that is being revoked; what kind of error came in the way, or ""."""
        lease = self._leases.get(self._storage, lease_id)
        if lease is None or not lease.revoking:
            return ""
        return self._undo(lease_id)

    def _work(self, maintain: Callable[[], object] | None) -> None:
        due = self._clock.monotonic() + MAINTENANCE
        while not self._stopped:
            try:
                self.run_once()
                if maintain is not None and self._clock.monotonic() >= due:
                    due = self._clock.monotonic() + MAINTENANCE
                    maintain()
            except WellkeptError:
                pass  # the storage is away for a while; what is due stays due
            self._wake.wait(IDLE)
            self._wake.clear()

    def _settle(self, due: Due) -> int:
        try:
            return self._token(due) if due.token else self._lease(due)
        except WellkeptError:
            return 0  # it is still due, and so tried again at the next look

    def _token(self, due: Due) -> int:
        def end(transaction: Transaction) -> int:
            view = WritingView(transaction, "")
            token = self._tokens.get(view, due.token)
            now = self._clock.time()
            spent = token is not None and token.num_uses == SPENT
            if token is None or not (spent or 0 < token.expires <= now):
                view.delete(due.place)  # a leftover
                return 0
            self._revoker.token(view, token, now)
            view.delete(due.place)
            return 1

        return transact(self._storage, end)

    def _lease(self, due: Due) -> int:
        def end(transaction: Transaction) -> tuple[int, bool]:
            view = WritingView(transaction, "")
            lease = self._leases.get(view, due.lease)
            now = self._clock.time()
            if lease is None:
                view.delete(due.place)
                return 0, False
            if lease.due > now:
                return 0, False  # somebody else has it
            if lease.revoking:
                return 1, True
            return 1, not self._revoker.lease(view, lease, now)

        ended, outside = transact(self._storage, end)
        if outside:
            self._undo(due.lease)
        return ended

    def _undo(self, lease_id: str) -> str:
        """Claim the lease, undo it on the other system, and forget it; or note the failure."""

        def claim(transaction: Transaction) -> Lease | None:
            view = WritingView(transaction, "")
            lease = self._leases.get(view, lease_id)
            now = self._clock.time()
            if lease is None or not lease.revoking or lease.due > now:
                return None
            self._leases.change(view, lease, now + CLAIM)
            return lease

        lease = transact(self._storage, claim)
        if lease is None:
            return ""
        failure = self._call(lease)

        def settle(transaction: Transaction) -> None:
            view = WritingView(transaction, "")
            current = self._leases.get(view, lease_id)
            if current is None:
                return
            if not failure:
                self._leases.remove(view, current)
                return
            current.attempts += 1
            current.error = failure
            pause = min(FIRST_PAUSE * 2 ** (current.attempts - 1), LONGEST_PAUSE)
            if current.attempts >= ATTEMPTS:
                self._leases.mark_irrevocable(view, current)
                self._leases.change(view, current, 0)  # an operator's business now
            else:
                self._leases.change(view, current, self._clock.time() + pause)

        transact(self._storage, settle)
        return failure

    def _call(self, lease: Lease) -> str:
        mount = self._router.by_accessor(lease.mount)
        if mount is None:
            return ""
        try:
            engine: ServedEngine = self._router.engine(mount)  # type: ignore[assignment]
            engine.revoke_outside(lease)
        except Exception as error:  # whatever a plug-in raises; its text may hold a value
            return type(error).__name__
        return ""
