"""The numbers, through the real clients of Prometheus and OpenTelemetry."""

import pytest

from wellkept.integrations.metrics import AGE, FAILURES, GETS, HITS, OK, READS, STALE, Meter
from wellkept.testing.fake import FakeSecrets


@pytest.fixture
def secrets():
    with FakeSecrets({"db": "planted-value", "key": "k"}, ttl=60) as secrets:
        yield secrets


def numbers(meter):
    return {(metric, label): value for metric, label, value in meter.read()}


def test_gets_hits_reads_failures_age_and_staleness_are_counted(secrets):
    meter = Meter(secrets)
    for _ in range(5):
        secrets.get("db")
    seen = numbers(meter)
    assert (seen[GETS, "db"], seen[HITS, "db"], seen[READS, "db"], seen[FAILURES, "db"]) == (5, 4, 1, 0)
    secrets.clock.advance(61)
    with secrets.outage():
        secrets.get("db")
    seen = numbers(meter)
    assert (seen[GETS, "db"], seen[HITS, "db"], seen[READS, "db"]) == (6, 4, 1)
    assert seen[FAILURES, "db"] >= 1
    assert seen[AGE, "db"] >= 61
    assert (seen[STALE, "db"], seen[OK, "db"]) == (True, False)


async def test_reads_by_tasks_are_counted(secrets):
    meter = Meter(secrets)
    await secrets.aget("key")
    await secrets.aget("key")
    assert numbers(meter)[HITS, "key"] == 1


def test_prometheus_shows_them_with_hashed_names_on_request(secrets):
    client = pytest.importorskip("prometheus_client", reason="pip install prometheus-client")
    from wellkept.integrations.metrics.prometheus import register

    registry = client.CollectorRegistry()
    register(secrets, registry=registry, names="hashed")
    secrets.get("db")
    page = client.generate_latest(registry).decode()
    assert 'wellkept_gets_total{secret="' in page
    assert "wellkept_age_seconds" in page
    assert '"db"' not in page
    assert "planted-value" not in page


def test_opentelemetry_exports_them(secrets):
    pytest.importorskip("opentelemetry.sdk", reason="pip install opentelemetry-sdk")
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from wellkept.integrations.metrics.opentelemetry import instrument

    reader = InMemoryMetricReader()
    instrument(secrets, provider=MeterProvider(metric_readers=[reader]))
    secrets.get("db")
    secrets.get("db")
    found = {
        (metric.name, point.attributes["secret"]): point.value
        for resource in reader.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }
    assert found["wellkept.gets", "db"] == 2
    assert found["wellkept.reads", "db"] == 1
    assert ("wellkept.age", "db") in found
