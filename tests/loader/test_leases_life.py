"""The life of a lease on a manual clock: when what happens, and what is handed out meanwhile."""

from __future__ import annotations

import os
import threading
import time

import pytest

from wellkept.clock import ManualClock
from wellkept.errors import (
    ConfigError,
    DeadlineExceeded,
    Denied,
    InvalidRequest,
    Malformed,
    NotFound,
    Throttled,
    Unavailable,
)
from wellkept.loader import lease_states
from wellkept.loader.lease_api import LeaseApi
from wellkept.loader.leases import Leases, session_of
from wellkept.redaction import known
from wellkept.sources.vault.http1 import Answer

PATH = "database/creds/app"


class Scripted:
    """A session whose server issues users ``u1``, ``u2``, ... for ``ttl`` seconds, at most ``max_ttl`` in all."""

    source = "vault://scripted/secret"

    def __init__(self, clock, ttl=60, max_ttl=600):
        self.clock, self.ttl, self.max_ttl = clock, ttl, max_ttl
        self.calls = []
        self.issued = {}
        self.revoked = []
        self.failure = None
        self.answers = {}
        self.renewable = True
        self.token_number = 1
        self.token_life = float("inf")
        self.kept_alive = 0
        self.listeners = []
        self.gate = threading.Event()
        self.gate.set()

    @property
    def token_expires(self):
        return time.monotonic() + self.token_life

    token_due = float("inf")

    def keep_alive(self, deadline):
        self.kept_alive += 1

    def on_new_token(self, callback):
        self.listeners.append(callback)

    def call(self, method, path, body=None, *, deadline, again=True):
        assert deadline <= time.monotonic() + 10.01
        self.calls.append((method, path))
        assert self.gate.wait(30), "the test forgot to open the gate"
        if self.failure is not None:
            raise self.failure
        if path in self.answers:
            return self.answers[path]
        if path == "sys/leases/renew":
            return self.renew(body)
        if path == "sys/leases/revoke":
            self.revoked.append(body["lease_id"])
            return reply(204)
        assert not again, "an issue must not be sent twice"
        number = len(self.issued) + 1
        lease_id = f"{path}/{number}"
        self.issued[lease_id] = self.clock.monotonic()
        data = {"username": f"u{number}", "password": f"password-{number}"}
        return reply(200, lease_id=lease_id, renewable=self.renewable, lease_duration=self.ttl, data=data)

    def renew(self, body):
        began = self.issued.get(body["lease_id"])
        if began is None:
            return reply(400, errors=["lease not found"])
        left = began + self.max_ttl - self.clock.monotonic()
        granted = min(body["increment"], -(-left // 1))  # rounded up, as the real one does
        warnings = ["TTL exceeded the effective max_ttl"] if left < body["increment"] else None
        return reply(
            200, lease_id=body["lease_id"], renewable=True, lease_duration=int(granted), warnings=warnings
        )

    def renewals(self):
        return [path for _, path in self.calls if path == "sys/leases/renew"]


def reply(status, **content):
    import json

    return Answer(status, {}, json.dumps(content).encode() if content else b"", True)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def session(clock):
    return Scripted(clock)


@pytest.fixture
def leases(session, clock, monkeypatch):
    """All steps are taken by the test: the thread is not started."""
    made = Leases(session, clock=clock, deadline=5.0)
    monkeypatch.setattr(made._refresher, "ensure", lambda: None)
    yield made
    session.failure = None
    session.gate.set()
    made.close()


@pytest.fixture
def lease(leases):
    return leases.lease(PATH)


@pytest.fixture
def told(lease):
    """What happens to the lease, and a way to wait for so many events."""

    class Told(list):
        def kinds(self, count):
            end = time.monotonic() + 10
            while len(self) < count and time.monotonic() < end:
                threading.Event().wait(0.001)
            return [event.kind for event in self]

        def until(self, kind):
            while not self or self[-1].kind != kind:
                threading.Event().wait(0.001)
            return {event.kind for event in self}

    events = Told()
    lease.on_event(events.append)
    return events


def user(lease):
    return lease.current().username


def test_credentials_are_there_at_once_and_from_memory(session, lease):
    credentials = lease.current()
    assert (credentials.username, credentials.password.reveal()) == ("u1", "password-1")
    assert credentials.lease_id == f"{PATH}/1"
    assert lease.current() is credentials
    assert len(session.calls) == 1
    assert lease.state == "held"


def test_they_say_when_they_expire(clock, lease):
    assert lease.current().expires == pytest.approx(clock.time() + 60)
    assert lease.seconds_left == pytest.approx(60)


def test_nothing_is_done_before_it_is_due(session, leases, clock, lease):
    clock.advance(60 * 0.56)
    assert leases.tend() == pytest.approx(lease._due - clock.monotonic())
    assert len(session.calls) == 1


def test_a_lease_is_renewed_by_two_thirds_of_its_time(session, leases, clock, lease, told):
    clock.advance(60 * 2 / 3)
    leases.tend()
    assert session.renewals() == ["sys/leases/renew"]
    assert user(lease) == "u1"
    assert lease.seconds_left == pytest.approx(60)
    assert lease.current().expires == pytest.approx(clock.time() + 60)
    assert told.kinds(1) == ["renewed"]


def test_the_moment_of_renewal_differs_from_lease_to_lease(leases, clock):
    due = {leases.lease(f"database/creds/{number}")._due - clock.monotonic() for number in range(20)}
    assert len(due) > 5
    assert all(60 * (2 / 3 - 0.1) <= each <= 60 * 2 / 3 for each in due)


def test_new_credentials_come_before_the_maximum_while_the_old_ones_are_good(
    session, leases, clock, lease, told
):
    changes = []
    lease.on_change(changes.append)
    first = lease.current()
    while user(lease) == "u1":
        assert lease.seconds_left > 0
        clock.advance(10)
        leases.tend()
    assert clock.monotonic() - session.issued[f"{PATH}/1"] < 600
    assert first.expires > clock.time() + 10, "old connections have time to go"
    assert told.until("replaced") == {"renewed", "replaced"}
    while not changes:
        threading.Event().wait(0.001)
    assert (changes[0].old, changes[0].new) == (first, lease.current())


def test_what_a_capped_renewal_grants_is_taken_for_a_second_less(session, leases, clock, lease):
    clock.advance(40)
    session.max_ttl = 80  # 40 more, of 60 wanted
    session.failure = None
    session.answers[PATH] = reply(500)
    leases.tend()
    assert lease.state == "fading"
    assert lease.seconds_left == pytest.approx(39)


def test_a_lease_that_cannot_be_renewed_is_replaced(session, leases, clock):
    session.renewable = False
    lease = leases.lease("database/creds/fixed")
    clock.advance(60 * 2 / 3)
    leases.tend()
    assert session.renewals() == []
    assert lease.current().username == "u2"


@pytest.mark.parametrize(
    "refusal",
    [
        reply(403, errors=["1 error occurred:\n\t* permission denied\n\n"]),
        reply(400, errors=["lease is not renewable"]),
    ],
)
def test_where_renewing_is_not_allowed_credentials_are_replaced(session, leases, clock, lease, refusal):
    session.answers["sys/leases/renew"] = refusal
    clock.advance(60 * 2 / 3)
    leases.tend()
    assert user(lease) == "u2"


def test_a_lease_that_the_server_has_forgotten_is_issued_anew_at_once(session, leases, clock, lease, told):
    session.issued.clear()
    session.issued["another"] = 0.0
    clock.advance(60 * 2 / 3)
    leases.tend()
    assert user(lease) == "u2"
    assert told.kinds(2) == ["gone", "replaced"]


def test_forgotten_credentials_are_not_handed_out_when_no_new_ones_can_be_had(
    session, leases, clock, lease, told
):
    session.answers["sys/leases/renew"] = reply(400, errors=["lease not found"])
    session.answers[PATH] = reply(500)
    clock.advance(60 * 2 / 3)
    leases.tend()
    assert lease.state == "lost"
    with pytest.raises(Unavailable):
        lease.current()


def test_an_outage_is_survived_until_the_credentials_expire(session, leases, clock, lease, told):
    session.failure = Unavailable("down")
    tries = 0
    while lease.state != "lost":
        assert user(lease) == "u1"
        clock.advance(max(leases.tend(), 0.01))
        tries = len(session.renewals())
        leases.tend()
    assert tries >= 4, "it went on trying"
    assert clock.monotonic() == pytest.approx(1060, abs=1)
    with pytest.raises(Unavailable):
        lease.current()
    session.failure = None
    clock.advance(20)
    leases.tend()
    assert user(lease) == "u2"
    assert told.until("replaced") == {"failed", "expired", "replaced"}


def test_failures_are_told_with_their_error_and_nothing_secret(session, leases, clock, lease, told):
    session.failure = Unavailable("down")
    clock.advance(60 * 2 / 3)
    leases.tend()
    assert told.kinds(1) == ["failed"]
    assert isinstance(told[0].error, Unavailable)
    assert "password-1" not in repr(told)


def test_a_caller_who_finds_nothing_good_asks_himself_and_retries(session, leases, clock, lease):
    clock.advance(61)
    session.failure = Unavailable("down")
    tried = []
    sleep = clock.sleep

    def sleeping(seconds):
        tried.append(seconds)
        sleep(seconds)
        session.failure = None

    clock.sleep = sleeping
    assert user(lease) == "u2"
    assert len(tried) == 1


def test_a_denial_is_raised_at_once_and_not_retried(session, leases):
    session.answers[PATH] = reply(403, errors=["1 error occurred:\n\t* permission denied\n\n"])
    with pytest.raises(Denied, match="policy"):
        leases.lease(PATH)
    assert len(session.calls) == 1


def test_a_denial_while_something_good_is_held_waits_for_the_end(session, leases, clock, lease):
    session.renewable = False
    session.answers["sys/leases/renew"] = session.answers[PATH] = reply(403)
    clock.advance(50)
    leases.tend()
    assert user(lease) == "u1"
    clock.advance(10)
    with pytest.raises(Denied):
        lease.current()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(400, errors=["unknown role: app"]), NotFound),
        (reply(404, errors=["no handler for route"]), NotFound),
        (reply(200, lease_id="", data={"value": "x"}), ConfigError),
        (reply(200, lease_id="x", lease_duration=0, data={}), ConfigError),
        (reply(200, lease_id="x", lease_duration=True, data={}), ConfigError),
        (reply(200, lease_id=7, data={}), Malformed),
        (reply(200, lease_id="x", lease_duration=60, data=None), Malformed),
        (Answer(200, {}, b"<html>", True), Malformed),
    ],
)
def test_answers_that_are_no_credentials(session, leases, answer, kind):
    session.answers[PATH] = answer
    with pytest.raises(kind):
        leases.lease(PATH)


