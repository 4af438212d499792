"""``ServedCore``: the one door, for clients that show a token.

To what ``Core`` does with every request it adds, before: who asks (the token), what answers (the mount), and
whether these may meet; and after, in the same transaction as the engine's effect: the tokens, leases and
wrappings that the answer asks for. Whoever shows no token, or one that is not (any more) in force, learns
nothing else: neither whether a path exists, nor what is wrong with the request.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest, WellkeptError
from ..storage.cached import CachedStorage, NotInMemory
from .cidr import contains
from .core import Core, Step, clean
from .lockout import InvalidCredentials
from .paths import check_path
from .policy import BITS, SUDO
from .refusal import Refusal, denied, one_error
from .request import MUTATIONS, NOTHING, Identity, Response
from .retry import transact
from .together import Together
from .tokens.token import SPENT
from .turn import Turn
from .view import View, WritingView
from .wrapping import ALLOWED, POLICY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..storage.protocol import Reader, Transaction
    from .command import Command, Engine
    from .mount import Mount
    from .policy import ACL
    from .request import Request
    from .service import Service
    from .tokens.token import Token

_LAST_REQUEST = 300.0
"""Seconds after which the worker looks whether a token whose last use was made is still there."""
_NOT_WRAPPED = frozenset({"sys/wrapping/rewrap", "sys/wrapping/unwrap", "sys/wrapping/lookup"})
DENIED = one_error("permission denied")
_BLUNT: dict[tuple[str, ...], str] = {
    (one_error(text),): text for text in ("unsupported path", "unsupported operation")
}


class ServedCore(Core):
    """One for a process; ``service`` holds the parts."""

    def __init__(self, service: Service, scrub: Callable[[], bool] = lambda: True) -> None:
        super().__init__(service.storage, service.audit, service.authority, {}, service.clock, scrub)
        self._service = service
        group = getattr(service.storage.storage, "group", None)
        self._grouped = group is not None and group.before is not None
        prompt = isinstance(service.storage.storage, CachedStorage) and hasattr(self._audit, "broker")
        self._slow: dict[tuple[str, ...], float] = {}  # kinds of changes that a moment ago took a thread
        self.memory: Any = service.storage.storage if prompt else None

        self.handle_together = Together(self).handle
        self._flying: dict[int, tuple[Request, float]] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def in_flight(self) -> list[tuple[Request, float]]:
        """The requests that are being handled here, and since when."""
        return list(self._flying.values())

    def counts(self) -> dict[tuple[str, str], int]:
        """How many requests were handled here, by operation and outcome."""
        return dict(self._counts)

    def handle(self, request: Request) -> Response:
        """The answer to ``request``, or one of ``errors``' kinds."""
        self.takes_off(request)
        with self.landing(request):
            return super().handle(request)

    def takes_off(self, request: Request) -> None:
        """It is being handled from now on."""
        self._flying[id(request)] = (request, self._clock.time())

    def lands(self, request: Request, outcome: str) -> None:
        """It was handled, with this ``outcome``: "ok", a status, "error"."""
        self._flying.pop(id(request), None)
        key = (request.operation if request.operation in BITS else "unknown", outcome)
        self._counts[key] = self._counts.get(key, 0) + 1

    @contextmanager
    def landing(self, request: Request) -> Iterator[None]:
        """Around the handling of a request on a thread of its own."""
        outcome = "error"
        memory = self.memory
        if memory is not None:
            memory.hold()
        try:
            yield
            outcome = "ok"
        except WellkeptError as error:
            outcome = str(error.status)
            raise
        finally:
            if memory is not None:
                memory.release()
            self.lands(request, outcome)
            caller = request.caller
            if caller is not None and caller.num_uses == SPENT:
                self._end(caller)

    def turn(self) -> Turn:
        """For the reads that an event loop answers in one turn."""
        return Turn(self._audit)

    def handle_now(self, request: Request, turn: Turn | None = None) -> Response | None:
        """As ``handle``, on an event loop: nothing waits. ``None``, with nothing done or recorded, when it takes a thread.

        What only looks is answered here, if all of it is in memory and the record goes to files; by the same
        steps as everywhere. With a ``turn``, what comes of it may leave only once that was written.
        """
        memory = self.memory
        if memory is None:
            return None
        kind = None
        if request.operation in MUTATIONS:
            kind = (request.operation, *request.path.split("/", 2)[:2])
            if self._slow.get(kind, 0.0) > self._clock.monotonic():
                return None
        memory.enter()
        try:
            if not self._audit.prompt:
                return None
            step = self._prepare(request)
            command = step.command
            if step.mutation or (command is not None and (command.slow or command.outside is not None)):
                if kind is not None:
                    if len(self._slow) > 1000:
                        self._slow.clear()
                    self._slow[kind] = self._clock.monotonic() + 1.0
                return None
            if command is not None:
                if step.error is None:
                    self._run(step, self._storage)  # memory is of one moment as it is
                if command.after is not None or command.scrub or step.alias is not None:
                    self._clean_up([step])
            if turn is None:
                self._record("response", [step])
            else:
                turn.lines.append(self._line("response", step))
        except NotInMemory:
            return None
        finally:
            memory.leave()
        error = step.error
        key = (request.operation, "ok" if error is None else str(error.status))
        self._counts[key] = self._counts.get(key, 0) + 1
        if error is not None:
            raise error
        return step.response

    def _prepare(self, request: Request) -> Step:
        step = Step(request)
        try:
            self._admit(step)
        except Exception as error:
            step.error = clean(error, request)
        return step

    def _admit(self, step: Step) -> None:
        request = step.request
        operation = request.operation
        if operation not in BITS or operation in ("sudo", "deny"):
            raise InvalidRequest(f"unknown operation {str(operation)!r}")
        path = request.path
        if path.endswith("/"):
            if operation in ("create", "update", "patch"):
                raise Refusal(400, "cannot write to a path ending in '/'")
            if operation in ("list", "scan"):
                path = request.path = path[:-1]
        check_path(path.removesuffix("/") or path)
        step.subject = path
        found = self._service.router.find(path)
        self._service.quotas.check(request, found[0] if found else None)
        if found is None:
            self._require(step, None, "")
            shown = path + "/" if operation in ("list", "scan") else path
            raise Refusal(404, f'no handler for route "{shown}". route entry not found.')
        mount, rest = found
        request.mount = mount
        step.prefix = mount.prefix
        engine = self._service.router.engine(mount)
        unauthenticated: frozenset[str] = getattr(engine, "unauthenticated", frozenset())
        asked = rest + "/" if operation in ("list", "scan") else rest
        if unauthenticated and matches(unauthenticated, asked):
            self._greet(request)
            self._parse_freely(step, engine, rest)
            self._check_lockout(step, mount, engine, rest)
            return
        self._require(step, engine, rest)

    def _greet(self, request: Request) -> None:
        """Who shows a token where none is wanted may be known by it all the same."""
        if request.token:
            caller = self._service.tokens.authenticate(request.token, self._clock.time())
            if caller is not None and address_allowed(caller, request.client.address):
                _introduce(request, caller)

    def _check_lockout(self, step: Step, mount: Mount, engine: Engine, rest: str) -> None:
        """Who failed to log in too often is refused before the secret is looked at, right or wrong."""
        login_alias: Callable[[Request, str], str | None] | None = getattr(engine, "login_alias", None)
        if login_alias is None:
            return
        step.alias = login_alias(step.request, rest)
        if step.alias is not None:
            now = self._clock.time()
            if self._service.lockout.locked(self._storage, mount, step.alias, now):
                raise denied()

    def _count_failure(self, step: Step) -> None:
        mount, alias = step.request.mount, step.alias
        if mount is None or alias is None or not isinstance(step.error, InvalidCredentials):
            return
        lockout, now = self._service.lockout, self._clock.time()
        transact(self._storage, lambda transaction: lockout.failed(transaction, mount, alias, now))

    def _require(self, step: Step, engine: Engine | None, rest: str) -> None:
        """Let nobody pass who may not. What is wrong with the request is said only to those who may make it."""
        request = step.request
        caller = self._authenticate(request)
        failure: Exception | None = None
        if engine is not None:
            try:
                self._parse_with(step, engine, rest)
            except Exception as error:
                failure = error
        sudo: frozenset[str] = getattr(engine, "sudo", frozenset())
        folder = request.operation in ("list", "scan")
        wants_sudo = bool(sudo) and (matches(sudo, rest) or (folder and matches(sudo, rest + "/")))
        self._allow(step, caller, self._storage, sudo=wants_sudo)
        if failure is not None:
            raise failure

    def _authenticate(self, request: Request) -> Token:
        if not request.token:
            raise denied()
        now = self._clock.time()
        caller = self._service.tokens.authenticate(request.token, now)
        if caller is None:
            raise denied()
        if not address_allowed(caller, request.client.address):
            raise denied()
        if caller.num_uses:
            caller = self._spend(caller)
        _introduce(request, caller)
        return caller

    def _spend(self, caller: Token) -> Token:
        """One use less, durably, before anything else happens: a crash never gives a use back."""
        tokens = self._service.tokens

        def use(transaction: Transaction) -> Token | None:
            view = WritingView(transaction, "")
            token = tokens.get(view, caller.key)
            if token is None or token.num_uses <= 0:
                return None
            token.num_uses = token.num_uses - 1 or SPENT
            tokens.put(view, token)
            if token.num_uses == SPENT:
                self._service.leases.remind(view, token, self._clock.time() + _LAST_REQUEST)
            return token

        used = transact(self._storage, use)
        if used is None:
            raise denied()
        return used

    def _end(self, caller: Token) -> None:
        """Its last use was made."""
        tokens, revoker = self._service.tokens, self._service.revoker

        def end(transaction: Transaction) -> None:
            view = WritingView(transaction, "")
            token = tokens.get(view, caller.key)
            if token is not None:
                revoker.token(view, token, self._clock.time())

        try:
            transact(self._storage, end)
        except WellkeptError:
            pass  # it is good for nothing already, and the worker is reminded of it

    def _parse_with(self, step: Step, engine: Engine, rest: str) -> None:
        request = step.request
        parse_request: Callable[[Request, str], Command] | None = getattr(engine, "parse_request", None)
        if request.path.endswith("/"):
            raise Refusal(404, one_error("unsupported path"))
        if parse_request is not None:
            command = parse_request(request, rest)
        else:
            command = engine.parse(request.operation, rest, request.data)
        step.command = command
        step.subject = command.subject
        writes = command.writes
        step.mutation = request.operation in MUTATIONS if writes is None else writes
        if request.wrap_ttl:
            step.mutation = True

    def _parse_freely(self, step: Step, engine: Engine, rest: str) -> None:
        """The same where no token is wanted; there OpenBao says bluntly what it does not know."""
        failure: Refusal | None = None
        try:
            self._parse_with(step, engine, rest)
        except Refusal as error:
            failure = error
        if failure is not None:
            blunt = _BLUNT.get(failure.errors)
            raise failure if blunt is None else Refusal(failure.status, blunt)

    def _allow(self, step: Step, caller: Token, source: Reader, *, sudo: bool) -> None:
        """Raises ``Refusal`` 403. Settles whether an update is a create, where the caller may not do both."""
        request, command = step.request, step.command
        operation: str = request.operation
        acl = self._acl(caller)
        if acl is None:  # a wrapping token
            if (operation, request.path) not in ALLOWED:
                raise Refusal(403, DENIED)
            return
        granted = acl.capabilities(request.path, listing=operation in ("list", "scan"))
        step.sudo = sudo or (command is not None and command.sudo)
        if operation in ("create", "update"):
            both = granted & _WRITES
            if command is None:
                operation = "update" if granted & BITS["update"] else "create"
            elif command.exists is not None:
                step.ambiguous = both not in (0, _WRITES)
                if step.ambiguous:
                    operation = "update" if command.exists(View(source, step.prefix)) else "create"
            else:
                operation = "update"
        step.operation = operation
        if step.sudo and not granted & SUDO:
            raise Refusal(403, DENIED)
        if not acl.check(operation, request.path, request.data, request.wrap_ttl):
            raise Refusal(403, DENIED)

    def _authorise(self, step: Step, source: Reader) -> None:
        """Once more, inside the transaction, where it hangs on what is stored."""
        caller = step.request.caller
        if caller is not None:
            self._allow(step, caller, source, sudo=step.sudo)

    def _acl(self, caller: Token) -> ACL | None:
        if caller.policies == (POLICY,):
            return None
        return self._service.acl(caller)

    def _outside(self, steps: list[Step]) -> None:
        for step in steps:
            command = step.command
            if command is None or step.error is not None or command.outside is None:
                continue
            try:
                step.result = command.outside()
            except Exception as error:
                step.error = clean(error, step.request)

    def _execute(self, step: Step, command: Command, view: View) -> Response:
        now = self._clock.time()
        request = step.request
        known = () if command.outside is None else (step.result,)
        response = command.run(view, now, *known)
        if response.auth is None and response.lease is None and not request.wrap_ttl:
            return response
        if step.alias is not None and response.auth is not None and request.mount is not None:
            self._service.lockout.succeeded(view.whole(), request.mount, step.alias)  # type: ignore[arg-type]
        return self._grant(request, request.mount, response, view, now)

    def _grant(
        self, request: Request, mount: Mount | None, response: Response, view: View, now: float
    ) -> Response:
        """Make what the answer asks for: its token, its lease, its wrapping."""
        assert mount is not None
        if not isinstance(view, WritingView):  # a command that brings its own transaction, or none
            return transact(
                self._storage,
                lambda moment: self._grant(request, mount, response, WritingView(moment, ""), now),
            )
        whole = view.whole()
        issuer = self._service.issuer
        auth, lease = response.auth, response.lease
        if auth is not None and not auth.client_token and not auth.accessor:
            auth = response.auth = replace(auth)  # the engine's own stays as it is, for another attempt
            issuer.token(whole, request, mount, auth, now, response)
        if lease is not None and not lease.lease_id and not lease.duration:
            lease = response.lease = replace(lease)
            issuer.lease(whole, request, mount, lease, now, response)
        worth = request.path == "sys/wrapping/wrap" or _worth_wrapping(response)
        if request.wrap_ttl and request.path not in _NOT_WRAPPED and worth:
            path = request.path + "/" if request.operation in ("list", "scan") else request.path
            return self._service.wrapping.wrap(whole, response, path, request.wrap_ttl, now)
        return response

    def _write(self, kind: str, steps: Sequence[Step]) -> None:
        """A read's line is written; a mutation's is on disk: before its effect, and before its answer. Where commits
        come in groups, the group syncs the lines of what it is about to do, once for all."""
        super()._write(kind, steps)
        if len(steps) == 1 and not steps[0].mutation:
            return
        mutating = [step for step in steps if step.mutation]
        if mutating and (kind == "response" or not self._grouped or any(map(_acts_outside, mutating))):
            self._audit.sync()

    def _clean_up(self, steps: list[Step]) -> None:
        super()._clean_up(steps)
        for step in steps:
            self._count_failure(step)
            command, response = step.command, step.response
            if command is None or response is None or command.after is None:
                continue
            try:
                step.response = command.after(response)
            except Exception as error:
                step.fail(clean(error, step.request))


