"""What the record holds of a request to a server, and that nothing is answered or done without it."""

from __future__ import annotations

import json
import os

import pytest

from wellkept.core.audit_served.verify import verify
from wellkept.core.refusal import Refusal
from wellkept.errors import AuditError, WellkeptError

SECRET = "s3cr3t-value-that-must-not-show"


@pytest.fixture
def log(server):
    """The records so far, of the server's own log."""

    def read():
        with open(server.place.log, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    return read


def raw(server):
    with open(server.place.log, encoding="utf-8") as file:
        return file.read()


def test_a_read_has_one_line_and_a_write_two_with_all_that_is_known(server, log):
    server.call("update", "secret/data/app", {"data": {"password": SECRET}})
    before = len(log())
    server.call("read", "secret/data/app", headers={"user-agent": "curl/8"})
    (line,) = log()[before:]
    assert line["type"] == "response"
    assert (line["operation"], line["path"], line["version"], line["outcome"]) == (
        "read",
        "secret/data/app",
        1,
        "ok",
    )
    assert line["client"] == {"address": "10.1.2.3"}
    assert line["identity"] == {"name": "root", "policies": ["root"]}
    assert line["token"]["accessor"].startswith("hmac-sha256:")
    assert line["mount"]["type"] == "kv"
    assert line["headers"] == {"user-agent": "curl/8"}
    server.call("update", "secret/data/app", {"data": {"password": SECRET}})
    assert [each["type"] for each in log()[before + 1 :]] == ["request", "response"]


def test_cve_2024_8365_and_2025_4166_no_value_and_no_token_stands_in_the_record(server):
    server.call("update", "secret/data/app", {"data": {"password": SECRET, SECRET + "-odd": 1}})
    server.call("read", "secret/data/app")
    made = server.call("update", "auth/token/create", {"policies": ["default"]})
    wrapped = server.call("read", "secret/data/app", wrap_ttl=60)
    server.call("update", "sys/wrapping/unwrap", {"token": wrapped.wrap_info.token})
    for path, data in (
        ("secret/data/app", {"data": SECRET}),
        ("secret/data/app", {"data": {"a": 1}, "options": {"cas": SECRET}}),
        ("sys/policies/acl/p", {"policy": f"path {SECRET}"}),
        ("auth/token/lookup", {"token": SECRET}),
    ):
        with pytest.raises(WellkeptError):
            server.call("update", path, data)
    text = raw(server)
    assert server.root not in text
    assert made.auth.client_token not in text
    assert made.auth.accessor not in text
    assert wrapped.wrap_info.token not in text
    values = text.replace(SECRET + "-odd", "")
    assert SECRET not in values


def test_a_field_can_be_looked_for_by_its_digest_in_writes_and_reads(server, log):
    server.call("update", "secret/data/app", {"data": {"password": SECRET, "user": "app"}})
    server.call("read", "secret/data/app")
    server.call("read", "secret/data/app")
    wanted = server.service.audit.digest(SECRET.encode())
    found = [line["type"] for line in log() if wanted in line["data"].values()]
    assert found == ["request", "response", "response"]
    assert wanted in [line["data"].get("data.password") for line in log()]


def test_what_was_granted_is_told_by_digests(server, log):
    made = server.call("update", "auth/token/create", {"policies": ["default"], "ttl": "1h"})
    granted = log()[-1]["auth"]
    audit = server.service.audit
    assert granted["token"] == audit.digest(made.auth.client_token.encode())
    assert granted["accessor"] == audit.digest(made.auth.accessor.encode())
    assert granted["policies"] == ["default"]
    wrapped = server.call("read", "sys/mounts", wrap_ttl=60)
    assert log()[-1]["wrap"]["token"] == audit.digest(wrapped.wrap_info.token.encode())


def test_denied_and_malformed_requests_are_recorded_too(server, log):
    for operation, path, rest in (
        ("read", "secret/data/app", {"token": "s.nobody"}),
        ("read", "secret/data/app", {"token": None}),
        ("read", "nowhere/x", {}),
    ):
        with pytest.raises(Refusal):
            server.call(operation, path, **rest)
    assert [(line["outcome"], line["status"]) for line in log()[-3:]] == [
        ("denied", 403),
        ("denied", 403),
        ("not_found", 404),
    ]


def test_cve_2026_46358_every_header_that_was_asked_for_is_recorded(server, log):
    for name, hidden in (("X-Plain", False), ("X-Hidden", True)):
        server.call("update", f"sys/config/auditing/request-headers/{name}", {"hmac": hidden})
    server.call("read", "sys/mounts", headers={"x-plain": "seen", "x-hidden": SECRET, "x-other": "not"})
    headers = log()[-1]["headers"]
    assert headers == {"x-plain": "seen", "x-hidden": server.service.audit.digest(SECRET.encode())}
    assert server.call("read", "sys/config/auditing/request-headers").data == {
        "headers": {"x-plain": {"hmac": False}, "x-hidden": {"hmac": True}}
    }
    with pytest.raises(Refusal, match="never recorded"):
        server.call("update", "sys/config/auditing/request-headers/X-Vault-Token", {"hmac": False})
    server.call("delete", "sys/config/auditing/request-headers/x-plain")
    server.call("read", "sys/mounts", headers={"x-plain": "not any more"})
    assert "headers" not in log()[-1]


def test_devices_are_enabled_listed_hashed_and_disabled_as_openbao_does(server, tmp_path):
    path = str(tmp_path / "a.log")
    options = {"type": "file", "description": "mine", "options": {"file_path": path}}
    server.call("update", "sys/audit/a", options)
    shown = {
        "path": "a/",
        "type": "file",
        "description": "mine",
        "options": {"file_path": path},
        "local": False,
    }
    assert server.call("read", "sys/audit").data == {"a/": shown}
    hashed = server.call("update", "sys/audit-hash/a", {"input": SECRET}).data["hash"]
    server.call("update", "secret/data/app", {"data": {"password": SECRET}})
    with open(path) as file:
        assert hashed in file.read()
    for call, text in (
        (("update", "sys/audit/a", options), "path already in use"),
        (("update", "sys/audit/b", {"type": "bogus"}), "unknown backend type"),
        (("update", "sys/audit/b", {"type": "file", "options": {"file_path": "/etc/x.log"}}), "refused"),
        (
            ("update", "sys/audit/b", {"type": "file", "options": {"file_path": f"{tmp_path}/no/x.log"}}),
            "sanity",
        ),
        (("update", "sys/audit-hash/b", {"input": "x"}), 'unknown audit backend "b/"'),
        (("update", "sys/audit-hash/a", {}), 'the "input" parameter is empty'),
    ):
        with pytest.raises(Refusal, match=text) as caught:
            server.call(*call)
        assert caught.value.status == 400
    server.call("delete", "sys/audit/a")
    server.call("delete", "sys/audit/a")
    assert server.call("read", "sys/audit").data == {}
    server.service.audit.broker.note()
    verify(path, server.place.keys, server.place.barrier)


def test_without_a_record_nothing_is_answered_and_nothing_done(server, tmp_path):
    (tmp_path / "logs").mkdir()
    options = {"type": "file", "options": {"file_path": f"{tmp_path}/logs/a.log"}}
    server.call("update", "sys/audit/a", options)
    server.call("update", "secret/data/app", {"data": {"n": 1}})
    server.call("read", "secret/data/app", headers={"user-agent": "x"})
    assert server.now("read", "secret/data/app").version == 1
    os.unlink(tmp_path / "logs" / "a.log")
    os.rmdir(tmp_path / "logs")
    for attempt in (
        lambda: server.now("read", "secret/data/app"),
        lambda: server.call("read", "secret/data/app"),
        lambda: server.call("update", "secret/data/app", {"data": {"n": 2}}),
    ):
        with pytest.raises(AuditError):
            attempt()
    (tmp_path / "logs").mkdir()
    assert server.call("read", "secret/data/app").version == 1


def test_the_event_loop_answers_from_memory_and_leaves_the_rest_untouched(server, log):
    server.call("update", "secret/data/app", {"data": {"n": 1}})
    server.service.storage.storage.forget()
    before = len(log())
    assert server.now("read", "secret/data/app") is None
    assert server.now("update", "secret/data/app", {"data": {"n": 2}}) is None
    assert server.now("list", "secret/metadata") is None
    assert len(log()) == before
    server.call("read", "secret/data/app")
    assert server.now("read", "secret/data/app").version == 1
    assert server.now("read", "secret/data/app", token="s.wrong") is None
    for answer in (server.call, server.now):
        with pytest.raises(Refusal):
            answer("read", "secret/data/app", token="s.wrong")
    assert [line["outcome"] for line in log()[before:]] == ["ok", "ok", "denied", "denied"]
    assert server.call("read", "secret/data/app").version == 1


def test_a_token_revoked_by_another_process_is_refused_at_once_also_from_memory(server, other):
    made = server.call("update", "auth/token/create", {"policies": ["root"]}).auth.client_token
    server.call("read", "sys/mounts", token=made, headers={"user-agent": "x"})
    assert server.now("read", "sys/mounts", token=made) is not None
    other.call("update", "auth/token/revoke", {"token": made})
    answers = []
    for _ in range(2):
        try:
            answers.append(server.now("read", "sys/mounts", token=made) and "answered")
        except Refusal as error:
            answers.append(error.status)
    with pytest.raises(Refusal):
        server.call("read", "sys/mounts", token=made)
    assert "answered" not in answers
