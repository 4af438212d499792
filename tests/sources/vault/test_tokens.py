"""A token's life: renewed while it lasts, replaced once when it died, however many threads find out."""

from __future__ import annotations

import threading
import time

import pytest

from wellkept.errors import Denied, Unavailable
from wellkept.sources.vault.token import Token
from wellkept.testing.faults import FaultProxy, answer, reset


@pytest.fixture
def proxy(openbao):
    """Between the source and the server, to see what is asked."""
    with FaultProxy(openbao.address) as made:
        yield made


@pytest.fixture
def login(bao, proxy, opened, fresh, monkeypatch):
    """A source that logs in as a user whose tokens have the given properties."""

    def make(name, **properties):
        mount, policy = fresh("userpass"), fresh("policy")
        bao.request("POST", f"sys/auth/{mount}", {"type": "userpass"})
        bao.policy(policy, **{f"secret/data/{name}": ["read"]})
        user = {"password": "correct horse", "token_policies": [policy], **properties}
        bao.request("POST", f"auth/{mount}/users/ann", user)
        monkeypatch.setenv("VAULT_PASSWORD", "correct horse")
        options = f"kv=2&auth=userpass&user=ann&auth_mount={mount}"
        return opened(f"vault+http://127.0.0.1:{proxy.port}/secret?{options}")

    return make


@pytest.fixture
def name(bao, fresh):
    made = fresh()
    bao.write(made, {"value": "x"})
    return made


def asked(proxy, part):
    return [request.path for request in proxy.requests if part in request.path]


def present(source):
    return source.session._keeper.present


def revoke(bao, source):
    bao.request("POST", "auth/token/revoke", {"token": present(source).value})


def wait_until_due(source):
    """Let the token fall due: by setting the moment, not by waiting for it."""
    present(source).due = time.monotonic() - 1


def test_one_login_serves_all_reads(login, proxy, name):
    source = login(name)
    for _ in range(3):
        source.read(name)
    assert len(asked(proxy, "/login/")) == 1


def test_a_revoked_token_is_replaced_by_one_login_and_the_read_goes_on(bao, login, proxy, name):
    source = login(name)
    source.read(name)
    revoke(bao, source)
    assert source.read(name).reveal() == "x"
    assert len(asked(proxy, "/login/")) == 2


def test_threads_that_find_the_token_dead_at_once_log_in_once(bao, login, proxy, name):
    source = login(name)
    source.read(name)
    revoke(bao, source)
    proxy.requests.clear()
    gate, results = threading.Barrier(8), []

    def work():
        gate.wait()
        results.append(source.read(name).reveal())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["x"] * 8
    assert len(asked(proxy, "/login/")) == 1


def test_threads_that_come_first_together_log_in_once(login, proxy, name):
    source = login(name)
    gate, results = threading.Barrier(8), []

    def work():
        gate.wait()
        results.append(source.read(name).reveal())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["x"] * 8
    assert len(asked(proxy, "/login/")) == 1


def test_a_batch_with_a_dead_token_logs_in_once(bao, login, proxy, name):
    source = login(name)
    source.read(name)
    revoke(bao, source)
    proxy.requests.clear()
    assert source.read_many([name])[name].reveal() == "x"
    assert len(asked(proxy, "/login/")) == 1


def test_a_denial_by_policy_is_no_reason_to_log_in_again(bao, login, proxy, name, fresh):
    source, other = login(name), fresh()
    bao.write(other, {"value": "theirs"})
    for _ in range(3):
        with pytest.raises(Denied):
            source.read(other)
    assert len(asked(proxy, "/login/")) == 1


def test_nor_where_the_token_may_not_even_look_itself_up(bao, login, proxy, name, fresh):
    source, other = login(name, token_no_default_policy=True), fresh()
    bao.write(other, {"value": "theirs"})
    for _ in range(3):
        with pytest.raises(Denied):
            source.read(other)
    assert len(asked(proxy, "/login/")) == 1
    revoke(bao, source)
    assert source.read(name).reveal() == "x"
    assert len(asked(proxy, "/login/")) == 2


def test_a_login_that_is_refused_the_second_time_is_denied(bao, login, name, monkeypatch):
    source = login(name)
    source.read(name)
    revoke(bao, source)
    monkeypatch.setenv("VAULT_PASSWORD", "changed meanwhile")
    with pytest.raises(Denied, match="login"):
        source.read(name)
    monkeypatch.setenv("VAULT_PASSWORD", "correct horse")
    assert source.read(name).reveal() == "x"


def test_a_server_that_goes_away_during_the_new_login_is_unavailable_not_denied(bao, login, proxy, name):
    source = login(name)
    source.read(name)
    revoke(bao, source)
    proxy.fault(reset(), when=lambda request: "/login/" in request.path)
    with pytest.raises(Unavailable):
        source.read(name)
    proxy.clear()
    proxy.fault(answer(503, ""), when=lambda request: "lookup-self" in request.path)
    with pytest.raises(Unavailable):
        source.read(name)
    proxy.clear()
    assert source.read(name).reveal() == "x"


def test_a_token_is_renewed_when_two_thirds_of_its_time_are_over(login, proxy, name):
    source = login(name, token_ttl="1h", token_max_ttl="24h")
    source.read(name)
    token = present(source)
    assert 3600 * 0.55 < token.due - time.monotonic() < 3600 * 0.68
    wait_until_due(source)
    source.read(name)
    assert len(asked(proxy, "renew-self")) == 1
    assert present(source) is token
    assert token.due - time.monotonic() > 3600 * 0.55
    source.read(name)
    assert len(asked(proxy, "renew-self")) == 1


