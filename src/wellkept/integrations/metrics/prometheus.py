"""Prometheus: a collector that reads the numbers when it is scraped.

::

    register(wellkept.open())            # shows up wherever prometheus_client's registry is served
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from . import METRICS, Meter, Names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...loader.secrets import Secrets


class SecretsCollector(Collector):
    """All numbers of one ``Secrets``, labelled ``secret``."""

    def __init__(self, secrets: Secrets, *, names: Names = "plain") -> None:
        self._meter = Meter(secrets, names=names)

    def collect(self) -> Iterator[Any]:
        families = {
            metric: (CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily)(
                metric.name, metric.text, labels=["secret"]
            )
            for metric in METRICS
        }
        for metric, label, value in self._meter.read():
            families[metric].add_metric([label], value)
        yield from families.values()


def register(secrets: Secrets, *, names: Names = "plain", registry: Any = REGISTRY) -> SecretsCollector:
    """Let ``registry`` collect the numbers of ``secrets``; ``registry.unregister`` takes what is returned."""
    collector = SecretsCollector(secrets, names=names)
    registry.register(collector)
    return collector
