"""A source that does what a test tells it, and the clock that goes with it."""

import threading

import pytest

from wellkept.clock import ManualClock
from wellkept.errors import NotFound
from wellkept.loader.secrets import Secrets
from wellkept.secret import Secret
from wellkept.sources.base import BaseSource


class ScriptedSource(BaseSource):
    """Holds ``values``; counts its ``reads`` (names, a batch as a tuple); fails with ``failure`` while that is set,
    or with what is next in ``failures``; waits at ``gate`` while that is closed."""

    url = "scripted:"

    def __init__(self, values=None, *, blocking=True):
        self.blocking = blocking
        self.values = dict(values or {"name": "one"})
        self.versions = {}
        self.failure = None
        self.failures = []
        self.reads = []
        self.timeouts = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.closed = 0
        self.forked = 0

    def read(self, name, *, version=None, timeout=None):
        self.reads.append(name if version is None else f"{name}@{version}")
        return self._answer(name, version, timeout)

    def read_many(self, names, *, timeout=None):
        self.reads.append(tuple(names))
        self._wait(timeout)
        answers = {}
        for name in names:
            try:
                answers[name] = self._now(name, None)
            except Exception as error:
                answers[name] = error
        return answers

    def _answer(self, name, version, timeout):
        self._wait(timeout)
        return self._now(name, version)

    def _wait(self, timeout):
        self.timeouts.append(timeout)
        self.entered.set()
        assert self.gate.wait(30), "the test forgot to open the gate"

    def _now(self, name, version):
        failure = self.failures.pop(0) if self.failures else self.failure
        if isinstance(failure, dict):
            failure = failure.get(name)
        if failure is not None:
            raise failure
        values = self.values if version is None else self.versions.get(version, {})
        if name not in values:
            raise NotFound(f"{name!r} is not scripted", name=name, source=self.url)
        value = values[name]
        if isinstance(value, Secret):
            return value
        return Secret(value, name=name, version=version, source=self.url)

    def close(self):
        self.closed += 1

    def after_fork(self):
        self.forked += 1


@pytest.fixture
def source():
    return ScriptedSource()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def scripted():
    return ScriptedSource


@pytest.fixture
def opened():
    """Opens ``Secrets`` that are closed when the test ends."""
    everything = []

    def open_secrets(source, **options):
        secrets = Secrets(source, **options)
        everything.append(secrets)
        return secrets

    yield open_secrets
    for secrets in everything:
        if isinstance(secrets.source, ScriptedSource):
            secrets.source.gate.set()
        secrets.close()


@pytest.fixture
def eventually():
    """Waits until a condition holds, which some thread is about to bring about; fails the test when it does not."""

    def wait_for(condition, seconds=10.0):
        import time

        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not come about"
            time.sleep(0.005)

    return wait_for