def test_a_token_that_cannot_be_renewed_is_replaced_by_a_new_login_in_time(login, proxy, name):
    source = login(name, token_ttl="1h", token_type="batch")
    source.read(name)
    first = present(source)
    wait_until_due(source)
    source.read(name)
    assert asked(proxy, "renew-self") == []
    assert len(asked(proxy, "/login/")) == 2
    assert present(source).number == first.number + 1


def test_a_token_at_its_maximum_is_replaced_by_a_new_login(login, proxy, name):
    source = login(name, token_ttl="1h", token_max_ttl="1h")
    source.read(name)
    wait_until_due(source)
    present(source).ttl = 7200.0  # what it was granted at first was more than the renewal can give
    source.read(name)
    assert len(asked(proxy, "/login/")) == 2


def test_an_expired_token_is_replaced_before_it_is_used(login, proxy, name):
    source = login(name, token_ttl="1h")
    source.read(name)
    token = present(source)
    token.due = token.expires = time.monotonic() - 1
    source.read(name)
    assert [path for path in asked(proxy, "/v1/") if "renew" in path or "lookup" in path] == []
    assert len(asked(proxy, "/login/")) == 2


def test_a_renewal_that_fails_does_not_fail_the_read(login, proxy, name):
    source = login(name, token_ttl="1h")
    source.read(name)
    wait_until_due(source)
    proxy.fault(answer(503, ""), when=lambda request: "renew-self" in request.path)
    assert source.read(name).reveal() == "x"
    assert len(asked(proxy, "/login/")) == 1
    assert present(source).due > time.monotonic(), "it is tried again, but not at every read"


def test_a_login_that_fails_while_the_old_token_lives_does_not_fail_the_read(login, proxy, name):
    source = login(name, token_ttl="1h", token_type="batch")
    source.read(name)
    wait_until_due(source)
    proxy.fault(answer(503, ""), when=lambda request: "/login/" in request.path)
    assert source.read(name).reveal() == "x"
    present(source).due = present(source).expires = time.monotonic() - 1
    with pytest.raises(Unavailable):
        source.read(name)


def test_only_one_thread_renews_while_the_others_go_on(login, proxy, name):
    source = login(name, token_ttl="1h")
    source.read(name)
    gate = threading.Event()

    def held(exchange):
        gate.wait(10)
        exchange.send(exchange.forward())

    proxy.fault(held, when=lambda request: "renew-self" in request.path)
    wait_until_due(source)
    slow = threading.Thread(target=source.read, args=(name,))
    slow.start()
    while not asked(proxy, "renew-self"):
        threading.Event().wait(0.001)
    assert source.read(name).reveal() == "x"
    gate.set()
    slow.join()
    assert len(asked(proxy, "renew-self")) == 1


def test_a_token_of_somebody_elses_is_looked_up_once_and_renewed(
    bao, opened, proxy, reader, name, monkeypatch
):
    monkeypatch.setenv("VAULT_TOKEN", bao.token(reader(name), ttl="1h"))
    source = opened(f"vault+http://127.0.0.1:{proxy.port}/secret?kv=2")
    source.read(name)
    assert asked(proxy, "lookup-self") == [], "a short job needs no look at its token"
    wait_until_due(source)
    source.read(name)
    assert len(asked(proxy, "lookup-self")) == 1
    assert asked(proxy, "renew-self") == []
    assert 3600 * 0.5 < present(source).due - time.monotonic() < 3600
    wait_until_due(source)
    source.read(name)
    assert len(asked(proxy, "renew-self")) == 1


def test_a_token_that_may_not_look_itself_up_is_left_alone(bao, opened, proxy, reader, name, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", bao.token(reader(name), no_default_policy=True))
    source = opened(f"vault+http://127.0.0.1:{proxy.port}/secret?kv=2")
    source.read(name)
    wait_until_due(source)
    source.read(name)
    source.read(name)
    assert len(asked(proxy, "lookup-self")) == 1


def test_a_root_token_never_expires(bao, opened, name):
    source = opened(bao.url())
    source.read(name)
    source.session.keep_alive(time.monotonic() + 5)
    assert source.session.token_due == source.session.token_expires == float("inf")


def test_a_token_file_that_an_agent_rewrites_is_read_again(bao, opened, reader, name, tmp_path, proxy):
    sink = tmp_path / "sink"
    sink.write_text(bao.token(reader(name)))
    source = opened(f"vault+http://127.0.0.1:{proxy.port}/secret?kv=2&token_file={sink}")
    source.read(name)
    revoke(bao, source)
    with pytest.raises(Denied):
        source.read(name)
    sink.write_text(bao.token(reader(name)))
    assert source.read(name).reveal() == "x"


def test_a_new_token_in_the_file_is_taken_before_the_old_one_dies(bao, opened, reader, name, tmp_path):
    sink = tmp_path / "sink"
    sink.write_text(bao.token(reader(name)))
    source = opened(bao.url(options=f"kv=2&token_file={sink}"))
    source.read(name)
    heard = []
    source.session.on_new_token(lambda: heard.append(source.session.token_number))
    new = bao.token(reader(name))
    sink.write_text(new)
    wait_until_due(source)
    source.read(name)
    assert present(source).value == new
    assert heard == [2]


def test_a_token_does_not_print():
    token = Token("hvs.secret", 3)
    assert "secret" not in repr(token)
