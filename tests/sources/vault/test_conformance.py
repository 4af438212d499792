"""The promises of a source, kept against a real OpenBao: KV version 2 and 1, and over TLS after a login."""

from __future__ import annotations

import base64
import ssl
from urllib.parse import quote

import pytest

from wellkept.sources.registry import open_source
from wellkept.testing.faults import FaultProxy, answer, cut, delay, garbage
from wellkept.testing.source_conformance import SourceConformance, SourceHarness


class Harness(SourceHarness):
    """Secrets in a folder of their own on ``bao``, read through ``proxy`` by somebody who may read that folder."""

    def __init__(self, bao, proxy, fresh, mount="secret", version=2):
        self.bao, self.proxy, self.mount, self.version = bao, proxy, mount, version
        self.folder, self.policy = fresh("conformance"), fresh("policy")
        self.denied = []
        self.between = "data/" if version == 2 else ""
        self.listing = "metadata/" if version == 2 else ""
        self.write_policy()
        self.options = f"prefix={self.folder}"

    def open(self):
        scheme = "vault" if self.bao.tls else "vault+http"
        return open_source(f"{scheme}://127.0.0.1:{self.proxy.port}/{self.mount}?{self.options}")

    def path(self, name, between=None):
        return f"{self.mount}/{self.between if between is None else between}{quote(f'{self.folder}/{name}')}"

    def put(self, name, value):
        data = {"value": value}
        if isinstance(value, bytes):
            data = {"value": base64.b64encode(value).decode(), "encoding": "base64"}
        self.bao.request("POST", self.path(name), {"data": data} if self.version == 2 else data)

    def remove(self, name):
        self.bao.request("DELETE", self.path(name, self.listing))

    def deny(self, name):
        self.denied.append(name)
        self.write_policy()

    def write_policy(self):
        start = f"{self.mount}/{self.between}{self.folder}"
        rules = {
            f"{start}/*": ["read", "list"],
            f"{self.mount}/{self.listing}{self.folder}/*": ["read", "list"],
        }
        rules |= {f"{start}/{name}": ["deny"] for name in self.denied}
        self.bao.policy(self.policy, **rules)

    def reading(self, request):
        return f"/{self.folder}/" in request.path and request.method == "GET"

    def throttle(self, times):
        self.proxy.fault(answer(429, "", {"Retry-After": "1"}), times=times, when=self.reading)

    def slow(self, seconds):
        self.proxy.fault(delay(seconds))

    def refuse(self):
        self.proxy.refuse()

    def break_off(self):
        self.proxy.fault(cut(after_bytes=10))

    def garble(self, name):
        self.proxy.fault(garbage(), when=self.reading)

    def restore(self):
        self.proxy.clear()

    def reads(self):
        return sum(self.reading(request) for request in self.proxy.requests)

    def keeps_versions(self):
        return self.version == 2


class TestVersion2WithAToken(SourceConformance):
    @pytest.fixture
    def harness(self, openbao, fresh, monkeypatch):
        with FaultProxy(openbao.address) as proxy:
            made = Harness(openbao, proxy, fresh)
            monkeypatch.setenv("VAULT_TOKEN", openbao.token(made.policy))
            yield made


class TestVersion1WithAToken(SourceConformance):
    @pytest.fixture
    def harness(self, openbao, fresh, monkeypatch):
        mount = fresh("kv")
        openbao.request("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "1"}})
        with FaultProxy(openbao.address) as proxy:
            made = Harness(openbao, proxy, fresh, mount, 1)
            monkeypatch.setenv("VAULT_TOKEN", openbao.token(made.policy))
            yield made


class TestOverTlsAfterALogin(SourceConformance):
    @pytest.fixture
    def harness(self, openbao_tls, fresh, monkeypatch):
        bao, mount = openbao_tls, fresh("userpass")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(bao.authority.certificate_file, bao.authority.key_file)
        upstream = ssl.create_default_context(cafile=bao.ca_file)
        with FaultProxy(bao.address, tls=context, upstream_tls=upstream) as proxy:
            made = Harness(bao, proxy, fresh)
            bao.request("POST", f"sys/auth/{mount}", {"type": "userpass"})
            user = {"password": "correct horse", "token_policies": [made.policy]}
            bao.request("POST", f"auth/{mount}/users/ann", user)
            monkeypatch.setenv("VAULT_PASSWORD", "correct horse")
            made.options += f"&ca={bao.ca_file}&auth=userpass&user=ann&auth_mount={mount}"
            yield made
