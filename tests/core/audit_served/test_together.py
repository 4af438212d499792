"""Changes answered together, and reads recorded together: each has its own fate, and none is answered unrecorded."""

from __future__ import annotations

import json

import pytest

from wellkept.core.audit_served.verify import verify
from wellkept.core.request import Response
from wellkept.core.together import Again
from wellkept.errors import AuditError


def write(server, name, **rest):
    return server.request("update", f"secret/data/{name}", {"data": {"of": name}}, **rest)


def lines(server):
    with open(server.place.log, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def break_log(server, monkeypatch):
    def fail(records):
        raise AuditError("the disk is full")

    monkeypatch.setattr(server.service.audit, "write", fail)


def test_many_changes_are_made_in_one_commit_and_two_writes_of_the_record(server):
    server.call("update", "secret/data/first", {"data": {}})
    groups, written = [], []
    group = server.service.storage.storage.group
    apply_many, append = group._storage.apply_many, server.service.audit.broker.append
    group._storage.apply_many = lambda batch: groups.append(len(batch)) or apply_many(batch)
    server.service.audit.broker.append = lambda records: written.append(len(records)) or append(records)
    answers = server.core.handle_together([write(server, f"a{number}") for number in range(20)])
    assert all(isinstance(answer, Response) and answer.version == 1 for answer in answers)
    assert (groups, written) == ([20], [20, 20])
    assert server.call("read", "secret/data/a19").version == 1
    assert server.core.in_flight() == []
    verify(server.place.log, server.place.keys, server.place.barrier)


def test_what_fails_fails_alone(server):
    server.call("update", "secret/data/first", {"data": {}})
    before = len(lines(server))
    good, strange, nowhere, bad = server.core.handle_together(
        [
            write(server, "good"),
            write(server, "strange", token="s.nobody"),
            server.request("update", "nowhere/at/all", {}),
            server.request("update", "secret/data/good2", {"data": {"x": 1}, "options": {"cas": 7}}),
        ]
    )
    assert isinstance(good, Response)
    assert (strange.status, nowhere.status, bad.status) == (403, 404, 400)
    outcomes = [each["outcome"] for each in lines(server)[before:] if each["type"] == "response"]
    assert outcomes == ["ok", "denied", "not_found", "invalid"]


def test_of_those_that_change_the_same_secret_one_wins_and_the_others_are_asked_again(server):
    asked = [write(server, "same") for _ in range(4)]
    versions = []
    while asked:
        answers = server.core.handle_together(asked)
        versions += [answer.version for answer in answers if isinstance(answer, Response)]
        asked = [answer for answer in answers if isinstance(answer, Again)]
    assert versions == [1, 2, 3, 4]
    kinds = [each["type"] for each in lines(server) if each["path"] == "secret/data/same"]
    assert (kinds.count("request"), kinds.count("response")) == (4, 4)


def test_what_needs_a_thread_of_its_own_is_handed_back_and_done_once(server):
    made = server.call("update", "auth/token/create", {"policies": ["root"], "num_uses": 1})
    token = made.auth.client_token
    # Its use is counted where the request is prepared, and not again where it is finished.
    (later,) = server.core.handle_together([write(server, "alone", token=token)])
    assert callable(later)
    assert later().version == 1
    (refused,) = server.core.handle_together([write(server, "alone", token=token)])
    assert refused.status == 403


def test_nothing_is_done_without_the_record_of_its_request(server, monkeypatch):
    with monkeypatch.context() as broken:
        break_log(server, broken)
        answers = server.core.handle_together([write(server, "one"), write(server, "two")])
    assert all(isinstance(answer, AuditError) for answer in answers)
    (first,) = server.core.handle_together([write(server, "one")])
    assert first.version == 1


def test_reads_of_one_turn_are_recorded_by_one_write(server, monkeypatch):
    server.call("update", "secret/data/app", {"data": {"a": "b"}})
    server.call("read", "secret/data/app")
    turn, before = server.core.turn(), len(lines(server))
    for _ in range(3):
        assert server.core.handle_now(server.request("read", "secret/data/app"), turn).version == 1
    assert len(lines(server)) == before
    assert turn.write() is None
    assert len(lines(server)) == before + 3
    assert turn.write() is None
    assert len(lines(server)) == before + 3


@pytest.mark.parametrize("count", [1, 3])
def test_reads_whose_record_cannot_be_written_are_told_apart_from_those_that_may_leave(
    server, monkeypatch, count
):
    server.call("update", "secret/data/app", {"data": {"a": "b"}})
    server.call("read", "secret/data/app")
    turn = server.core.turn()
    for _ in range(count):
        server.core.handle_now(server.request("read", "secret/data/app"), turn)
    break_log(server, monkeypatch)
    assert isinstance(turn.write(), AuditError)
    assert isinstance(turn.write(), AuditError)
