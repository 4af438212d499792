"""Ten seconds without a server, in each of the ways in which servers are away: the application notices nothing.

A real OpenBao; a proxy in between where a real server cannot be made to misbehave. Reads go on the whole time. While
the value is younger than ``max_stale`` none may fail; after that each fails with a typed error; and no read takes
longer than its deadline and fifty milliseconds.
"""

import threading
import time

import pytest

import wellkept
from wellkept.errors import Throttled, Transient
from wellkept.testing import faults
from wellkept.testing.openbao import OpenBaoServer

pytestmark = pytest.mark.slow

AWAY = 10.0
DEADLINE = 1.0


@pytest.fixture(scope="module")
def server():
    with OpenBaoServer() as server:
        server.write("db", {"value": "planted"})
        yield server


class Reader:
    """Reads without pause on a thread; keeps what failed and how long the slowest read took."""

    def __init__(self, secrets):
        self.secrets = secrets
        self.reads, self.failures, self.slowest = 0, [], 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.is_set():
            start = time.monotonic()
            try:
                assert self.secrets.get("db").reveal() == "planted"
            except Exception as error:
                self.failures.append(error)
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.reads += 1
            time.sleep(0.005)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def away(server, proxy, how):
    """Take the server away; returns what brings it back."""
    if how == "stopped":
        server.stop()
        return server.start
    if how == "paused":
        server.pause()
        return server.resume
    if how == "sealed":
        server.seal()
        return server.unseal
    fault = {
        "throttling": faults.answer(429, "{}", headers={"Retry-After": "1"}),
        "answering 503": faults.answer(503, '{"errors": []}'),
        "hanging half-way": faults.hang(after_bytes=20),
        "cutting off": faults.cut(after_bytes=20),
    }[how]
    proxy.fault(fault, times=None)
    return proxy.clear


@pytest.mark.parametrize(
    "how", ["stopped", "paused", "sealed", "throttling", "answering 503", "hanging half-way", "cutting off"]
)
def test_nothing_fails_while_values_are_young_enough(server, monkeypatch, how):
    monkeypatch.setenv("VAULT_TOKEN", server.root_token)
    with faults.FaultProxy(server.address) as proxy:
        url = f"vault+http://{proxy.url.removeprefix('http://')}/secret"
        with wellkept.open(url, ttl=0.5, max_stale=60, deadline=DEADLINE) as secrets:
            secrets.get("db")
            back = away(server, proxy, how)
            try:
                with Reader(secrets) as reader:
                    time.sleep(AWAY)
                    stale = secrets.health().secrets["db"].stale
            finally:
                back()
            assert reader.failures == []
            assert stale, "the outage was never felt, so nothing was shown"
            assert reader.reads > 100
            assert reader.slowest <= DEADLINE + 0.05
            for _ in range(200):
                if not secrets.health().secrets["db"].stale:
                    break
                time.sleep(0.05)
                secrets.get("db")
            assert not secrets.health().secrets["db"].stale, "it never recovered"


@pytest.mark.parametrize("how", ["stopped", "paused", "throttling", "hanging half-way"])
def test_a_typed_error_comes_when_values_are_too_old(server, monkeypatch, how):
    monkeypatch.setenv("VAULT_TOKEN", server.root_token)
    with faults.FaultProxy(server.address) as proxy:
        url = f"vault+http://{proxy.url.removeprefix('http://')}/secret"
        with wellkept.open(url, ttl=0.3, max_stale=1.5, deadline=DEADLINE) as secrets:
            secrets.get("db")
            back = away(server, proxy, how)
            try:
                time.sleep(2.0)
                for _ in range(3):
                    start = time.monotonic()
                    with pytest.raises(Transient) as caught:
                        secrets.get("db")
                    assert time.monotonic() - start <= DEADLINE + 0.05
                    assert how != "throttling" or isinstance(caught.value, (Throttled, Transient))
                    assert "planted" not in str(caught.value)
            finally:
                back()
            assert secrets.get("db").reveal() == "planted"