@pytest.mark.parametrize("path", ["", "database", "a//b", "../sys/raw", "a/./b", "a/b\n", "a/b\x00"])
def test_paths_that_cannot_be_are_refused(leases, path):
    with pytest.raises(InvalidRequest):
        leases.lease(path)


def test_the_same_path_is_the_same_lease(session, leases, lease):
    assert leases.lease(f"/{PATH}/") is lease
    assert leases.lease("database/creds/other") is not lease
    assert len(session.calls) == 2


def test_data_is_posted(session, leases):
    leases.lease("kubernetes/creds/app", {"kubernetes_namespace": "shop"})
    assert session.calls[-1] == ("POST", "kubernetes/creds/app")


def test_refresh_replaces_what_a_service_refused(session, leases, clock, lease):
    refused = lease.current()
    clock.advance(10)
    assert lease.refresh().username == "u2"
    assert lease.refresh(refused).username == "u2", "somebody else has done it"
    assert lease.refresh().username == "u2", "two seconds young is good enough"
    clock.advance(3)
    assert lease.refresh().username == "u3"


def test_many_who_were_refused_at_once_ask_once(session, leases, clock, lease):
    clock.advance(10)
    refused = lease.current()
    session.gate.clear()
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(lease.refresh(refused).username)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    session.gate.set()
    for thread in threads:
        thread.join()
    assert found == ["u2"] * 8
    assert len(session.issued) == 2


