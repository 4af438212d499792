"""Sentry, the real SDK with a transport that keeps what would be sent: no envelope holds the value."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

sentry_sdk = pytest.importorskip("sentry_sdk", reason="pip install 'wellkept[sentry]'")

from sentry_sdk.consts import DEFAULT_OPTIONS  # noqa: E402
from sentry_sdk.transport import Transport  # noqa: E402

from wellkept.integrations.sentry import SentryCleaner, hooks  # noqa: E402
from wellkept.redaction.known import Known  # noqa: E402
from wellkept.redaction.redactor import FAILED, Redactor  # noqa: E402
from wellkept.secret import Secret  # noqa: E402

VALUE = bytes.fromhex("7333637265742d76616c7565").decode()  # "s3cret-value", but not in any source line
LONG = "".join(f"{n * 7919 % 10007:05}" for n in range(400))


class Kept(Transport):
    """Keeps every envelope as the bytes that would have gone out."""

    sent: list[bytes]

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.sent = []

    def capture_envelope(self, envelope: Any) -> None:
        self.sent.append(envelope.serialize())


@pytest.fixture
def redactor() -> Redactor:
    known = Known()
    known.remember(Secret(VALUE, name="prod/x"))
    known.remember(Secret(LONG, name="prod/long"))
    return Redactor(known)


def started(**options: Any) -> list[bytes]:
    transport = Kept()
    dsn = "https://public@localhost/1"
    sentry_sdk.init(dsn=dsn, transport=transport, traces_sample_rate=1.0, max_value_length=1024, **options)
    return transport.sent


@pytest.fixture(autouse=True)
def _no_client_afterwards() -> Iterator[None]:
    yield
    sentry_sdk.get_client().close()
    sentry_sdk.init()


@pytest.fixture
def sent(redactor: Redactor) -> list[bytes]:
    return started(**hooks(redactor))


def test_messages_exceptions_locals_breadcrumbs_and_context_are_clean(sent: list[bytes]) -> None:
    def connect(url: str) -> None:
        nested = {"deep": [{"value": url}], url: 1}
        password = "not-known-but-telling"  # noqa: F841 - it is there to be reported
        raise ConnectionError(f"cannot reach {nested['deep'][0]['value']}")

    sentry_sdk.add_breadcrumb(category="http", message=f"GET /{VALUE}", data={"headers": {"x": VALUE}})
    sentry_sdk.set_tag("tag", VALUE)
    sentry_sdk.set_extra("extra", {"a": [VALUE]})
    sentry_sdk.set_user({"id": 5, "email": VALUE})
    sentry_sdk.set_context("request", {"url": f"https://x/?q={VALUE}", "cookies": {"session": VALUE}})
    try:
        connect(f"postgresql://u:{VALUE}@h/d")
    except ConnectionError:
        sentry_sdk.capture_exception()
    sentry_sdk.capture_message(f"message {VALUE}")
    sentry_sdk.flush()
    everything = b"".join(sent)
    assert len(sent) == 2
    assert VALUE.encode() not in everything
    assert b"not-known-but-telling" not in everything.replace(b'password = \\"not-known-but-telling\\"', b"")
    event = json.loads(sent[0].splitlines()[-1])
    error = event["exception"]["values"][-1]
    assert error["value"] == "cannot reach postgresql://u:[redacted:prod/x]@h/d"
    frame = error["stacktrace"]["frames"][-1]["vars"]
    assert frame["url"] == "'postgresql://u:[redacted:prod/x]@h/d'"
    assert frame["password"] in ("[redacted]", "[Filtered]")  # Sentry's own scrubber came first
    # Whatever else the process did before may have left crumbs of its own.
    crumbs = [crumb.get("message") for crumb in event["breadcrumbs"]["values"]]
    assert "GET /[redacted:prod/x]" in crumbs
    assert event["user"]["id"] == 5
    assert event["event_id"]


def test_log_records_and_transactions_are_clean(sent: list[bytes]) -> None:
    with sentry_sdk.start_transaction(name=f"tx {VALUE}", op="task") as transaction:
        transaction.set_data("sql", f"select '{VALUE}'")
        with sentry_sdk.start_span(op="db", name=f"connect {VALUE}"):
            pass
    logging.getLogger("app").error("logged %s", VALUE, extra={"field": VALUE})
    sentry_sdk.flush()
    everything = b"".join(sent)
    assert len(sent) == 2
    assert b"[redacted:prod/x]" in everything
    assert VALUE.encode() not in everything


@pytest.mark.skipif("before_send_span" not in DEFAULT_OPTIONS, reason="this sentry_sdk streams no spans")
def test_streamed_spans_are_clean_even_if_they_cannot_be_read(
    redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = started(trace_lifecycle="stream", **hooks(redactor, streaming=True))
    with sentry_sdk.traces.start_span(name=f"outer {VALUE}", attributes={"sql": VALUE}):
        pass
    monkeypatch.setattr("wellkept.integrations.sentry.redact_tree", lambda *_, **__: 1 / 0)
    with sentry_sdk.traces.start_span(name=f"unreadable {VALUE}", attributes={"sql": VALUE}):
        pass
    sentry_sdk.flush()
    everything = b"".join(sent)
    assert b"outer [redacted:prod/x]" in everything
    assert FAILED.encode() in everything
    assert VALUE.encode() not in everything


def test_a_value_that_sentry_cut_off_shows_no_beginning(sent: list[bytes]) -> None:
    def work(token: str) -> None:
        raise ValueError("x" * 900 + token)

    try:
        work(LONG)
    except ValueError:
        sentry_sdk.capture_exception()
    sentry_sdk.flush()
    everything = b"".join(sent).decode()
    assert everything.count("xxx") > 0
    assert LONG[:12] not in everything


def test_depth_is_bounded_and_identifiers_stay(redactor: Redactor) -> None:
    deep: Any = VALUE
    for _ in range(200):
        deep = {"a": deep}
    event = {"event_id": "a" * 32, "timestamp": 1.5, "extra": deep}
    clean = SentryCleaner(redactor).event(event)
    assert VALUE not in repr(clean)
    assert (clean["event_id"], clean["timestamp"]) == ("a" * 32, 1.5)


def test_an_error_inside_sends_an_event_without_content(
    redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wellkept.integrations.sentry.redact_tree", lambda *_, **__: 1 / 0)
    cleaner = SentryCleaner(redactor)
    event = {"event_id": "a" * 32, "message": VALUE, "extra": {"a": VALUE}}
    assert cleaner.event(event) == {"event_id": "a" * 32, "level": "error", "message": FAILED}
    assert cleaner.crumb({"message": VALUE}) is None
