"""``k8s:`` against the public suite: the official client writes, the double answers, a faulty network in between."""

import pytest

from doubles.kubernetes_api import Rule
from wellkept.testing.faults import answer, cut, delay, garbage
from wellkept.testing.source_conformance import SourceConformance, SourceHarness

from .conftest import APP, NAMESPACE


class KubernetesHarness(SourceHarness):
    """One Secret, many keys: ``app/password`` is the key ``password`` of the Secret ``app``."""

    def __init__(self, server, put, proxy, open_k8s):
        self.server = server
        self.write = put
        self.proxy = proxy
        self.open_k8s = open_k8s
        self.data = {}

    def open(self):
        return self.open_k8s(endpoint=self.proxy.url)

    def put(self, name, value):
        if not name.isascii():
            raise NotImplementedError  # Kubernetes takes ASCII only, in names and keys
        secret, _, key = name.partition("/")
        self.data[key] = value
        self.write(secret, self.data)

    def remove(self, name):
        secret, _, key = name.partition("/")
        del self.data[key]
        self.write(secret, self.data)

    def deny(self, name):
        self.server.rules[APP] = [Rule(NAMESPACE, ("get",), ("another",))]

    def throttle(self, times):
        self.proxy.fault(answer(429, "{}", {"Retry-After": "1"}), times=times)

    def slow(self, seconds):
        self.proxy.fault(delay(seconds))

    def refuse(self):
        self.proxy.refuse()

    def break_off(self):
        self.proxy.fault(cut(after_bytes=12))

    def garble(self, name):
        self.proxy.fault(garbage())

    def restore(self):
        self.proxy.clear()

    def reads(self):
        return len(self.proxy.requests)


class TestKubernetes(SourceConformance):
    @pytest.fixture
    def harness(self, server, put, proxy, open_k8s):
        return KubernetesHarness(server, put, proxy, open_k8s)


class OneSecretHarness(KubernetesHarness):
    """``secret=app``: every name is a key of it."""

    name = "DATABASE_URL"

    def open(self):
        return self.open_k8s(endpoint=self.proxy.url, secret="app")

    def put(self, name, value):
        if not name.isascii():
            raise NotImplementedError
        self.data[name] = value
        self.write("app", self.data)

    def remove(self, name):
        del self.data[name]
        self.write("app", self.data)


class TestOneSecret(SourceConformance):
    @pytest.fixture
    def harness(self, server, put, proxy, open_k8s):
        return OneSecretHarness(server, put, proxy, open_k8s)
