"""The one door: what is recorded, in which order, and what happens when it cannot be."""

import errno
import json
import os

import pytest

from wellkept.core import audit_file
from wellkept.core.request import Client, Identity, Request, Response
from wellkept.errors import (
    AuditError,
    Conflict,
    Denied,
    InvalidRequest,
    NotFound,
    StoreError,
    ValueTooLarge,
)

OPERATOR = Identity("tester", ("operator",))
CLIENT = Client("tester", 7, "tests", "here", "10.0.0.7")
VALUE = "correct-horse-battery-staple"


def request(operation, path, data=None, identity=OPERATOR):
    return Request(operation, path, data, identity=identity, client=CLIENT)


@pytest.fixture
def core(store):
    return store._core


@pytest.fixture
def lines(audit_path):
    """The audit lines that came since the last look."""
    seen = [len(audit_path.read_bytes().splitlines())]

    def new():
        found = [json.loads(line) for line in audit_path.read_bytes().splitlines()[seen[0] :]]
        seen[0] += len(found)
        return found

    return new


def told(records):
    return [(record["type"], record["operation"], record.get("outcome")) for record in records]


def test_a_read_is_one_line_that_says_everything(store, core, lines, clock):
    store.write("prod/db", VALUE)
    lines()
    core.handle(request("read", "secret/data/prod/db"))
    (record,) = lines()
    assert record["time"] == "2023-11-14T22:13:20.000000Z"
    assert record["type"] == "response"
    assert record["identity"] == {"name": "tester", "policies": ["operator"]}
    assert record["client"] == {
        "user": "tester",
        "pid": 7,
        "process": "tests",
        "host": "here",
        "address": "10.0.0.7",
    }
    assert (record["operation"], record["path"]) == ("read", "secret/data/prod/db")
    assert (record["version"], record["outcome"], record["error"]) == (1, "ok", None)
    assert record["data"] == {"value": store.audit_digest(VALUE)}


def test_a_mutation_is_recorded_before_and_after(core, lines):
    core.handle(request("update", "secret/data/a", {"value": VALUE, "options": {"cas": 0}}))
    before, after = lines()
    assert told([before, after]) == [("request", "update", None), ("response", "update", "ok")]
    assert before["id"] == after["id"]
    assert (before["version"], after["version"]) == (None, 1)
    assert before["data"]["options"] == {"cas": 0}
    assert before["data"]["value"].startswith("hmac-sha256:")


def test_no_value_stands_in_the_audit_log(store, audit_path):
    store.write("a", VALUE)
    store.write("j", {"password": VALUE, "pin": 271828})
    store.patch("j", {"password": VALUE + "2", "more": {"deep": VALUE}})
    store.read("a")
    store.read("j")
    store.set_metadata("a", description=VALUE, tags={"t": VALUE}, custom_metadata={"c": VALUE}, owner=VALUE)
    store.audit_digest(VALUE)
    for bad in (
        {"data": [VALUE]},
        {"value": VALUE, "cas": VALUE},
        {"value": VALUE, "options": {"cas": VALUE}},
    ):
        with pytest.raises(InvalidRequest):
            store._core.handle(request("update", "secret/data/a", bad))
    text = audit_path.read_text()
    assert VALUE not in text
    assert "271828" not in text


