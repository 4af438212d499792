"""``sys/host-info``, ``sys/version-history``, ``sys/in-flight-req``, ``sys/leader``'s kin: about this process."""

from __future__ import annotations

import json
import os
import platform
import shutil
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ..form import Route
from ..form.times import moment
from ..request import Response

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service

VERSIONS = "core/version/"
_MEGA = 1024


def routes(service: Service) -> list[Route]:
    found = Host(service)
    return [
        Route(r"host-info", {}, {"read": found.info}),
        Route(r"version-history/?", {}, {"list": found.versions}),
        Route(r"in-flight-req", {}, {"read": found.in_flight}),
        Route(r"ha-status", {}, {"read": found.nodes}),
    ]


class Host:
    """The handlers."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def info(self, call: Call) -> Response:
        return Response(
            {
                "cpu": _cpus(),
                "disk": [_disk("/")],
                "host": _host(),
                "memory": _memory(),
                "timestamp": moment(call.now),
            }
        )

    def versions(self, call: Call) -> Response:
        """The versions that this store was served by."""
        info: dict[str, Any] = {}
        previous = None
        names = call.view.list(VERSIONS)
        entries = [(name, call.view.get(VERSIONS + name)) for name in names]
        known = sorted(
            (json.loads(entry.value)["installed"], name) for name, entry in entries if entry is not None
        )
        for installed, name in known:
            info[name] = {
                "build_date": None,
                "previous_version": previous,
                "timestamp_installed": moment(installed),
            }
            previous = name
        return Response({"key_info": info, "keys": [name for _, name in known]})

    def in_flight(self, call: Call) -> Response:
        """What this process is doing right now; answered without an envelope, as OpenBao does."""
        doing = self._service.core.in_flight()
        if all(each is not call.request for each, _ in doing):
            doing = [*doing, (call.request, call.now)]  # which an event loop answers without noting it
        told = {
            each.id: {
                "start_time": moment(started),
                "client_remote_address": each.client.address,
                "request_path": f"/v1/{each.path}",
                "request_method": _METHODS.get(each.operation, "GET"),
                "client_id": "",
            }
            for each, started in doing
        }
        return Response(raw=("application/json", json.dumps(told).encode()))

    def nodes(self, call: Call) -> Response:
        node = {
            "hostname": platform.node(),
            "api_address": str(self._service.settings.get("api_addr", "")),
            "cluster_address": "",
            "active_node": True,
            "last_echo": None,
            "version": __version__,
        }
        return Response({"nodes": [node]})


_METHODS = {"update": "PUT", "create": "PUT", "delete": "DELETE", "list": "LIST", "patch": "PATCH"}


def _cpus() -> list[dict[str, Any]]:
    return [{"cpu": number, "cores": 1} for number in range(os.cpu_count() or 1)]


def _disk(path: str) -> dict[str, Any]:
    usage = shutil.disk_usage(path)
    percent = 100 * usage.used / usage.total if usage.total else 0.0
    return {
        "path": path,
        "total": usage.total,
        "free": usage.free,
        "used": usage.used,
        "usedPercent": percent,
    }


def _host() -> dict[str, Any]:
    system = os.uname()
    return {
        "hostname": system.nodename,
        "os": system.sysname.lower(),
        "kernelVersion": system.release,
        "kernelArch": system.machine,
        "procs": _processes(),
    }


def _processes() -> int:
    try:
        return sum(name.isdecimal() for name in os.listdir("/proc"))
    except OSError:
        return 0


def _memory() -> dict[str, int]:
    found: dict[str, int] = {}
    try:
        with open("/proc/meminfo") as file:
            for line in file:
                name, _, rest = line.partition(":")
                found[name] = int(rest.split()[0]) * _MEGA
    except (OSError, ValueError, IndexError):
        return {}
    total, available = found.get("MemTotal", 0), found.get("MemAvailable", 0)
    return {
        "total": total,
        "available": available,
        "used": total - available,
        "free": found.get("MemFree", 0),
    }
