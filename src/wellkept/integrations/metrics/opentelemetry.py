"""OpenTelemetry: observable instruments that read the numbers when they are exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import metrics

from . import METRICS, Meter, Metric, Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ...loader.secrets import Secrets


def instrument(secrets: Secrets, *, names: Names = "plain", provider: Any = None) -> Meter:
    """Create the instruments on ``provider`` (the global one): ``wellkept.reads`` and so on, attribute ``secret``."""
    own = Meter(secrets, names=names)
    meter = metrics.get_meter("wellkept", meter_provider=provider)

    def observe(metric: Metric) -> Callable[[Any], Iterable[metrics.Observation]]:
        return lambda options: [
            metrics.Observation(float(value), {"secret": label})
            for each, label, value in own.read()
            if each is metric
        ]

    for metric in METRICS:
        make = meter.create_observable_counter if metric.kind == "counter" else meter.create_observable_gauge
        make(
            metric.name.replace("wellkept_", "wellkept.").removesuffix("_seconds"),
            callbacks=[observe(metric)],
            unit=metric.unit or "1",
            description=metric.text,
        )
    return own
