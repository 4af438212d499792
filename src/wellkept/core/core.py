"""``Core``: the one door to everything stored. No other path to the same action exists.

A request passes, in this order: its path is checked, its mount found, its form parsed by the engine, its
sender authorised, the record written, the engine run, the outcome recorded, and only then answered. A
mutation is recorded before its effect and after it; a read once, before its answer leaves. When a record
cannot be written the request fails, and before the effect that means: nothing happened.

Whatever goes wrong is one of ``errors``' kinds when it leaves here, without a traceback into the rooms
below: their frames hold values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import AuditError, Conflict, Denied, InvalidRequest, StoreError, WellkeptError
from .paths import check_path, show
from .policy import BITS, SUDO
from .request import MUTATIONS
from .retry import transact
from .view import View, WritingView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..clock import Clock
    from ..storage.protocol import Reader, Storage, Transaction
    from .audit import Audit
    from .audit_served.record import ServedAudit
    from .authority import Authority
    from .command import Command, Engine
    from .request import Request, Response


class Core:
    """``mounts`` maps a first path segment to its engine and the engine's prefix in ``storage``.

    ``scrub`` makes the storage forget deleted values for good, where that takes more than deleting them.
    """

    def __init__(
        self,
        storage: Storage,
        audit: Audit | ServedAudit,
        authority: Authority,
        mounts: Mapping[str, tuple[Engine, str]],
        clock: Clock,
        scrub: Callable[[], bool] = lambda: True,
    ) -> None:
        self._scrub = scrub
        self._storage = storage
        self._audit = audit
        self._authority = authority
        self._mounts = mounts
        self._clock = clock

    def handle(self, request: Request) -> Response:
        """The answer to ``request``, or one of ``errors``' kinds."""
        answer = self.handle_many([request])[0]
        if isinstance(answer, WellkeptError):
            raise answer
        return answer

    def handle_many(self, requests: Sequence[Request]) -> list[Response | WellkeptError]:
        """Several requests for the price of one: one transaction, and one sync of the audit log.

        Reads stand each for themselves. As soon as one of the requests is a mutation, all or nothing of the
        batch is done: the failing one gets its error and the others a ``Conflict`` that names it. Raises
        what concerns all of them: ``AuditError``, ``StorageUnavailable``.
        """
        steps = [self._prepare(request) for request in requests]
        if not steps:
            return []
        if any(step.mutation for step in steps):
            self._mutate(steps)
            self._clean_up(steps)
        else:
            self._read(steps)
        self._record("response", steps)
        return [step.answer() for step in steps]

    def _prepare(self, request: Request) -> Step:
        step = Step(request)
        try:
            self._parse(step)
            self._authorise(step, self._storage)
        except Exception as error:
            step.error = clean(error, request)
        return step

    def _parse(self, step: Step) -> None:
        request = step.request
        if request.operation not in BITS or request.operation in ("sudo", "deny"):
            raise InvalidRequest(f"unknown operation {str(request.operation)!r}")
        path = check_path(request.path)
        first, _, rest = path.partition("/")
        mount = self._mounts.get(first)
        if mount is None:
            raise InvalidRequest(
                f"nothing is mounted at {show(first)}; mounted: {', '.join(sorted(self._mounts))}"
            )
        engine, step.prefix = mount
        step.subject = engine.subject(rest)
        step.command = engine.parse(request.operation, rest, request.data)
        step.mutation = request.operation in MUTATIONS

    def _authorise(self, step: Step, source: Reader) -> None:
        """Raises ``Denied``. Settles whether an update is a create, where the sender may not do both."""
        request, command = step.request, step.command
        assert command is not None
        acl = self._authority.acl(request.identity.policies)
        operation = request.operation
        granted = acl.capabilities(request.path, listing=operation == "list")
        if operation in ("create", "update") and command.exists is not None:
            step.ambiguous = (granted & _WRITES) not in (0, _WRITES)
            if step.ambiguous:
                operation = "update" if command.exists(View(source, step.prefix)) else "create"
        step.operation = operation
        if not granted & BITS[operation] or (command.sudo and not granted & SUDO):
            wanted = f"{operation} with sudo" if command.sudo else operation
            raise Denied(
                f"{wanted} of {show(request.path)} is not allowed by "
                f"{self._authority.explain(request.identity.policies)}",
                name=step.subject,
            )

    def _read(self, steps: list[Step]) -> None:
        """All that only looks at entries sees one moment; what concerns the store as a whole runs outside of it."""
        self._outside(steps)
        looking = []
        for step in steps:
            if step.command is not None and step.error is None:
                if step.command.transaction:
                    looking.append(step)
                else:
                    self._run(step, self._storage)
        if not looking:
            return

        def look(moment: Reader) -> None:
            for step in looking:
                self._run(step, moment)

        failure: WellkeptError | None = None
        try:
            self._storage.snapshot(look)
        except WellkeptError as error:
            failure = clean(error, looking[0].request)
        if failure is not None:
            for step in looking:
                step.fail(failure)

    def _mutate(self, steps: list[Step]) -> None:
        if self._abort(steps):
            return
        alone = [step for step in steps if step.command is not None and not step.command.transaction]
        if alone and len(steps) > 1:
            alone[0].error = InvalidRequest(f"{show(alone[0].request.path)} cannot be part of a batch")
            self._abort(steps)
            return
        self._record("request", [step for step in steps if step.mutation])
        self._outside(steps)
        if self._abort(steps):
            return
        if alone:
            self._run(alone[0], self._storage)
            return
        self._change(steps)

    def _change(self, steps: list[Step]) -> None:
        """All of ``steps`` in one transaction, or none."""
        failure: WellkeptError | None = None
        try:
            transact(self._storage, lambda transaction: self._apply(steps, transaction))
        except _Failed:
            self._abort(steps)
        except Exception as error:
            failure = clean(error, steps[0].request)
        except BaseException as error:
            self._interrupted(steps, error)
            raise
        if failure is not None:
            for step in steps:
                step.fail(failure)

    def _apply(self, steps: list[Step], transaction: Transaction) -> None:
        for step in steps:
            step.error = step.response = None
            retry: Conflict | None = None
            try:
                if step.ambiguous:
                    self._authorise(step, transaction)
                self._run(step, transaction)
            except Conflict as error:
                retry = error
            except Exception as error:
                step.error = clean(error, step.request)
            if retry is not None:
                raise retry
            if step.error is not None:
                raise _Failed

    def _run(self, step: Step, source: Any) -> None:
        command, request = step.command, step.request
        assert command is not None
        transactional = step.mutation and command.transaction
        view = WritingView(source, step.prefix) if transactional else View(source, step.prefix)
        failure: WellkeptError | None = None
        try:
            step.response = self._execute(step, command, view)
        except Conflict as error:
            if error.retry:
                raise
            failure = clean(error, request)
        except Exception as error:
            failure = clean(error, request)
        step.error = failure

    def _execute(self, step: Step, command: Command, view: View) -> Response:
        return command.run(view, self._clock.time())

    def _outside(self, steps: list[Step]) -> None:
        """What is to be done before the transaction; a failure stands in the step. The embedded store has none."""

    def _clean_up(self, steps: list[Step]) -> None:
        """The change stands already, so a failure here is a warning in the answer."""
        scrubbing = [
            step.response
            for step in steps
            if step.response is not None and step.command and step.command.scrub
        ]
        if not scrubbing:
            return
        try:
            scrubbed = self._scrub()
        except WellkeptError:
            scrubbed = False
        if not scrubbed:
            for response in scrubbing:
                response.warnings = (*response.warnings, "what was removed is still in the log for a while")

    @staticmethod
    def _abort(steps: list[Step]) -> bool:
        """When one has failed, all have. Whether it is so."""
        failed = next((step for step in steps if step.error is not None), None)
        if failed is None:
            return False
        for step in steps:
            if step.error is None:
                step.fail(Aborted(f"nothing was changed, because {show(failed.request.path)} failed"))
        return True

    def _interrupted(self, steps: list[Step], error: BaseException) -> None:
        """Ctrl-C and its like, in the middle: whether the change was made is not known; say at least that."""
        records = [
            self._audit.record("response", step.request, error=error) for step in steps if step.mutation
        ]
        try:
            self._audit.write(records)
        except WellkeptError:
            pass  # the interruption is what the caller must see; the request lines are there

    def _record(self, kind: str, steps: Sequence[Step]) -> None:
        failure: WellkeptError | None = None
        try:
            self._write(kind, steps)
        except WellkeptError as error:
            failure = clean(error, steps[0].request)
        except Exception as error:
            failure = AuditError(f"the audit record could not be written ({type(error).__name__})")
        if failure is None:
            return
        done = kind == "response" and any(step.mutation and step.error is None for step in steps)
        if done:
            failure = type(failure)(
                f"{failure} (the change itself was made before its outcome was to be recorded)"
            )
        raise failure

    def _write(self, kind: str, steps: Sequence[Step]) -> None:
        """Make the records of ``steps`` durable. Raises ``AuditError``."""
        self._audit.write([self._line(kind, step) for step in steps])

    def _line(self, kind: str, step: Step) -> str:
        command, response = step.command, step.response
        answered = kind == "response"
        written = answered and step.mutation and step.requested
        step.requested = True
        return self._audit.record(
            kind,
            step.request,
            operation=step.operation,
            clear=None if command is None or written else command.clear,
            values=self._values(step, answered, written),
            version=response.version if answered and response is not None else None,
            error=step.error if answered else None,
            response=response if answered else None,
        )

    @staticmethod
    def _values(step: Step, answered: bool, written: bool) -> Mapping[str, bytes] | None:
        if answered and step.response is not None and step.response.digests:
            return step.response.digests
        return None if step.command is None or written else step.command.values


