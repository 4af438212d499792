"""``App``: Vault's API as a function from one HTTP request to one answer. No transport in here.

``now`` answers what can be answered from memory, on the event loop; for the rest it returns ``None`` and the
transport calls ``slow`` in a thread. What both share happens once: the ``Exchange`` keeps the request that was
made of it.
"""

from __future__ import annotations

import html
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.form.duration import parse_seconds
from ..core.refusal import Refusal
from ..core.request import MUTATIONS, Client, Request, Response
from ..core.together import Again
from ..errors import Sealed, WellkeptError
from . import cors, envelope
from .exchange import Answer, Exchange, refuse
from .forwarded import Forwarding
from .limits import DEFAULT, Limits, parse_object
from .target import Redirect, gathered, pairs, parameters, split, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..core.turn import Turn
    from .node import Node

    Handler = Callable[[Exchange, str, bytes, str], Answer]

SEALED = "Vault is sealed"
NO_HELP = "there is no help over the API; sys/internal/specs/openapi describes every path"
INLINE = 16 * 1024
"""Bytes of body up to which a request is tried on the event loop."""

_OPERATIONS = {"GET": "read", "PUT": "update", "POST": "update", "DELETE": "delete", "LIST": "list",
               "SCAN": "scan", "PATCH": "patch"}  # fmt: skip
_WRITTEN_ONLY = frozenset({"sys/seal", "sys/step-down"})
_MERGE_PATCH = "application/merge-patch+json"


class Special:
    """Paths below ``/v1/`` that answer without the core: before there is one, or about it.

    ``quick``: by path and method, answered on the event loop; ``patient``: in a thread. Both get the exchange,
    the path, the raw query and the client's address.
    """

    def __init__(
        self,
        quick: Mapping[str, Mapping[str, Handler]] | None = None,
        patient: Mapping[str, Mapping[str, Handler]] | None = None,
    ) -> None:
        self.quick = dict(quick or {})
        self.patient = dict(patient or {})


