"""What the embedded store wrote is read in Vault's form, and the other way round: they are the same records."""

from __future__ import annotations

import pytest

from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import ManualClock
from wellkept.core.client import this_process
from wellkept.core.local import create_store
from wellkept.core.refusal import Refusal
from wellkept.core.request import MUTATIONS, Request
from wellkept.core.retry import transact
from wellkept.core.view import View, WritingView
from wellkept.engines.kv.vault import VaultKV

from .served import _plain

PREFIX = "mount/secret/"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(tmp_path, clock):
    with create_store(tmp_path / "store", KeyFileSeal.create(tmp_path / "key"), clock=clock) as made:
        yield made


@pytest.fixture
def vault(store, clock):
    engine = VaultKV()

    def ask(operation, path, data=None):
        command = engine.parse_request(
            Request(operation, f"secret/{path}", data, client=this_process()), path
        )
        barrier = store._barrier
        try:
            if operation in MUTATIONS:
                response = transact(
                    barrier, lambda moment: command.run(WritingView(moment, PREFIX), clock.time())
                )
            else:
                response = barrier.snapshot(lambda moment: command.run(View(moment, PREFIX), clock.time()))
        except Refusal as refusal:
            return refusal.status, refusal.data and _plain(refusal.data)
        return 200, _plain(response.data)

    return ask


def test_text_bytes_and_objects_of_the_embedded_store_are_objects_in_vaults_form(store, vault):
    store.write("text", "hunter2")
    store.write("bytes", b"\xff\x00")
    store.write("object", {"user": "app", "n": 2**60})
    store.write("json", '["a"]')
    assert vault("read", "data/text")[1]["data"] == {"value": "hunter2"}
    assert vault("read", "data/bytes")[1]["data"] == {"value": "/wA=", "encoding": "base64"}
    assert vault("read", "data/object")[1]["data"] == {"user": "app", "n": 2**60}
    assert vault("read", "data/json")[1]["data"] == {"value": '["a"]'}
    assert vault("list", "metadata/")[1]["keys"] == ["bytes", "json", "object", "text"]


def test_what_was_written_in_vaults_form_is_read_in_the_embedded_store(store, vault):
    vault("update", "data/a", {"data": {"user": "app"}})
    vault("update", "data/a", {"data": {"user": "app2"}})
    vault("update", "metadata/a", {"custom_metadata": {"owner": "me"}, "max_versions": 7})
    found = store.read("a")
    assert found.secret.reveal_json() == {"user": "app2"}
    assert found.info.stages == ("current",)
    assert store.read("a", stage="previous").secret.reveal_json() == {"user": "app"}
    assert dict(store.metadata("a").custom_metadata) == {"owner": "me"}
    assert store.metadata("a").max_versions == 7


def test_deletion_and_lifetimes_mean_the_same(store, vault, clock):
    store.write("a", "x")
    store.delete("a")
    status, data = vault("read", "data/a")
    assert status == 404
    assert data["metadata"]["deletion_time"]
    vault("update", "undelete/a", {"versions": [1]})
    assert store.read("a").secret.reveal() == "x"
    store.write("brief", "x", expires=clock.time() + 10)
    assert vault("read", "data/brief")[0] == 200
    clock.advance(11)
    assert vault("read", "data/brief")[0] == 404
    vault("update", "config", {"delete_version_after": "5s"})
    vault("update", "data/short", {"data": {}})
    assert vault("read", "data/short")[0] == 200
    clock.advance(5)
    assert vault("read", "data/short")[0] == 404


def test_a_read_of_the_current_version_follows_every_change(store, vault):
    for number in range(3):
        store.write("a", {"n": number})
        assert vault("read", "data/a")[1]["data"] == {"n": number}
        assert vault("read", "data/a")[1]["data"] == {"n": number}
    store.delete("a")
    assert vault("read", "data/a")[0] == 404
    store.undelete("a", [3])
    assert vault("read", "data/a")[1]["data"] == {"n": 2}
    store.destroy("a", [3])
    assert vault("read", "data/a")[1]["metadata"]["destroyed"] is True
    store.purge("a")
    assert vault("read", "data/a") == (404, None)
    store.write("a", {"n": 9})
    assert vault("read", "data/a")[1]["data"] == {"n": 9}


def test_no_value_is_shown_in_an_audit_record(vault):
    """CVE-2025-4166 and CVE-2024-8365: values in the audit log in clear, for one kind of request or field."""
    secret = "kept-secret-value"
    engine = VaultKV()
    for operation, path, data in (
        ("update", "data/a", {"data": {"k": secret}}),
        ("update", "data/a", {"data": {}, "options": {"k": secret}}),
        ("patch", "data/a", {"data": {secret: secret}}),
        ("update", "data/a", {"data": {}, "unknown": secret, secret: 1}),
        ("update", "metadata/a", {"custom_metadata": {"k": secret}}),
    ):
        command = engine.parse_request(
            Request(operation, f"secret/{path}", data, client=this_process()), path
        )
        assert secret not in str(command.clear)