@pytest.mark.parametrize(
    ("operation", "path", "data", "outcome", "kind"),
    [
        ("read", "secret/data/none", None, "not_found", NotFound),
        ("read", "secret/data/a", {"version": -1}, "invalid", InvalidRequest),
        ("read", "secret/data/a", {"nonsense": 1}, "invalid", InvalidRequest),
        ("read", "secret/data/../a", None, "invalid", InvalidRequest),
        ("read", "nowhere/a", None, "invalid", InvalidRequest),
        ("read", "secret/nonsense/a", None, "invalid", InvalidRequest),
        ("read", "secret", None, "invalid", InvalidRequest),
        ("delete", "secret/destroy/a", None, "invalid", InvalidRequest),
        ("list", "secret/data", None, "invalid", InvalidRequest),
        ("nonsense", "secret/data/a", None, "invalid", InvalidRequest),
        ("deny", "secret/data/a", None, "invalid", InvalidRequest),
        ("update", "secret/data/a", {"value": "x" * (2**20 + 1)}, "invalid", ValueTooLarge),
        ("update", "secret/data/a", {"value": "x", "options": {"cas": 9}}, "conflict", Conflict),
        ("delete", "secret/data/none", None, "not_found", NotFound),
        ("read", "sys/nonsense", None, "invalid", InvalidRequest),
    ],
)
def test_what_fails_is_recorded_with_its_kind_and_raised(
    store, core, lines, operation, path, data, outcome, kind
):
    store.write("a", "v")
    lines()
    with pytest.raises(kind) as caught:
        core.handle(request(operation, path, data))
    last = lines()[-1]
    assert (last["outcome"], last["error"], last["path"]) == (outcome, kind.__name__, path)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_denial_is_recorded_and_nothing_else_happens(store, core, lines):
    store.write("a", "v")
    store.set_policy("reader", {"path": {"secret/data/*": {"capabilities": ["read"]}}})
    lines()
    with pytest.raises(Denied, match="policy 'reader'"):
        core.handle(request("update", "secret/data/a", {"value": "w"}, Identity("app", ("reader",))))
    (record,) = lines()
    assert told([record]) == [("response", "update", "denied")]
    assert record["identity"] == {"name": "app", "policies": ["reader"]}
    assert store.read("a").info.number == 1


def test_a_denied_caller_does_not_learn_whether_the_secret_exists(store, core):
    store.write("there", "v")
    messages = []
    for name in ("there", "gone!"):
        with pytest.raises(Denied) as caught:
            core.handle(request("read", f"secret/data/{name}", None, Identity("app", ("none",))))
        messages.append(str(caught.value).replace(name, "NAME"))
    assert messages[0] == messages[1]
    assert "does not exist" in messages[0]  # the policy, not the secret


def test_create_and_update_are_told_apart_by_whether_the_secret_exists(store, core):
    store.set_policy("creator", {"path": {"secret/data/*": {"capabilities": ["create"]}}})
    store.set_policy("updater", {"path": {"secret/data/*": {"capabilities": ["update"]}}})
    creator, updater = Identity("c", ("creator",)), Identity("u", ("updater",))
    with pytest.raises(Denied, match="create"):
        core.handle(request("update", "secret/data/a", {"value": "1"}, updater))
    core.handle(request("update", "secret/data/a", {"value": "1"}, creator))
    with pytest.raises(Denied, match="update"):
        core.handle(request("update", "secret/data/a", {"value": "2"}, creator))
    core.handle(request("update", "secret/data/a", {"value": "2"}, updater))
    core.handle(request("update", "secret/data/b", {"value": "1"}, Identity("both", ("creator", "updater"))))


def test_sudo_paths_want_sudo_besides(store, core):
    store.set_policy(
        "nearly", {"path": {"sys/*": {"capabilities": ["create", "read", "update", "delete", "list"]}}}
    )
    store.set_policy("fully", {"path": {"sys/rotate": {"capabilities": ["update", "sudo"]}}})
    backup = {"path": "/nowhere/archive"}
    for path, data in (
        ("sys/rotate", None),
        ("sys/rewrite", None),
        ("sys/backup", backup),
        ("sys/init", None),
    ):
        with pytest.raises(Denied, match="sudo"):
            core.handle(request("update", path, data, Identity("app", ("nearly",))))
    for path in ("sys/audit", "sys/audit/verify"):
        with pytest.raises(Denied, match="sudo"):
            core.handle(request("read", path, None, Identity("app", ("nearly",))))
    assert core.handle(request("update", "sys/rotate", None, Identity("app", ("fully",)))).data["term"] == 2


def test_a_changed_policy_counts_at_once_in_every_handle(store, reopen):
    store.write("a", "v")
    store.set_policy("app", {"path": {"secret/data/a": {"capabilities": ["read"]}}})
    app = reopen(policies=["app"])
    assert app.read("a").info.number == 1
    store.set_policy("app", {"path": {"secret/data/b": {"capabilities": ["read"]}}})
    with pytest.raises(Denied):
        app.read("a")
    store.set_policy("app", {"path": {"secret/data/a": {"capabilities": ["read"]}}})
    assert app.read("a").info.number == 1
    store.delete_policy("app")
    with pytest.raises(Denied, match="does not exist"):
        app.read("a")