class App:
    """One for each listener, since limits and trusted proxies are the listener's."""

    def __init__(
        self,
        node: Node,
        special: Special,
        *,
        limits: Limits = DEFAULT,
        forwarding: Forwarding = Forwarding(),  # noqa: B008 - a tuple of constants
    ) -> None:
        self.limits = limits
        self._node = node
        self._quick = special.quick
        self._patient = special.patient
        self._forwarding = forwarding if forwarding.trusted else None
        self._clients: dict[str, Client] = {}

    def turn(self) -> Turn | None:
        """For what is answered ``now`` in one turn of the loop."""
        service = self._node.service
        return None if service is None else service.turn()

    def now(self, exchange: Exchange, turn: Turn | None = None) -> Answer | None:
        """The answer, or ``None`` when it takes a thread. With a ``turn``, it may leave once that was written."""
        try:
            return self._now(exchange, turn)
        except Exception as error:
            return self.failed(error, exchange)

    def slow(self, exchange: Exchange) -> Answer:
        """The answer. May take its time."""
        if b"origin" in exchange.headers:
            return self._from_a_page(exchange)
        try:
            return self._slow(exchange)
        except Exception as error:
            return self.failed(error, exchange)

    def failed(self, error: Exception, exchange: Exchange) -> Answer:
        """What is said of ``error``."""
        if self._node.service is None and not isinstance(error, Refusal | Redirect):
            return refuse(503, SEALED)  # closed while this was being answered
        return failed(error, exchange)

    def _from_a_page(self, exchange: Exchange) -> Answer:
        permission: cors.Headers = ()
        try:
            answer, permission = cors.check(exchange, self._node.service)
            if answer is None:
                answer = self._slow(exchange)
        except Exception as error:
            answer = self.failed(error, exchange)
        return answer._replace(headers=answer.headers + permission) if permission else answer

    def _now(self, exchange: Exchange, turn: Turn | None) -> Answer | None:
        if len(exchange.body) > INLINE or b"origin" in exchange.headers:
            return None
        path, query = split(exchange.target)
        if path[:4] != "/v1/":
            return _elsewhere(path)
        name = path[4:]
        if name in self._quick:
            return _by_method(self._quick[name], exchange, name, query, self._address(exchange))
        if name in self._patient:
            return None
        service = self._node.service
        if service is None:
            return _while_sealed(exchange, name)
        handle = service.handle_now
        if handle is None:
            return None
        exchange.request = request = self._request(exchange, name, query)
        response = handle(request) if turn is None else handle(request, turn)
        if response is not None:
            return envelope.answer(request, response)
        exchange.together = request.operation in MUTATIONS and service.handle_together is not None
        return None

    def together(self, exchanges: Sequence[Exchange]) -> list[Answer | Callable[[], Answer] | None]:
        """The answers to those that ``now`` has marked so, on a thread; or what gives it on another thread, or
        ``None`` for those that are to be given again."""
        service = self._node.service
        if service is None or service.handle_together is None:
            return [partial(self.slow, exchange) for exchange in exchanges]
        with service:
            outcomes = service.handle_together([exchange.asked or exchange.request for exchange in exchanges])
            answers = [self._outcome(*each) for each in zip(exchanges, outcomes, strict=True)]
        if service.ending:
            self._node.seal()
        return answers

    def _outcome(self, exchange: Exchange, outcome: Any) -> Answer | Callable[[], Answer] | None:
        assert exchange.request is not None
        try:
            if isinstance(outcome, Response):
                return envelope.answer(exchange.request, outcome)
            if isinstance(outcome, Exception):
                return self.failed(outcome, exchange)
        except Exception as error:
            return self.failed(error, exchange)
        exchange.asked = outcome
        if isinstance(outcome, Again):
            return None
        return partial(self.slow, exchange)

    def _slow(self, exchange: Exchange) -> Answer:
        request = exchange.request
        if request is None:
            path, query = split(exchange.target)
            if path[:4] != "/v1/":
                return _elsewhere(path)
            name = path[4:]
            for table in (self._quick, self._patient):
                if name in table:
                    return _by_method(table[name], exchange, name, query, self._address(exchange))
            if self._node.service is None:
                return _while_sealed(exchange, name)
            exchange.request = request = self._request(exchange, name, query)
        service = self._node.service
        if service is None:
            raise Sealed(SEALED)
        with service:
            response = exchange.asked() if callable(exchange.asked) else service.handle(request)
        if service.ending:
            self._node.seal()
        return envelope.answer(request, response)

    def _address(self, exchange: Exchange) -> str:
        if self._forwarding is None:
            return exchange.peer
        return self._forwarding.client(exchange.peer, exchange.headers.get(b"x-forwarded-for"))

    def _request(self, exchange: Exchange, path: str, query: bytes) -> Request:
        headers = exchange.headers
        if b"help=" in query and any(name == "help" and value for name, value in pairs(query)):
            raise Refusal(405, NO_HELP)  # whatever the method: who asks for help wants nothing done
        address = self._address(exchange)
        method = exchange.method
        operation = _OPERATIONS.get(method)
        if operation is None:
            if method == "OPTIONS":
                raise Refusal(400, "cannot handle internal-only request operation")
            raise Refusal(405)
        if path in _WRITTEN_ONLY and operation != "update":
            raise Refusal(405)  # said before anybody is asked who they are, as OpenBao does
        if b"x-vault-namespace" in headers:
            _check_namespace(headers[b"x-vault-namespace"])
        data: dict[str, Any] | None
        if operation in ("update", "patch"):
            if operation == "patch":
                _check_patch(headers.get(b"content-type"))
            data = self._body(exchange)
        else:
            data = parameters(query) if query else {}
            if operation == "read" and data:
                operation = _listing(data)
            if operation in ("list", "scan") and not path.endswith("/"):
                path += "/"
        wrap = headers.get(b"x-vault-wrap-ttl")
        return Request(
            operation,  # type: ignore[arg-type]
            path,
            data,
            client=self._client(address),
            token=_token(headers),
            wrap_ttl=_wrap_ttl(wrap) if wrap else None,
            headers=_Headers(headers),
            peer_certificate=exchange.certificate() if exchange.certificate is not None else None,
        )

    def _client(self, address: str) -> Client:
        known = self._clients.get(address)
        if known is None:
            if len(self._clients) > 4096:
                self._clients.clear()
            known = self._clients[address] = self._node.client._replace(address=address)
        return known

    def _body(self, exchange: Exchange) -> dict[str, Any] | None:
        body = exchange.body
        if body and body[:1] != b"{":
            kind = exchange.headers.get(b"content-type", b"")
            if kind.partition(b";")[0].strip().lower() == b"application/x-www-form-urlencoded":
                return gathered(pairs(body))
        return parse_object(body, self.limits)


