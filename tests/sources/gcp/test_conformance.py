"""``gcp-sm://`` against the public suite: Secret Manager on loopback, Google's client writing."""

from __future__ import annotations

import json

import pytest

from wellkept.sources.gcp_sm import service_name
from wellkept.testing.faults import answer, cut, delay, garbage, rewrite
from wellkept.testing.source_conformance import SourceConformance, SourceHarness

THROTTLED = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded for quota metric"}


class SecretManagerHarness(SourceHarness):
    name = "app-password"

    def __init__(self, service, official, open_gcp):
        self.service, self.official, self.open = service, official, open_gcp

    def put(self, name, value):
        if not name.isascii():
            raise NotImplementedError  # Google takes letters, digits, hyphens and underscores only
        if value == "":  # which Google does not take: a server in its shape that has one is played
            self.put(name, "n")
            self.service.fault(rewrite(_emptied))
        else:
            self.official.put(service_name(name), value)

    def remove(self, name):
        self.official.client.delete_secret(request={"name": self.official.name(service_name(name))})

    def deny(self, name):
        self.service.denied.add(service_name(name))

    def throttle(self, times):
        self.service.fault(answer(429, json.dumps({"error": THROTTLED})), times=times)

    def slow(self, seconds):
        self.service.fault(delay(seconds))

    def refuse(self):
        self.service.refuse()

    def break_off(self):
        self.service.fault(cut(after_bytes=12))

    def garble(self, name):
        self.service.fault(garbage())

    def restore(self):
        self.service.clear()

    def reads(self):
        return len(self.service.requests)

    def keeps_versions(self):
        return True


def _emptied(body):
    content = json.loads(body)
    content["payload"] = {"dataCrc32c": "0"}
    return json.dumps(content).encode()


class TestSecretManager(SourceConformance):
    @pytest.fixture
    def harness(self, service, official, open_gcp, giver):
        return SecretManagerHarness(service, official, open_gcp)
