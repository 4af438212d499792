"""What there cannot be here, answered as by an OpenBao that does not have it either: namespaces, recovery keys (a
seal of shares or a key file has none), introspection that is not switched on, plugins under former days' routes.

Only questions and what changes nothing; what would make such a thing stays unknown. And how many tokens there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..form import Field, Route, bad
from ..form.route import part, rest
from ..refusal import Refusal
from ..request import NOTHING, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..form import Call
    from ..service import Service

_NO_INTROSPECTION = (
    'the Vault configuration must set "introspection_endpoint" to true to enable this endpoint'
)
_KEY = {"key": Field(), "nonce": Field(clear=True)}


def routes(service: Service) -> list[Route]:
    def tokens(call: Call) -> Response:
        total = len(service.tokens.accessors(call.view, call.now))
        return Response({"counters": {"service_tokens": {"total": total}}})

    return [
        Route(r"namespaces/?", {}, {"list": _nothing, "scan": lambda call: Response(NOTHING, status=200)}),
        Route(rf"namespaces/{rest('path')}", {"path": Field(clear=True)}, {"read": _nothing, "delete": _no_namespace}),
        Route(r"internal/counters/tokens", {}, {"read": tokens}),
        Route(r"internal/counters/entities", {}, {"read": _entities}),
        Route(r"internal/counters/requests", {}, {"read": _removed}),
        Route(r"internal/inspect/(?:request|router/.+)", {}, {"read": _closed}),
        Route(r"rekey/recovery-key-backup", {}, {"read": _no_backup, "delete": _nothing}),
        Route(r"rotate/recovery/backup", {}, {"read": _no_backup, "delete": _nothing}),
        Route(
            r"rotate/recovery/init",
            {},
            {"read": _refused("recovery not supported"), "update": _refused("recovery keys not supported"), "delete": _nothing},
        ),
        Route(r"rotate/recovery/update", _KEY, {"update": _no_rotation_of_key}),
        Route(
            r"rotate/recovery/verify",
            _KEY,
            {"read": _no_rotation, "update": _no_rotation_of_key, "delete": _no_rotation},
        ),
        Route(
            rf"plugins/catalog/{part('name')}",
            {"name": Field(clear=True)},
            {"read": _deprecated("read plugin information from"), "delete": _deprecated("deregister plugin from")},
        ),
    ]  # fmt: skip


def _nothing(call: Call) -> None:
    return None


def _no_namespace(call: Call) -> Response:
    return Response(warnings=("requested namespace does not exist",))


def _entities(call: Call) -> Response:
    return Response({"counters": {"entities": {"total": 0}}})


def _removed(call: Call) -> Response:
    raise Refusal(404, "The functionality has been removed on this path")


def _closed(call: Call) -> Response:
    raise bad(_NO_INTROSPECTION)


def _no_backup(call: Call) -> Response:
    raise bad("no backed-up keys found")


def _refused(text: str) -> Callable[[Call], Response]:
    def refuse(call: Call) -> Response:
        raise bad(text)

    return refuse


def _no_rotation(call: Call) -> Response:
    raise bad("no rotation configuration found")


def _no_rotation_of_key(call: Call) -> Response:
    if not call.data["key"]:
        raise bad("missing required field 'key'")
    raise bad("no rotation configuration found")


def _deprecated(what: str) -> Callable[[Call], Response]:
    def say(call: Call) -> Response:
        return Response(
            warnings=(f'Deprecated API endpoint, cannot {what} catalog for "{call.data["name"]}"',)
        )

    return say