_WRITES = BITS["create"] | BITS["update"]


class Aborted(Conflict):
    """Another request of the same batch failed, so nothing of the batch was done."""


class _Failed(Exception):
    """Leaves the transaction; the step holds the reason."""


class Step:
    """One request on its way."""

    __slots__ = (
        "alias",
        "ambiguous",
        "command",
        "error",
        "mutation",
        "operation",
        "prefix",
        "request",
        "requested",
        "response",
        "result",
        "subject",
        "sudo",
    )

    def __init__(self, request: Request) -> None:
        self.request = request
        self.operation: str = request.operation
        self.command: Command | None = None
        self.prefix = ""
        self.subject = ""
        self.mutation = False
        self.ambiguous = False
        self.requested = False
        self.response: Response | None = None
        self.error: WellkeptError | None = None
        self.result: Any = None
        self.sudo = False
        self.alias: str | None = None

    def fail(self, error: WellkeptError) -> None:
        self.error = error
        self.response = None

    def answer(self) -> Response | WellkeptError:
        if self.error is not None:
            return self.error
        assert self.response is not None
        return self.response


def clean(error: Exception, request: Request) -> WellkeptError:
    """``error`` as one of our kinds, cut loose from frames and other exceptions, which may hold values."""
    if not isinstance(error, WellkeptError):
        if isinstance(error, RecursionError):
            return InvalidRequest(f"the request for {show(request.path)} is nested too deep")
        where = _where(error)
        return StoreError(
            f"internal error while handling {request.operation} of {show(request.path)}: "
            f"{type(error).__name__}{where}; please report it"
        )
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _where(error: Exception) -> str:
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f" in {code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