# No record, no answer.


@pytest.fixture
def unwritable(monkeypatch):
    """Lets so many more appends succeed, then none."""

    def after(count):
        left = [count]
        real = audit_file._write

        def write(fd, data, before):
            left[0] -= 1
            return (
                real(fd, data, before) if left[0] >= 0 else OSError(errno.ENOSPC, "No space left on device")
            )

        monkeypatch.setattr(audit_file, "_write", write)

    return after


def test_without_a_record_nothing_is_read(store, unwritable):
    store.write("a", VALUE)
    unwritable(0)
    with pytest.raises(AuditError):
        store.read("a")
    with pytest.raises(AuditError):
        store.read_many(["a"])
    with pytest.raises(AuditError):
        store.list()
    with pytest.raises(AuditError):
        store.metadata("a")
    with pytest.raises(AuditError):
        store.read("none")


def test_without_a_record_nothing_is_written(store, unwritable, monkeypatch):
    store.write("a", "1")
    before = store._barrier.revision()
    unwritable(0)
    for act in (
        lambda: store.write("a", "2"),
        lambda: store.write_many({"a": "2", "b": "1"}),
        lambda: store.delete("a"),
        lambda: store.destroy("a", [1]),
        lambda: store.purge("a"),
        lambda: store.set_policy("p", {"path": {}}),
        lambda: store.rotate_key(),
    ):
        with pytest.raises(AuditError):
            act()
    assert store._barrier.revision() == before
    monkeypatch.undo()
    assert store.read("a").secret.reveal() == "1"


def test_when_only_the_outcome_cannot_be_recorded_the_caller_is_told_so(store, unwritable, monkeypatch):
    unwritable(1)
    with pytest.raises(AuditError, match="change itself was made"):
        store.write("a", "1")
    monkeypatch.undo()
    assert store.read("a").secret.reveal() == "1"
    store.audit_verify()


def test_a_log_that_is_a_directory_or_a_link_stops_the_service(store, audit_path, tmp_path):
    store.write("a", "1")
    os.rename(audit_path, tmp_path / "aside")
    audit_path.mkdir()
    with pytest.raises(AuditError, match="directory"):
        store.read("a")
    audit_path.rmdir()
    audit_path.symlink_to(tmp_path / "aside")
    with pytest.raises(AuditError, match="symbolic link"):
        store.read("a")
    with pytest.raises(AuditError, match="symbolic link"):
        store.write("a", "2")
    audit_path.unlink()
    os.rename(tmp_path / "aside", audit_path)
    assert store.read("a").secret.reveal() == "1"
    store.audit_verify()


def test_a_process_limit_on_file_sizes_stops_the_service(store, audit_path):
    import resource

    store.write("a", "1")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = audit_path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
    try:
        with pytest.raises(AuditError):
            store.read("a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert audit_path.stat().st_size == size
    store.read("a")
    store.audit_verify()


# Batches.


def test_a_batch_of_reads_answers_each_for_itself(store, core, lines):
    store.write("a", "1")
    lines()
    answers = core.handle_many(
        [
            request("read", "secret/data/a"),
            request("read", "secret/data/none"),
            request("read", "secret/data/a", None, Identity("x", ())),
            request("read", "secret/data/a//b"),
        ]
    )
    assert [type(answer) for answer in answers] == [Response, NotFound, Denied, InvalidRequest]
    assert [record["outcome"] for record in lines()] == ["ok", "not_found", "denied", "invalid"]


def test_a_batch_syncs_the_log_once_and_the_store_once(store, monkeypatch):
    store.write_many({f"n/{number}": "v" for number in range(30)})
    syncs = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: syncs.append(real(fd)))
    store.read_many([f"n/{number}" for number in range(30)])
    assert len(syncs) == 1
    store.write_many({f"m/{number}": "v" for number in range(30)})
    assert len(syncs) == 3


