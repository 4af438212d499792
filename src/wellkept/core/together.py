"""Many changes for little more than the price of one: requests that arrive at the same time, on one thread.

Each has its own transaction and its own fate: it is authorised, run and recorded for itself, and a conflict
or an error fails nobody else. What they share is what costs most: one write and one sync for the request
lines, one commit, one write and one sync for the response lines. Who loses a race goes into the next batch,
ahead of the newcomers. What may take long (a password's hash, another system) or needs more than one
transaction is not done here but handed back, to be finished on a thread of its own.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import AuditError, Conflict, WellkeptError
from .core import Step, clean
from .retry import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..storage.transaction import Change
    from .request import Request, Response
    from .served import ServedCore


class Again(NamedTuple):
    """Lost a race: to be put into the next batch in place of its request. ``since``: when it came, monotonic."""

    step: Step
    since: float


Outcome = Any
"""``Response | WellkeptError | Again | Callable[[], Response]``: the answer; or what is to be asked again; or what gives the answer (or raises) when called on another thread."""


class Together:
    """One for a core. ``handle`` is to be called by one thread at a time."""

    def __init__(self, core: ServedCore) -> None:
        self._core = core

    def handle(self, asked: Sequence[Request | Again]) -> list[Outcome]:
        """The ``Outcome`` of each of ``asked``."""
        core = self._core
        memory = core.memory
        if memory is None:
            return [partial(core.handle, _request(each)) for each in asked]
        memory.hold()
        try:
            return self._handle(asked)
        finally:
            memory.release()

    def _handle(self, asked: Sequence[Request | Again]) -> list[Outcome]:
        core = self._core
        outcomes: list[Any] = [None] * len(asked)
        places: list[tuple[int, Step]] = []
        fresh: list[Step] = []
        now = time.monotonic()
        for at, each in enumerate(asked):
            if isinstance(each, Again):
                places.append((at, each.step))
                continue
            core.takes_off(each)
            step = core._prepare(each)
            if _alone(step):
                outcomes[at] = partial(self._finish, step, requested=False)
                continue
            places.append((at, step))
            if step.mutation and step.error is None:
                fresh.append(step)
        failure = self._recorded("request", fresh)
        changes: list[Change] = []
        changing: list[Step] = []
        lost: set[int] = set()
        for _, step in places:
            if failure is not None and not step.requested:
                continue
            if step.error is None and step.mutation:
                change = self._attempt(step, lost)
                if change is not None:
                    changes.append(change)
                    changing.append(step)
            elif step.error is None:
                core._read([step])
        lost |= self._commit(changing, changes)
        done: list[Step] = []
        for at, step in places:
            if failure is not None and not step.requested:
                outcomes[at] = _copy(failure)
            elif id(step) in lost:
                since = each.since if isinstance(each := asked[at], Again) else now
                late = now - since > PATIENCE
                outcomes[at] = partial(self._finish, step, requested=True) if late else Again(step, since)
            elif step.alias is not None and step.error is not None:
                outcomes[at] = partial(
                    self._tell, step
                )  # a failed login is counted, in a transaction of its own
            else:
                done.append(step)
                outcomes[at] = step
        failure = self._recorded("response", done)
        for at, each in enumerate(outcomes):
            if isinstance(each, Step):
                outcomes[at] = self._answer(each, failure)
            elif isinstance(each, WellkeptError):
                core.lands(_request(asked[at]), str(each.status))
        return outcomes

    def _attempt(self, step: Step, lost: set[int]) -> Change | None:
        """Run it in a transaction of its own; what that is to change, or ``None`` when it failed or has ``lost``."""
        core = self._core
        transaction: Any = core._storage.transaction()
        step.error = step.response = None
        try:
            if step.ambiguous:
                core._authorise(step, transaction)
            core._run(step, transaction)
        except Exception as error:
            if isinstance(error, Conflict) and error.retry:
                lost.add(id(step))
            step.error = clean(error, step.request)
        if step.error is not None:
            transaction.rollback()
            if id(step) in lost:
                step.error = None
            return None
        change: Change = transaction.change()
        return change

    def _commit(self, steps: Sequence[Step], changes: Sequence[Change]) -> set[int]:
        """Those of ``steps`` (by ``id``) that lost a race; the others are done, or have failed."""
        lost: set[int] = set()
        if not steps:
            return lost
        try:
            outcomes: list[Any] = self._core._storage.apply_all(changes)  # type: ignore[attr-defined]
        except Exception as error:
            outcomes = [error] * len(steps)
        for step, outcome in zip(steps, outcomes, strict=True):
            if isinstance(outcome, Conflict) and outcome.retry:
                lost.add(id(step))
            elif isinstance(outcome, Exception):
                step.fail(clean(outcome, step.request))
            elif isinstance(outcome, BaseException):
                raise outcome
        return lost

    def _recorded(self, kind: str, steps: Sequence[Step]) -> WellkeptError | None:
        """Write their lines; what went wrong."""
        if not steps:
            return None
        try:
            self._core._write(kind, steps)
        except WellkeptError as error:
            failure: WellkeptError = clean(error, steps[0].request)
        except Exception as error:
            failure = AuditError(f"the audit record could not be written ({type(error).__name__})")
        else:
            return None
        if kind == "request":
            for step in steps:
                step.requested = False  # its line was made, and not written: nothing may be done
        return failure

    def _answer(self, step: Step, failure: WellkeptError | None) -> Response | WellkeptError:
        if failure is not None:
            made = step.mutation and step.error is None
            step.fail(
                _copy(failure, " (the change itself was made before its outcome was to be recorded)" * made)
            )
        answer = step.answer()
        self._core.lands(step.request, "ok" if step.error is None else str(step.error.status))
        return answer

    def _finish(self, step: Step, *, requested: bool) -> Response:
        """What ``Core.handle`` does, from where it was left."""
        core = self._core
        with core.landing(step.request):
            if requested:
                core._change([step])
                core._clean_up([step])
            elif step.mutation:
                core._mutate([step])
                core._clean_up([step])
            else:
                core._read([step])
            core._record("response", [step])
            return _given(step)

    def _tell(self, step: Step) -> Response:
        core = self._core
        with core.landing(step.request):
            core._clean_up([step])
            core._record("response", [step])
            return _given(step)


def _given(step: Step) -> Response:
    answer = step.answer()
    if isinstance(answer, WellkeptError):
        raise answer
    return answer


def _alone(step: Step) -> bool:
    """Whether it takes long, or more than a transaction."""
    command, caller = step.command, step.request.caller
    if caller is not None and caller.num_uses:
        return True
    if command is None:
        return False
    return (
        command.slow
        or command.scrub
        or command.outside is not None
        or command.after is not None
        or not command.transaction
    )


def _copy(failure: WellkeptError, more: str = "") -> WellkeptError:
    """One for each: several requests raising the same one would mix their tracebacks."""
    return type(failure)(f"{failure}{more}")


def _request(each: Request | Again) -> Request:
    return each.step.request if isinstance(each, Again) else each
