"""Which paths answer without the core, for one listener."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from ..core.refusal import Refusal
from ..errors import Sealed
from .app import SEALED, App, Special
from .exchange import Answer
from .flows.start import Start
from .flows.status import Status
from .target import parameters

if TYPE_CHECKING:
    from .app import Handler
    from .exchange import Exchange
    from .node import Node
    from .settings import ListenerSettings


def make_app(node: Node, listener: ListenerSettings) -> App:
    """The app of ``listener`` over ``node``."""
    status = Status(node)
    start = Start(node, status)
    quick: dict[str, dict[str, Handler]] = {
        "sys/health": {"GET": status.health, "HEAD": status.health},
        "sys/seal-status": {"GET": status.seal_status},
        "sys/leader": {"GET": status.leader},
    }
    patient: dict[str, dict[str, Handler]] = {
        "sys/init": {"GET": status.initialised, "PUT": start.init, "POST": start.init},
        "sys/unseal": {"PUT": start.unseal, "POST": start.unseal},
    }
    closed = []
    if not listener.unauthenticated_rekey:
        closed += ["sys/rekey/init", "sys/rekey/update", "sys/rekey/verify"]
    if not listener.unauthenticated_generate_root:
        closed += ["sys/generate-root/attempt", "sys/generate-root/update"]
    for path in closed:
        quick[path] = dict.fromkeys(("GET", "PUT", "POST", "DELETE"), _unsupported)
    if listener.unauthenticated_metrics:
        patient["sys/metrics"] = {"GET": lambda exchange, path, query, address: _metrics(node, query)}
    special = Special(quick, patient)
    return App(node, special, limits=listener.limits, forwarding=listener.forwarding)


def _metrics(node: Node, query: bytes) -> Answer:
    from ..core.sys.metrics import routes

    serving = node.service
    if serving is None:
        raise Sealed(SEALED)
    with serving:
        asked = SimpleNamespace(data={"format": parameters(query).get("format", "")}, now=node.clock.time())
        given = routes(serving.service)[0].operations["read"].handler(asked)  # type: ignore[arg-type]
    kind, body = given.raw  # type: ignore[union-attr, misc]
    return Answer(200, body, kind.encode())


def _unsupported(exchange: Exchange, path: str, query: bytes, address: str) -> Answer:
    raise Refusal(405, "unsupported operation")
