"""What goes wrong between here and the server, sorted: by a real server in trouble, and by a faulty network."""

from __future__ import annotations

import time

import pytest

from wellkept.errors import Denied, Malformed, NotFound, Throttled, Unavailable
from wellkept.sources.registry import open_source
from wellkept.testing.faults import FaultProxy, answer, cut, garbage, hang, not_http, reset, rewrite
from wellkept.testing.openbao import OpenBaoServer
from wellkept.testing.openbao_fixture import require_openbao

VALUE = "the-value-that-nobody-may-see"


@pytest.fixture
def proxy(openbao):
    with FaultProxy(openbao.address) as made:
        yield made


@pytest.fixture
def source(bao, proxy, opened):
    bao.write("failures", {"value": VALUE})
    made = opened(f"vault+http://127.0.0.1:{proxy.port}/secret?timeout=5")
    assert made.read("failures").reveal() == VALUE
    return made


def failure(source, kind, name="failures", timeout=5.0):
    with pytest.raises(kind) as caught:
        source.read(name, timeout=timeout)
    error = caught.value
    assert VALUE not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.source is None or error.source == source.url
    return error


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 472, 473])
def test_a_server_in_trouble_is_unavailable(source, proxy, status):
    proxy.fault(answer(status, "<html>it hurts</html>"))
    failure(source, Unavailable)


@pytest.mark.parametrize("status", [429, 412])
def test_asked_to_come_back_later(source, proxy, status):
    proxy.fault(answer(status, "", {"Retry-After": "7"}))
    assert failure(source, Throttled).retry_after == 7.0


@pytest.mark.parametrize(
    "header", [{}, {"Retry-After": "soon"}, {"Retry-After": "-1"}, {"Retry-After": "1" * 9}]
)
def test_asked_to_come_back_without_a_usable_time(source, proxy, header):
    proxy.fault(answer(429, "", header))
    assert failure(source, Throttled).retry_after is None


@pytest.mark.parametrize("status", [400, 405, 418])
def test_a_request_that_the_server_does_not_take_is_malformed(source, proxy, status):
    proxy.fault(answer(status, '{"errors": ["no idea"]}'))
    failure(source, Malformed)


def test_an_engine_that_is_being_upgraded_is_unavailable(source, proxy):
    words = (
        "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period"
    )
    proxy.fault(answer(400, f'{{"errors": ["{words}"]}}'))
    failure(source, Unavailable)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (hang(), Unavailable),
        (cut(after_bytes=20), Unavailable),
        (cut(), Unavailable),
        (reset(), Unavailable),
        (garbage(), Malformed),
        (garbage(b"<html>please log in to the hotel's network</html>"), Malformed),
        (garbage(b"[]"), Malformed),
        (garbage(b"null"), Malformed),
        (garbage(b'{"data": null}'), Malformed),
        (garbage(b'{"data": {"data": "text", "metadata": {"version": 1}}}'), Malformed),
        (garbage(b'{"data": {"data": {"value": "x"}}}'), Malformed),
        (garbage(b'{"data": {"data": {"value": "x"}, "metadata": {"version": true}}}'), Malformed),
        (garbage(b'{"data": {"data": {"n": 1e999}, "metadata": {"version": 1}}}'), Malformed),
        (garbage(b"[" * 100_000), Malformed),
        (not_http(), Malformed),
    ],
)
def test_broken_answers(source, proxy, fault, kind):
    proxy.fault(fault)
    failure(source, kind, timeout=0.5)
    assert isinstance(source.read_many(["failures", "other"], timeout=0.5)["failures"], kind)


def test_garbage_that_holds_the_value_is_not_quoted(source, proxy):
    proxy.fault(rewrite(lambda body: body.replace(b'"metadata"', b"metadata")))
    failure(source, Malformed)


def test_an_error_that_holds_the_value_is_not_quoted(source, proxy):
    proxy.fault(answer(400, f'{{"errors": ["cannot parse {VALUE}"]}}'))
    failure(source, Malformed)


def test_connection_refused_and_back_again(source, proxy):
    proxy.refuse()
    failure(source, Unavailable)
    proxy.accept()
    assert source.read("failures").reveal() == VALUE