def _listing(data: dict[str, Any]) -> str:
    """What a GET is, by its parameters ``list`` and ``scan``, which are taken out when they are true."""
    wanted = []
    for name in ("list", "scan"):
        flag = data.get(name)
        if isinstance(flag, str) and flag and truth(flag):
            del data[name]
            wanted.append(name)
    if len(wanted) > 1:
        raise Refusal(400)
    return wanted[0] if wanted else "read"


class _Headers(dict[str, str]):
    """The transport's headers as text, decoded when somebody looks."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Mapping[bytes, bytes]) -> None:
        super().__init__()
        self._raw: Mapping[bytes, bytes] | None = raw

    def _fill(self) -> None:
        if self._raw is not None:
            raw, self._raw = self._raw, None
            self.update((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.items())

    def __missing__(self, name: str) -> str:
        if self._raw is None:
            raise KeyError(name)
        self._fill()
        return self[name]

    def get(self, name: str, default: Any = None) -> Any:
        if self._raw is not None:
            value = self._raw.get(name.encode("latin-1", "replace"))
            return default if value is None else value.decode("latin-1")
        return super().get(name, default)

    def items(self) -> Any:
        self._fill()
        return super().items()

    def keys(self) -> Any:
        self._fill()
        return super().keys()

    def __iter__(self) -> Any:
        self._fill()
        return super().__iter__()

    def __len__(self) -> int:
        self._fill()
        return super().__len__()

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None

    def __bool__(self) -> bool:
        return bool(self._raw) or super().__len__() > 0


def _token(headers: Mapping[bytes, bytes]) -> str | None:
    token = headers.get(b"x-vault-token")
    if not token:
        bearer = headers.get(b"authorization", b"")
        if bearer[:7].lower() != b"bearer ":
            return None
        token = bearer[7:].strip()
    # What is not text is no token; and is looked up as one, to be denied like any other.
    return token.decode("utf-8", "replace") or None


def _wrap_ttl(header: bytes) -> float | None:
    found, failure = 0.0, ""
    try:
        found = parse_seconds(header.decode("latin-1"))
    except ValueError as error:
        failure = str(error)
    if failure:
        raise Refusal(400, f"error parsing X-Vault-Wrap-TTL header: {failure}")
    if found < 0:
        raise Refusal(400, "error parsing X-Vault-Wrap-TTL header: requested wrap ttl cannot be negative")
    return found or None


def _check_namespace(header: bytes) -> None:
    """There is one namespace, the root."""
    if header.strip(b"/ ") not in (b"", b"root"):
        raise Refusal(404, "namespace not found")


def _check_patch(header: bytes | None) -> None:
    kind = (header or b"").decode("latin-1").partition(";")[0].strip().lower()
    if not kind:
        raise Refusal(400, "mime: no media type")
    if kind != _MERGE_PATCH:
        shown = "".join(char for char in kind[:100] if char.isprintable())
        raise Refusal(415, f"PATCH requires Content-Type of {_MERGE_PATCH}, provided {shown}")


def _by_method(
    handlers: Mapping[str, Handler], exchange: Exchange, path: str, query: bytes, address: str
) -> Answer:
    handler = handlers.get(exchange.method)
    if handler is None:
        raise Refusal(405)
    return handler(exchange, path, query, address)


def _while_sealed(exchange: Exchange, name: str) -> Answer:
    if name == "sys/seal" and exchange.method in ("PUT", "POST"):
        return Answer(204)  # it is, already
    raise Sealed(SEALED)


def _elsewhere(path: str) -> Answer:
    return refuse(404)


def failed(error: Exception, exchange: Exchange) -> Answer:
    """What is said when there is no answer: our errors by their status and words, any other without a word.

    ``error`` is cut loose from the frames that hold it in turn: or each refused request, with its body and its
    token, would stay in memory until the collector comes by.
    """
    error.__cause__ = error.__context__ = error.__traceback__ = None
    if isinstance(error, Refusal):
        told = error.data is not None or (error.warnings and not error.errors)
        if told and exchange.request is not None:
            response = Response(error.data, status=error.status, warnings=error.warnings)
            return envelope.answer(exchange.request, response)
        return refuse(error.status, *error.errors)
    if isinstance(error, Redirect):
        where = error.location.encode("latin-1")
        link = b""
        if exchange.method == "GET":
            link = b'<a href="%b">Temporary Redirect</a>.\n\n' % html.escape(error.location).encode("latin-1")
        return Answer(307, link, b"text/html; charset=utf-8", ((b"Location", where),))
    if isinstance(error, Sealed):
        return refuse(503, SEALED)
    if isinstance(error, WellkeptError):
        return refuse(error.status, str(error))
    return refuse(500, "internal error")