_WRITES = BITS["create"] | BITS["update"]


def _acts_outside(step: Step) -> bool:
    """Whether it has an effect before or without the core's transaction."""
    command = step.command
    return command is not None and (command.outside is not None or not command.transaction)


def _worth_wrapping(response: Response) -> bool:
    return (
        bool(response.data)
        or response.data is NOTHING
        or response.auth is not None
        or response.lease is not None
    )


def _introduce(request: Request, caller: Token) -> None:
    request.caller = caller
    request.identity = Identity(caller.display_name, caller.policies)


def address_allowed(caller: Token, address: str) -> bool:
    """Whether the token may be used from ``address``; one that is bound may not be used from nowhere."""
    if not caller.bound_cidrs:
        return True
    return contains(caller.bound_cidrs, address)


@lru_cache(4096)
def matches(patterns: frozenset[str], path: str) -> bool:
    """Whether ``path`` is one of ``patterns``: exact, or with a ``*`` at the end, or ``+`` for a segment."""
    if path in patterns:
        return True
    return any(_fits(pattern, path) for pattern in patterns if pattern[-1:] == "*" or "+" in pattern)


def _fits(pattern: str, path: str) -> bool:
    if "+" not in pattern:
        return path.startswith(pattern[:-1])
    wanted, parts = pattern.split("/"), path.split("/")
    open_end = wanted[-1] == "*"
    if open_end:
        wanted.pop()
        if len(parts) <= len(wanted):
            return False
    elif len(parts) != len(wanted):
        return False
    return all(one in ("+", other) for one, other in zip(wanted, parts, strict=False))
