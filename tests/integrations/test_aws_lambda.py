import pytest

from wellkept.clock import ManualClock
from wellkept.errors import NotFound
from wellkept.integrations.aws_lambda import BootClock, with_secrets
from wellkept.testing.fake import FakeSource


def test_a_thawed_function_reads_what_became_due_in_the_freezer_before_its_handler_runs():
    source, clock = FakeSource({"A": "1", "B": "1"}), ManualClock()

    @with_secrets("A", "B", source=source, ttl=300, clock=clock)
    def handler(event, context, *, secrets):
        return secrets.get("A").reveal() + secrets.get("B").reveal()

    assert handler({}, None) == "11"
    source.put("A", "2")
    assert handler({}, None) == "11"
    assert source.reads == {"A": 1, "B": 1}
    clock.advance(3600)
    assert handler({}, None) == "21"


def test_a_missing_secret_stops_the_invocation_before_the_handler():
    called = []

    @with_secrets("ABSENT", source=FakeSource())
    def handler(event, context, *, secrets):
        called.append(1)

    with pytest.raises(NotFound):
        handler({}, None)
    assert not called


def test_the_clock_goes_on_and_never_back():
    clock = BootClock()
    first = clock.monotonic()
    assert clock.monotonic() >= first