def test_a_denial_is_a_denial_and_names_what_to_look_at(bao, opened, reader, monkeypatch, fresh):
    other = fresh()
    bao.write(other, {"value": VALUE})
    monkeypatch.setenv("VAULT_TOKEN", bao.token(reader(fresh())))
    error = failure(opened(bao.url()), Denied, other)
    assert error.name in (other, None)
    assert "policy" in str(error)


def test_a_404_with_a_page_is_still_not_found(source, proxy):
    proxy.fault(answer(404, "<html>nothing here</html>"))
    failure(source, NotFound)


def engine_question(request):
    return "/sys/internal/" in request.path


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_that_cannot_say_which_engine_it_is_is_taken_for_version_2(bao, proxy, opened, status):
    bao.write("failures", {"value": VALUE})
    proxy.fault(answer(status, '{"errors": []}'), when=engine_question)
    assert opened(f"vault+http://127.0.0.1:{proxy.port}/secret").read("failures").reveal() == VALUE


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (answer(503, ""), Unavailable),
        (answer(429, ""), Throttled),
        (garbage(), Malformed),
        (hang(), Unavailable),
    ],
)
def test_trouble_while_asking_for_the_engine_is_sorted_and_asked_again(bao, proxy, opened, fault, kind):
    bao.write("failures", {"value": VALUE})
    proxy.fault(fault, when=engine_question)
    source = opened(f"vault+http://127.0.0.1:{proxy.port}/secret")
    failure(source, kind, timeout=0.5)
    found = source.read_many(["failures", "other"], timeout=0.5)
    assert {type(error) for error in found.values()} == {kind}
    assert [error.name for error in found.values()] == ["failures", "other"]
    proxy.clear()
    assert source.read("failures").reveal() == VALUE


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (answer(503, ""), Unavailable),
        (answer(403, ""), Denied),
        (reset(), Unavailable),
        (garbage(), Malformed),
        (answer(200, '{"data": {"keys": [1]}}'), Malformed),
        (answer(204, ""), Malformed),
    ],
)
def test_trouble_while_listing(source, proxy, fault, kind):
    proxy.fault(fault, when=lambda request: request.method == "LIST")
    with pytest.raises(kind):
        source.list(timeout=1.0)


@pytest.fixture(scope="module")
def fragile():
    """A server of its own, to be hurt."""
    require_openbao()
    with OpenBaoServer() as server:
        server.write("x", {"value": VALUE})
        yield server


@pytest.fixture
def fragile_source(fragile, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", fragile.root_token)
    source = open_source(fragile.url())
    assert source.read("x").reveal() == VALUE
    yield source
    source.close()


def test_a_stopped_server_and_one_that_came_back(fragile, fragile_source):
    fragile.stop()
    failure(fragile_source, Unavailable, "x")
    fragile.start()
    assert fragile_source.read("x").reveal() == VALUE


def test_a_sealed_server_says_so(fragile, fragile_source):
    fragile.seal()
    assert "sealed" in str(failure(fragile_source, Unavailable, "x"))
    fragile.unseal()
    assert fragile_source.read("x").reveal() == VALUE


def test_a_server_that_hangs_takes_no_longer_than_allowed(fragile, fragile_source):
    fragile.pause()
    try:
        assert "in time" in str(failure(fragile_source, Unavailable, "x", timeout=0.2))
        assert isinstance(fragile_source.read_many(["x", "y"], timeout=0.2)["x"], Unavailable)
    finally:
        fragile.resume()
    assert fragile_source.read("x").reveal() == VALUE


def test_what_is_on_its_way_does_not_print(source):
    """Tracebacks that show local variables show these."""
    from wellkept.sources.vault import kv, login

    deadline = time.monotonic() + 5
    answered = source.session.call("GET", "secret/data/failures", deadline=deadline)
    found = kv.parse(answered, True, what="", name="failures", source="")
    attempt = login.StaticToken(source._options).attempt(deadline)
    assert VALUE in answered.body.decode()
    shown = f"{answered!r} {found!r} {attempt!r} {source.session._keeper.present!r} {source._options!r}"
    assert VALUE not in shown
    assert attempt.token not in shown
