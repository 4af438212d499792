"""The paths below ``sys/`` that change how the store is closed, as the core sees them.

They go through the one door like everything else, so that a token is asked for where one is due, and every
step is recorded. What they answer without a token goes out as it is, without Vault's envelope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orjson import dumps

from ...core.command import Command
from ...core.refusal import Refusal, one_error
from ...core.request import Response
from .rekey import Rekey
from .root_token import RootToken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...core.command import Engine
    from ...core.request import Operation, Request
    from ..node import Node

    Act = Callable[[Mapping[str, Any]], Response]

OPEN = frozenset(
    {"generate-root/attempt", "generate-root/update", "rekey/init", "rekey/update", "rekey/verify"}
)
"""Without a token, where the listener's configuration lets them through at all."""

_SUDO = frozenset(
    {
        "seal", "step-down", "rotate/root", "rotate/root/init", "rotate/root/update", "rotate/root/verify",
        "generate-root-token/attempt", "generate-root-token/update",
    }
)  # fmt: skip


class OperatorEngine:
    """``inner``, the system's engine, and these paths before it."""

    def __init__(self, inner: Engine, node: Node) -> None:
        self._inner = inner
        self._node = node
        self.unauthenticated = frozenset(getattr(inner, "unauthenticated", ())) | OPEN
        self.sudo = frozenset(getattr(inner, "sudo", ())) | _SUDO
        free, bound = Rekey(node, "rekey", authenticated=False), Rekey(node, "rotate", authenticated=True)
        root = RootToken(node, "generate_root", authenticated=False)
        token = RootToken(node, "generate_root_token", authenticated=True)
        self._routes: dict[str, dict[str, Act]] = {
            "seal": {"update": self._seal},
            "step-down": {"update": _nothing},
            "rekey/init": {
                "read": _flat(free.read), "update": _flat_with(free.begin), "delete": _done(free.cancel),
            },
            "rekey/update": {"update": _flat_with(free.update)},
            "rekey/verify": {
                "read": _flat(free.read_verification),
                "update": _flat_with(free.verify),
                "delete": _flat(free.restart_verification),
            },
            "rotate/root": {"update": self._rotate_root},
            "rotate/root/init": {
                "read": _data(bound.read), "update": _data_with(bound.begin), "delete": _done(bound.cancel),
            },
            "rotate/root/backup": {"read": _no_backup, "delete": _nothing},
            "rekey/backup": {"read": _no_backup, "delete": _nothing},
            "rotate/root/update": {"update": _data_with(bound.update)},
            "rotate/root/verify": {
                "read": _data(bound.read_verification),
                "update": _data_with(bound.verify),
                "delete": _data(bound.restart_verification),
            },
            "generate-root/attempt": {
                "read": _flat(root.read), "update": _flat_with(root.begin), "delete": _done(root.cancel),
            },
            "generate-root/update": {"update": _flat_with(root.update)},
            "generate-root-token/attempt": {
                "read": _data(token.read), "update": _data_with(token.begin), "delete": _done(token.cancel),
            },
            "generate-root-token/update": {"update": _data_with(token.update)},
        }  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def other_paths(self) -> dict[str, list[str]]:
        """These paths and their operations, and those that answer before the core is asked, for the OpenAPI document."""
        before = {
            "health": ["read"], "seal-status": ["read"], "leader": ["read"], "init": ["read", "update"],
            "unseal": ["update"],
        }  # fmt: skip
        return before | {path: list(acts) for path, acts in self._routes.items()}

    def subject(self, path: str) -> str:
        return self._inner.subject(path)

    def parse(self, operation: Operation, path: str, data: Mapping[str, Any]) -> Command:
        return self._inner.parse(operation, path, data)

    def parse_request(self, request: Request, path: str) -> Command:
        """The command that a request means. Raises ``Refusal``."""
        route = self._routes.get(path)
        if route is None:
            inner: Any = self._inner
            command: Command = inner.parse_request(request, path)
            return command
        act = route.get(request.operation)
        if act is None:
            raise Refusal(
                405, *(() if path in ("seal", "step-down") else (one_error("unsupported operation"),))
            )
        data = request.data
        clear = {name: data[name] for name in _CLEAR if isinstance(data.get(name), (str, int, bool))}
        return Command(
            "sys/" + path,
            lambda view, now: act(data),
            clear=clear,
            transaction=False,
            writes=request.operation != "read",
        )

    def _seal(self, data: Mapping[str, Any]) -> Response:
        serving = self._node.service
        if serving is not None:
            serving.ending = True  # once this answer was recorded; see ``App``
        return Response()

    def _rotate_root(self, data: Mapping[str, Any]) -> Response:
        """A new root key under the same shares cannot be made without them, so it is the data key that is renewed."""
        serving = self._node.service
        if serving is not None:
            serving.barrier.rotate()
        return Response()


_CLEAR = ("secret_shares", "secret_threshold", "require_verification", "nonce", "backup")


def _no_backup(data: Mapping[str, Any]) -> Response:
    """Shares are backed up encrypted with PGP, or not at all."""
    raise Refusal(400, "no backed-up keys found")


def _nothing(data: Mapping[str, Any]) -> Response:
    """There is no other node that could take over."""
    return Response()


def _done(act: Callable[[], None]) -> Act:
    def run(data: Mapping[str, Any]) -> Response:
        act()
        return Response()

    return run


def _flat(read: Callable[[], Mapping[str, Any]]) -> Act:
    return lambda data: _raw(read())


def _flat_with(act: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Act:
    return lambda data: _raw(act(data))


def _data(read: Callable[[], Mapping[str, Any]]) -> Act:
    return lambda data: Response(read())


def _data_with(act: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Act:
    return lambda data: Response(act(data))


def _raw(document: Mapping[str, Any]) -> Response:
    return Response(raw=("application/json", dumps(document) + b"\n"))
