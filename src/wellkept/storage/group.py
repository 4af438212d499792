"""Group commit: transactions that end at the same time, on many threads, share one commit and its ``fsync``.

Whoever comes first leads: it takes all that wait, has them checked one after the other and applied in one
commit, tells each how it went, and hands the lead to the first of those that came meanwhile. Nobody waits
for others to come: one alone pays what it always paid. A conflict fails only its own transaction.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections import deque
from typing import TYPE_CHECKING

from ..errors import Conflict, IntegrityError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from .transaction import Applied, Change

    class Committer(Protocol):
        """What a storage offers to this class."""

        def apply_many(self, batch: Sequence[Change]) -> Applied: ...


MOST = 256
"""Transactions in one commit; the rest goes into the next one."""


class _Waiting:
    """One transaction that waits; ``turn`` is released when it is done, or ``leads`` the next group."""

    __slots__ = ("change", "failure", "leads", "outcome", "turn")

    def __init__(self, change: Change) -> None:
        self.change = change
        self.outcome: int | Conflict | None = None
        self.failure: BaseException | None = None
        self.leads = False
        self.turn = allocate_lock()
        self.turn.acquire()


class GroupCommit:
    """Commits through ``storage``.

    ``before()`` is called once ahead of each commit that writes, and whatever it raises fails all of the
    group with nothing done: there the audit records of what is about to happen are synced, once for all.
    ``after(applied)`` is called before anybody is told that it is done.
    """

    def __init__(
        self,
        storage: Committer,
        *,
        before: Callable[[], None] | None = None,
        after: Callable[[Applied], None] | None = None,
    ) -> None:
        self._storage = storage
        self.before = before
        self._after = after
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = allocate_lock()
        self._queue: deque[_Waiting] = deque()
        self._led = False

    def apply(self, change: Change) -> int:
        """The revision after ``change`` was applied, durably. Raises ``Conflict`` and what the storage raises."""
        if self._pid != os.getpid():
            self._reset()  # a fork: whoever was waiting there waits in the parent
        mine = _Waiting(change)
        with self._lock:
            self._queue.append(mine)
            mine.leads = not self._led
            self._led = True
        if not mine.leads:
            self._wait(mine)
        if mine.leads:
            self._lead()
        if isinstance(mine.outcome, int):
            return mine.outcome
        raise _fresh(mine.outcome or mine.failure)

    def apply_all(self, changes: Sequence[Change]) -> list[int | BaseException]:
        """As ``apply`` for each, in this order and, as far as ``MOST`` allows, in one commit; failures are returned."""
        if self._pid != os.getpid():
            self._reset()
        mine = [_Waiting(change) for change in changes]
        if not mine:
            return []
        with self._lock:
            self._queue.extend(mine)
            mine[0].leads = not self._led
            self._led = True
        for each in mine:
            if each.outcome is None and each.failure is None:
                if not each.leads:
                    self._wait(each)
                if each.leads:
                    self._lead()
        return [
            each.outcome if isinstance(each.outcome, int) else _fresh(each.outcome or each.failure)
            for each in mine
        ]

    def _wait(self, mine: _Waiting) -> None:
        try:
            mine.turn.acquire()
        except BaseException:  # a signal's; whether the transaction is applied is not known then
            with self._lock:
                if mine in self._queue:
                    self._queue.remove(mine)
                    if mine.leads:
                        self._hand_over()
            raise

    def _hand_over(self) -> None:
        self._led = bool(self._queue)
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].turn.release()

    def _lead(self) -> None:
        group: list[_Waiting] = []
        try:
            with self._lock:
                while self._queue and len(group) < MOST:
                    group.append(self._queue.popleft())
            self._commit(group)
        except BaseException as error:
            for each in group:
                if each.outcome is None and each.failure is None:
                    each.failure = error
            if not isinstance(error, Exception):
                raise  # the leader's own interruption; the others are told that it failed
        finally:
            for each in group:
                if not each.leads:
                    each.turn.release()
            with self._lock:
                self._hand_over()

    def _commit(self, group: Sequence[_Waiting]) -> None:
        if self.before is not None and any(each.change.writes for each in group):
            self.before()
        try:
            self._apply(group)
        except IntegrityError as error:
            failure = error
        else:
            return
        if len(group) == 1:
            raise failure
        for each in group:  # one of them met damage, which is not the others' fault
            try:
                self._apply([each])
            except StoreError as error:
                each.failure = error

    def _apply(self, group: Sequence[_Waiting]) -> None:
        applied = self._storage.apply_many([each.change for each in group])
        if self._after is not None and applied.entries:
            self._after(applied)
        for each, outcome in zip(group, applied.outcomes, strict=True):
            each.outcome = outcome


def _fresh(failure: BaseException | None) -> BaseException:
    """An exception of one's own: several threads raising the same one would mix their tracebacks."""
    if isinstance(failure, Conflict):
        return Conflict(str(failure), retry=failure.retry)
    if isinstance(failure, StoreError):
        return type(failure)(str(failure))
    return failure or RuntimeError("the group was abandoned")