@pytest.mark.parametrize(
    "bad",
    [
        request("update", "secret/data/b", {"value": "2", "options": {"cas": 7}}),
        request("update", "secret/data/b", {"value": "x" * (2**20 + 1)}),
        request("update", "secret/data/b", {"value": "2"}, Identity("x", ())),
        request("delete", "secret/data/none"),
        request("read", "secret/data/none"),
        request("update", "sys/rotate"),
    ],
)
def test_a_batch_of_changes_is_done_wholly_or_not_at_all(store, core, lines, bad):
    store.write("b", "1")
    lines()
    answers = core.handle_many(
        [
            request("update", "secret/data/a", {"value": "1"}),
            bad,
            request("update", "secret/data/c", {"value": "1"}),
        ]
    )
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds[0] == kinds[2] == "Aborted"
    assert kinds[1] != "Aborted"
    assert store.list() == ["b"]
    outcomes = [record["outcome"] for record in lines() if record["type"] == "response"]
    assert "ok" not in outcomes[:3]


def test_a_batch_sees_its_own_changes(core):
    answers = core.handle_many(
        [
            request("update", "secret/data/a", {"value": "1"}),
            request("update", "secret/data/a", {"value": "2", "options": {"cas": 1}}),
            request("read", "secret/data/a"),
        ]
    )
    assert answers[2].data["value"] == b"2"
    assert answers[2].version == 2


def test_an_empty_batch_is_nothing(core, lines):
    assert core.handle_many([]) == []
    assert lines() == []


# What goes wrong inside.


class Broken:
    """An engine with a bug that holds a value in its hands."""

    def subject(self, path):
        return path

    def parse(self, operation, path, data):
        from wellkept.core.command import Command

        def run(view, now):
            secret = VALUE
            raise KeyError(secret)

        if path == "parse":
            raise ZeroDivisionError(VALUE)
        return Command(path, run)


@pytest.mark.parametrize("path", ["broken/parse", "broken/run"])
@pytest.mark.parametrize("operation", ["read", "update"])
def test_a_bug_becomes_an_error_of_ours_without_the_value(core, lines, path, operation):
    core._mounts["broken"] = (Broken(), "mount/broken/")
    with pytest.raises(StoreError, match="internal error") as caught:
        core.handle(request(operation, path))
    import traceback

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)
    assert VALUE not in shown
    assert caught.value.__context__ is None
    frames = []
    trace = caught.value.__traceback__
    while trace:
        frames.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert "run" not in frames
    assert "parse" not in frames
    last = lines()[-1]
    assert (last["outcome"], last["error"]) == ("error", "StoreError")


def test_an_engine_cannot_write_while_it_answers_a_read(core):
    class Sly(Broken):
        def parse(self, operation, path, data):
            from wellkept.core.command import Command

            return Command(path, lambda view, now: view.put("a", b"x"))

    core._mounts["sly"] = (Sly(), "mount/sly/")
    with pytest.raises(StoreError):
        core.handle(request("read", "sly/a"))
    assert core._storage.get("mount/sly/a") is None


def test_an_interruption_inside_a_change_is_recorded_and_goes_on_up(core, lines):
    class Interrupted(Broken):
        def parse(self, operation, path, data):
            from wellkept.core.command import Command

            def run(view, now):
                raise KeyboardInterrupt

            return Command(path, run)

    core._mounts["interrupted"] = (Interrupted(), "mount/i/")
    with pytest.raises(KeyboardInterrupt):
        core.handle(request("update", "interrupted/a"))
    assert told(lines()) == [("request", "update", None), ("response", "update", "error")]


def test_a_lost_race_is_run_again_and_recorded_once(store, core, lines, reopen):
    other = reopen()
    store.write("a", "0")
    lines()
    real, raced = core._clock.time, []

    def meddle():
        if not raced:
            raced.append(True)
            other.write("a", "from the other")
        return real()

    meddler = type("Clock", (), {"time": staticmethod(meddle)})()
    core._clock = meddler
    core.handle(request("update", "secret/data/a", {"value": "mine"}))
    assert store.read("a").info.number == 3
    mine = [record for record in lines() if record["client"]["pid"] == 7]
    assert told(mine) == [("request", "update", None), ("response", "update", "ok")]