def test_who_waits_for_anothers_call_waits_no_longer_than_the_deadline(session, leases, clock, lease):
    lease._deadline = 0.2
    session.gate.clear()
    clock.advance(61)
    first = threading.Thread(target=lambda: lease.current())
    first.start()
    while not lease._lock.locked():
        threading.Event().wait(0.001)
    with pytest.raises(DeadlineExceeded):
        lease.current()
    session.gate.set()
    first.join()


def test_a_new_token_means_new_credentials_before_the_old_token_dies(session, leases, lease, told):
    session.token_number = 2
    leases.tend()
    assert user(lease) == "u2"
    leases.tend()
    assert len(session.issued) == 2, "once is enough"


def test_a_new_token_while_the_server_is_away_is_no_storm(session, leases, clock, lease):
    session.token_number = 2
    session.failure = Unavailable("down")
    for _ in range(5):
        leases.tend()
    assert len(session.calls) == 2
    session.failure = None
    clock.advance(30)
    leases.tend()
    assert user(lease) == "u2"


def test_credentials_end_with_their_token(session, leases, lease):
    session.token_life = 20.0
    leases.tend()
    assert lease.seconds_left == pytest.approx(20, abs=0.5)
    session.token_life = float("inf")
    leases.tend()
    assert lease.seconds_left == pytest.approx(60)


