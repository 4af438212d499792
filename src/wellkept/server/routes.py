"""Which paths answer without the core, for one listener."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.refusal import Refusal
from .app import App, Special
from .flows.start import Start
from .flows.status import Status

if TYPE_CHECKING:
    from .app import Handler
    from .exchange import Answer, Exchange
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
    special = Special(quick, patient)
    return App(node, special, limits=listener.limits, forwarding=listener.forwarding)


def _unsupported(exchange: Exchange, path: str, query: bytes, address: str) -> Answer:
    raise Refusal(405, "unsupported operation")
