"""``azure-kv://`` against the public suite: a Key Vault on loopback, Microsoft's client writing."""

from __future__ import annotations

import base64

import pytest

from doubles.azure_key_vault import MAX_VALUE
from wellkept.sources.azure_kv import service_name
from wellkept.testing.faults import answer, cut, delay, garbage
from wellkept.testing.source_conformance import SourceConformance, SourceHarness

THROTTLED = (
    '{"error": {"code": "Throttled", "message": "Request was not processed because too many requests"}}'
)


class KeyVaultHarness(SourceHarness):
    name = "app-password"

    def __init__(self, vault, official, open_azure):
        self.vault, self.official, self.open = vault, official, open_azure

    def put(self, name, value):
        if not name.isascii():
            raise NotImplementedError  # Key Vault takes letters, digits and hyphens only
        if len(value) > MAX_VALUE:
            raise NotImplementedError  # and 25 KiB
        if isinstance(value, bytes):
            self.official.set_secret(
                service_name(name), base64.b64encode(value).decode(), tags={"file-encoding": "base64"}
            )
        else:
            self.official.set_secret(service_name(name), value)

    def remove(self, name):
        self.official.begin_delete_secret(service_name(name)).wait()
        self.official.purge_deleted_secret(service_name(name))

    def deny(self, name):
        self.vault.denied.add(service_name(name))

    def throttle(self, times):
        self.vault.fault(answer(429, THROTTLED, {"Retry-After": "7"}), times=times)

    def slow(self, seconds):
        self.vault.fault(delay(seconds))

    def refuse(self):
        self.vault.refuse()

    def break_off(self):
        self.vault.fault(cut(after_bytes=12))

    def garble(self, name):
        self.vault.fault(garbage())

    def restore(self):
        self.vault.clear()

    def reads(self):
        return len(self.vault.requests)

    def keeps_versions(self):
        return True


class TestKeyVault(SourceConformance):
    @pytest.fixture
    def harness(self, vault, official, open_azure, giver):
        return KeyVaultHarness(vault, official, open_azure)