def test_the_token_is_kept_alive(session, leases, lease):
    leases.tend()
    assert session.kept_alive == 1
    leases.tend()
    assert session.kept_alive == 1
    session.token_number = 2
    leases.tend()
    assert session.kept_alive == 2


def test_closing_revokes_what_is_held_and_what_may_still_be_in_use(session, leases, clock, lease):
    clock.advance(10)
    lease.refresh()
    leases.close()
    assert sorted(session.revoked) == [f"{PATH}/1", f"{PATH}/2"]
    with pytest.raises(InvalidRequest, match="closed"):
        lease.current()
    leases.close()
    assert len(session.revoked) == 2


def test_closing_does_not_revoke_what_has_run_out(session, leases, clock, lease):
    clock.advance(10)
    lease.refresh()
    clock.advance(55)
    leases.close()
    assert session.revoked == [f"{PATH}/2"]


def test_closing_while_the_server_is_away_ends(session, leases, lease, told):
    session.failure = Unavailable("down")
    leases.close(1.0)
    assert lease.state == "closed"
    assert told.kinds(1) == ["failed"]


def test_one_lease_can_be_given_back_and_taken_again(session, leases, lease):
    lease.close()
    assert session.revoked == [f"{PATH}/1"]
    again = leases.lease(PATH)
    assert again is not lease
    assert again.current().username == "u2"


def test_credentials_that_arrive_after_the_end_are_revoked(session, leases, clock, lease):
    clock.advance(61)
    session.gate.clear()
    errors = []

    def ask():
        try:
            lease.current()
        except InvalidRequest as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while len(session.calls) < 2:
        threading.Event().wait(0.001)
    leases.close(0.1)
    session.gate.set()
    thread.join()
    assert session.revoked == [f"{PATH}/2"]
    assert len(errors) == 1


def test_in_a_forked_child_the_parents_credentials_are_not_ours(session, leases, lease):
    changes = []
    lease.on_change(changes.append)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = f"{lease.state} {lease.current().username} {lease.state}"
            leases.close()
            said += f" {','.join(session.revoked)}"
        except BaseException as error:
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 500).decode() == f"idle u2 held {PATH}/2"
    assert user(lease) == "u1"
    assert session.revoked == []


def test_a_static_role_is_read_again_when_the_server_has_changed_its_password(session, leases, clock):
    passwords = iter(["one", "one", "two"])

    def answer():
        data = {"username": "fixed", "password": next(passwords), "ttl": 30, "rotation_period": 30}
        return reply(200, lease_id="", renewable=False, lease_duration=0, data=data)

    session.answers["database/static-creds/app"] = answer()
    lease = leases.lease("database/static-creds/app")
    changes = []
    lease.on_change(changes.append)
    assert lease.current().password.reveal() == "one"
    for _ in range(2):
        session.answers["database/static-creds/app"] = answer()
        clock.advance(30)
        leases.tend()
    assert lease.current().password.reveal() == "two"
    while not changes:
        threading.Event().wait(0.001)
    assert [change.new.password.reveal() for change in changes] == ["two"]
    leases.close()
    assert session.revoked == []


def test_other_engines_fields_are_there_by_name(session, leases):
    data = {"access_key": "AKIA", "secret_key": "s3cret-key", "security_token": None, "ttl": 5}
    session.answers["aws/creds/app"] = reply(200, lease_id="l", renewable=True, lease_duration=60, data=data)
    credentials = leases.lease("aws/creds/app").current()
    assert credentials.username is None
    assert credentials.field("secret_key").reveal() == "s3cret-key"
    assert credentials.field("ttl").reveal() == "5"
    with pytest.raises(NotFound, match="access_key, secret_key, ttl"):
        credentials.password  # noqa: B018


def test_passwords_become_known_to_the_redactor_and_user_names_do_not(lease):
    values = {secret.reveal() for secret in known.DEFAULT._entries if not secret.is_binary}
    assert "password-1" in values
    assert "u1" not in values


