"""AWS away, slow, throttling, and back, as an application sees it: through ``wellkept.open``, on a clock of the test's."""

from __future__ import annotations

import time

import pytest

import wellkept
from doubles.aws import aws_error, operations
from wellkept.clock import ManualClock
from wellkept.errors import Denied, NotFound, Throttled, Transient, Unavailable
from wellkept.testing.faults import answer, cut, hang

REGION = "eu-west-1"


@pytest.fixture(params=["aws-sm", "aws-ssm"])
def scheme(request):
    return request.param


@pytest.fixture
def write(scheme, sm, ssm, prefix):
    """Writes a new version of ``name``."""

    def write(name, value):
        if scheme == "aws-ssm":
            ssm.put_parameter(Name=f"/{prefix}/{name}", Value=value, Type="SecureString", Overwrite=True)
            return
        try:
            sm.put_secret_value(SecretId=f"{prefix}/{name}", SecretString=value)
        except sm.exceptions.ResourceNotFoundException:
            sm.create_secret(Name=f"{prefix}/{name}", SecretString=value)

    return write


@pytest.fixture
def opened(scheme, prefix, proxy):
    made = []

    def opened(**options):
        url = f"{scheme}://{REGION}/{prefix}?endpoint={proxy.url}"
        made.append(wellkept.open(url, refresh=False, **options))
        return made[-1]

    yield opened
    for secrets in made:
        secrets.close()


OUTAGES = {
    "refused": lambda proxy: proxy.refuse(),
    "503": lambda proxy: proxy.fault(answer(503)),
    "throttled": lambda proxy: proxy.fault(aws_error("ThrottlingException")),
    "half": lambda proxy: proxy.fault(cut(after_bytes=10)),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_survived_until_max_stale_and_then_named(opened, write, proxy, outage):
    write("db", "value")
    clock = ManualClock()
    secrets = opened(ttl=10, max_stale=60, deadline=1, clock=clock)
    assert secrets.get("db").reveal() == "value"
    OUTAGES[outage](proxy)
    clock.advance(30)
    assert secrets.get("db").reveal() == "value"
    assert not secrets.health().ok
    clock.advance(40)
    with pytest.raises(Throttled if outage == "throttled" else Unavailable):
        secrets.get("db")
    proxy.clear()
    clock.advance(60)
    write("db", "new")
    assert secrets.get("db").reveal() == "new"


def test_throttled_and_then_fine_is_fine(opened, write, proxy):
    write("db", "value")
    proxy.fault(aws_error("ThrottlingException"), times=2)
    assert opened(clock=ManualClock()).get("db").reveal() == "value"
    assert len(operations(proxy)) == 3


def test_a_denial_drops_the_value_at_once(opened, write, proxy):
    write("db", "value")
    clock = ManualClock()
    secrets = opened(ttl=10, max_stale=3600, clock=clock)
    secrets.get("db")
    proxy.fault(aws_error("AccessDeniedException"))
    clock.advance(11)
    with pytest.raises(Denied):
        secrets.get("db")


def test_a_rotation_is_seen_within_the_ttl_and_previous_is_the_old_value(opened, write):
    write("db", "first")
    clock = ManualClock()
    secrets = opened(ttl=10, clock=clock)
    assert secrets.get("db").reveal() == "first"
    write("db", "second")
    clock.advance(10)
    assert secrets.get("db").reveal() == "second"
    assert secrets.previous("db").reveal() == "first"


def test_a_server_that_hangs_costs_no_more_than_the_deadline(opened, write, proxy):
    write("db", "value")
    proxy.fault(hang(after_bytes=5))
    secrets = opened(deadline=0.4)
    begin = time.monotonic()
    with pytest.raises(Transient):
        secrets.get("db")
    assert time.monotonic() - begin < 4, "the deadline was 0.4 s"


def test_many_names_come_in_one_batch_each_with_its_own_outcome(opened, write, proxy):
    for name in ("a", "b", "c"):
        write(name, f"value {name}")
    secrets = opened()
    assert {name: s.reveal() for name, s in secrets.get_many(["a", "b", "c"]).items()} == {
        name: f"value {name}" for name in "abc"
    }
    assert len(operations(proxy)) == 1
    with pytest.raises(NotFound) as caught:
        secrets.get_many(["a", "missing"])
    assert caught.value.name == "missing"
