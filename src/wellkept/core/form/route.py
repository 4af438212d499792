"""``Route``: a pattern of paths with its fields and handlers; ``Routed``: an engine made of routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ..command import Command, Served
from ..refusal import missing, unsupported_operation, unsupported_path
from ..request import NOTHING, Response
from .call import Call, Data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..request import Request
    from ..view import View
    from .fields import Field

    Handler = Callable[[Call], Response | None]

LABEL = r"\w(?:[\w.-]*\w)?"
"""What keys, roles and their like may be called: letters, digits and _, with . and - inside."""


def part(name: str) -> str:
    """A named part of a pattern that is one label."""
    return f"(?P<{name}>{LABEL})"


def rest(name: str) -> str:
    """A named part that is all the rest of the path."""
    return f"(?P<{name}>.*)"


def maybe(name: str) -> str:
    """A named part behind a slash, which may be missing."""
    return f"(?:/(?P<{name}>.+))?"


_HEAD = re.compile(r"[a-z][a-z0-9_-]*(?=/|$)")
"""A pattern's first segment, where it is plain text."""


class Op(NamedTuple):
    """A handler and how it wants to be run; see ``Command`` for ``slow``, ``scrub``, ``writes``, ``transaction``
    and ``after``.

    ``outside(call)``: see there too; what it returns is ``call.result``.
    """

    handler: Handler
    slow: bool = False
    scrub: bool = False
    writes: bool | Callable[[Call], bool | None] | None = None
    outside: Callable[[Call], Any] | None = None
    transaction: bool = True
    after: Callable[[Call, Response], Response] | None = None


class Route:
    """``pattern`` (of the whole path below the mount), ``fields`` (parts of the path among them), ``operations``
    by name. ``exists(call)`` tells create from update, where that makes a difference. ``anything``: what is no
    field is welcome too."""

    __slots__ = ("anything", "exists", "fields", "head", "operations", "pattern")

    def __init__(
        self,
        pattern: str,
        fields: Mapping[str, Field],
        operations: Mapping[str, Handler | Op],
        *,
        exists: Callable[[Call], bool] | None = None,
        anything: bool = False,
    ) -> None:
        self.anything = anything
        self.pattern = re.compile(pattern, re.ASCII | re.DOTALL)
        plain = None if "|" in pattern else _HEAD.match(pattern)
        self.head = None if plain is None else plain.group()
        self.fields = fields
        self.operations = {
            name: each if isinstance(each, Op) else Op(each) for name, each in operations.items()
        }
        self.exists = exists


class Routed(Served):
    """An engine whose ``routes`` say everything. The first whose pattern fits is taken."""

    routes: tuple[Route, ...] = ()
    _sorted: tuple[tuple[Route, ...], dict[str | None, tuple[Route, ...]]] = ((), {})

    def _candidates(self, path: str) -> tuple[Route, ...]:
        """The routes that ``path`` can fit, in their order: by its first segment."""
        routes = self.routes
        if self._sorted[0] is not routes:
            heads = {route.head for route in routes} | {None}
            self._sorted = (
                routes,
                {head: tuple(each for each in routes if each.head in (None, head)) for head in heads},
            )
        by_head = self._sorted[1]
        found = by_head.get(path.partition("/")[0])
        return by_head[None] if found is None else found

    def parse_request(self, request: Request, path: str) -> Command:
        """The command. Raises ``Refusal``: 404 where no route fits, 405 where it has no such operation."""
        operation: str = request.operation
        if operation in ("list", "scan") and path and not path.endswith("/"):
            path += "/"
        for route in self._candidates(path):
            match = route.pattern.fullmatch(path)
            if match is not None:
                return command(request, operation, path, route, match.groupdict(default=""))
        raise unsupported_path()


def command(request: Request, operation: str, path: str, route: Route, parts: Mapping[str, str]) -> Command:
    """The command for ``route``, its ``parts`` of the path known."""
    op = route.operations.get("update" if operation == "create" else operation)
    if op is None:
        raise unsupported_operation()
    sent = request.data
    data = Data({**sent, **parts} if sent else parts, route.fields, parts)
    checked_before = route.exists is not None and operation in ("create", "update")
    data.check("" if checked_before else "Field validation failed: ")
    call = Call(request, operation, data)
    warnings = () if route.anything else _warnings(data, sent, parts)

    def run(view: View, now: float, result: Any = None) -> Response:
        call.view, call.now, call.result = view, now, result
        response = op.handler(call)
        if response is None:
            if warnings and operation == "list":
                return Response(
                    NOTHING, status=200, warnings=warnings
                )  # as OpenBao: something is said, so no 404
            if operation in ("read", "list", "scan"):
                raise missing()
            return Response()
        if warnings:
            response.warnings = (*response.warnings, *warnings)
        return response

    exists = None
    if checked_before:

        def exists(view: View) -> bool:
            call.view = view
            assert route.exists is not None
            return route.exists(call)

    outside, after = op.outside, op.after
    return Command(
        path,
        run,
        exists=exists,
        clear=data.clear(),
        values=data.hidden(),
        scrub=op.scrub,
        slow=op.slow,
        writes=op.writes(call) if callable(op.writes) else op.writes,
        outside=None if outside is None else lambda: outside(call),
        transaction=op.transaction,
        after=None if after is None else lambda response: after(call, response),
    )


def _warnings(data: Data, sent: Mapping[str, Any], parts: Mapping[str, str]) -> tuple[str, ...]:
    if not sent:
        return ()
    fields = data.fields
    for name in sent:
        if name not in fields or name in parts:
            break
    else:
        return ()
    found = []
    unknown = data.unknown
    if unknown:
        found.append(f"Endpoint ignored these unrecognized parameters: [{' '.join(unknown)}]")
    replaced = sorted(name for name in parts if sent.get(name) is not None)
    if replaced:
        found.append(
            "Endpoint replaced the value of these parameters with the values captured from the endpoint's "
            f"path: [{' '.join(replaced)}]"
        )
    return tuple(found)