def test_nothing_prints_a_password(lease, told):
    assert "password-1" not in f"{lease!r} {lease.current()!r} {lease.current().fields}"


def test_a_callback_that_fails_disturbs_nobody(leases, clock, lease):
    heard = []
    lease.on_event(lambda event: 1 / 0)
    lease.on_event(heard.append)
    clock.advance(40)
    leases.tend()
    while not heard:
        threading.Event().wait(0.001)
    assert user(lease) == "u1"


def test_unsubscribing_ends_it(leases, clock, lease, told):
    heard = []
    stop = lease.on_event(heard.append)
    stop()
    stop()
    clock.advance(40)
    leases.tend()
    assert told.kinds(1) == ["renewed"]
    assert heard == []


async def test_tasks_have_their_own_way(lease, clock):
    assert (await lease.acurrent()).username == "u1"
    clock.advance(61)
    assert (await lease.acurrent()).username == "u2"
    clock.advance(3)
    assert (await lease.arefresh()).username == "u3"


def test_every_transition_that_is_not_in_the_table_is_refused():
    assert lease_states.following("held", "capped") == "fading"
    for state in ("idle", "lost", "closed"):
        with pytest.raises(KeyError):
            lease_states.following(state, "renewed")
    reachable = {"idle"} | set(lease_states.TRANSITIONS.values())
    assert reachable == {"idle", "held", "fading", "lost", "closed"}


def test_a_source_without_leases_says_what_is_needed():
    from wellkept.sources.registry import open_source

    with pytest.raises(ConfigError, match="vault: URL"):
        session_of(open_source("env:"))
    chain = open_source(["env:", "vault+http://127.0.0.1:1/secret"])
    assert session_of(chain) is chain.sources[1].session


def test_the_api_sends_an_issue_once_and_the_rest_again(session):
    seen = []
    session.call = lambda method, path, body=None, *, deadline, again=True: (
        seen.append((path, again)) or reply(404)
    )
    api = LeaseApi(session, PATH, None)
    with pytest.raises(NotFound):
        api.issue(5.0)
    assert api.renew("id", 60, 5.0) is None
    api.revoke("id", 5.0)
    assert seen == [(PATH, False), ("sys/leases/renew", True), ("sys/leases/revoke", True)]


def test_a_token_that_cannot_be_kept_alive_is_tried_again_soon(session, leases, lease):
    def failing(deadline):
        session.kept_alive += 1
        raise Unavailable("down")

    session.keep_alive = failing
    assert leases.tend() <= 1.0
    assert leases.tend() <= 1.0
    assert session.kept_alive == 2
    assert user(lease) == "u1"


def test_a_step_never_waits_for_a_caller(leases, lease):
    with lease._lock:
        assert leases.tend() <= 0.1


def test_throttled_is_heeded(session, leases, clock, lease):
    clock.advance(61)
    session.failure = Throttled("later", retry_after=9.0)
    leases.tend()
    assert lease._due - clock.monotonic() >= 4.5


def test_after_the_end_nothing_is_taken_and_nothing_is_done(session, leases, lease):
    leases.close()
    calls = len(session.calls)
    assert leases.tend() is None
    with pytest.raises(InvalidRequest):
        leases.lease("database/creds/other")
    with pytest.raises(InvalidRequest):
        lease.refresh()
    assert len(session.calls) == calls


@pytest.mark.parametrize(
    "odd",
    [
        reply(200, lease_duration="long"),
        reply(200, lease_duration=True),
        reply(502),
        Answer(200, {}, b"[]", True),
    ],
)
def test_a_renewal_that_is_answered_oddly_has_failed_and_is_tried_again(
    session, leases, clock, lease, told, odd
):
    session.answers["sys/leases/renew"] = odd
    clock.advance(40)
    leases.tend()
    assert told.kinds(1) == ["failed"]
    assert user(lease) == "u1"
    del session.answers["sys/leases/renew"]
    clock.advance(10)
    leases.tend()
    assert told.kinds(2) == ["failed", "renewed"]


def test_a_revocation_that_is_not_allowed_is_told_and_no_more(session, leases, lease, told):
    session.answers["sys/leases/revoke"] = reply(403)
    leases.close()
    assert told.kinds(1) == ["failed"]
    assert isinstance(told[0].error, Denied)
