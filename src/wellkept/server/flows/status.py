"""How the server is: ``sys/health``, ``sys/seal-status``, ``sys/leader``, and whether it was initialised. From memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...barrier.seals.shamir import parameters as shamir_parameters
from ...core.refusal import Refusal
from ...errors import Sealed, WellkeptError
from .. import target, version
from ..app import SEALED
from .fields import reply

if TYPE_CHECKING:
    from ..exchange import Answer, Exchange
    from ..node import Node


class Status:
    """Handlers over one node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def health(self, exchange: Exchange, path: str, query: bytes, address: str) -> Answer:
        """200 open, 503 sealed, 501 not initialised; ``activecode``, ``sealedcode`` and ``uninitcode`` put others in
        their place. There is no standby: every worker serves."""
        asked = target.parameters(query)
        code = {"active": 200, "sealed": 503, "uninit": 501}
        for name in ("active", "sealed", "uninit", "standby", "drsecondary", "performancestandby"):
            chosen = target.whole_number(asked, name + "code")
            if chosen is not None:
                if not 200 <= chosen <= 999:
                    raise Refusal(400)
                code[name] = chosen
        node = self._node
        sealed = node.service is None
        body: dict[str, Any] = {
            "initialized": node.initialised,
            "sealed": sealed,
            "standby": sealed,
            "replication_performance_mode": "unknown" if sealed else "disabled",
            "replication_dr_mode": "unknown" if sealed else "disabled",
            "server_time_utc": int(node.clock.time()),
            "version": version.NUMBER,
        }
        if not sealed:
            body |= self._cluster()
        state = "uninit" if not node.initialised else "sealed" if sealed else "active"
        return reply(body, code[state])

    def seal_status(self, exchange: Exchange, path: str, query: bytes, address: str) -> Answer:
        return reply(self.sealed())

    def sealed(self, progress: int = 0, nonce: str = "") -> dict[str, Any]:
        """The document of ``sys/seal-status``."""
        node = self._node
        kind, count, threshold = "shamir", 0, 0
        if node.initialised and node.seal_config is not None:
            kind = node.seal_config["kind"]
            count, threshold = seal_parameters(node.seal_config)
        body: dict[str, Any] = {
            "type": kind,
            "initialized": node.initialised,
            "sealed": node.service is None,
            "t": threshold,
            "n": count,
            "progress": progress,
            "nonce": nonce,
            "recovery_seal": False,
            "version": version.NUMBER,
            "commit_date": version.DATE,
            "migration": False,
        }
        if node.service is not None:
            body |= self._cluster()
        body["storage_type"] = node.settings.storage.kind
        return body

    def leader(self, exchange: Exchange, path: str, query: bytes, address: str) -> Answer:
        if self._node.service is None:
            raise Sealed(SEALED)
        return reply({"ha_enabled": False})

    def initialised(self, exchange: Exchange, path: str, query: bytes, address: str) -> Answer:
        return reply({"initialized": self._node.initialised})

    def _cluster(self) -> dict[str, str]:
        config = self._node.seal_config or {}
        identity = str(config.get("store_id", ""))
        if len(identity) == 32:
            identity = f"{identity[:8]}-{identity[8:12]}-{identity[12:16]}-{identity[16:20]}-{identity[20:]}"
        name = self._node.settings.cluster_name or f"wellkept-{identity[:8]}"
        return {"cluster_name": name, "cluster_id": identity}


def seal_parameters(config: dict[str, Any]) -> tuple[int, int]:
    """Shares and threshold of any seal; what is no Shamir seal is opened by one thing."""
    if config["kind"] != "shamir":
        return 1, 1
    try:
        return shamir_parameters(config["wrapped"])
    except WellkeptError:
        return 0, 0
