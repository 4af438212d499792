"""``sys/metrics``: counts of this process, for Prometheus (``?format=prometheus``) or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..form import Field, Op, Route
from ..form.times import moment
from ..request import Response

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def routes(service: Service) -> list[Route]:
    def read(call: Call) -> Response:
        gauges = service.gauges()
        counters = service.core.counts()
        if call.data["format"] != "prometheus":
            told = {
                "Timestamp": moment(call.now),
                "Gauges": [{"Name": name, "Value": value, "Labels": {}} for name, value in gauges.items()],
                "Counters": [
                    {"Name": "vault.core.handle_request", "Count": count, "Labels": _labels(key)}
                    for key, count in counters.items()
                ],
                "Points": [],
                "Samples": [],
            }
            return Response(raw=("application/json", _json(told)))
        lines = []
        for name, value in gauges.items():
            flat = name.replace(".", "_")
            lines += [f"# TYPE {flat} gauge", f"{flat} {value}"]
        lines.append("# TYPE wellkept_requests_total counter")
        for key, count in sorted(counters.items()):
            labels = ",".join(f'{label}="{value}"' for label, value in _labels(key).items())
            lines.append(f"wellkept_requests_total{{{labels}}} {count}")
        return Response(raw=(PROMETHEUS, ("\n".join(lines) + "\n").encode()))

    return [Route(r"metrics", {"format": Field(clear=True)}, {"read": Op(read)})]


def _labels(key: tuple[str, str]) -> dict[str, str]:
    return {"operation": key[0], "outcome": key[1]}


def _json(value: object) -> bytes:
    import json

    return json.dumps(value).encode()
