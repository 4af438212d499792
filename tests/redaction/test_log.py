"""``logging``: whatever a handler formats has no secret in it."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import queue
from collections.abc import Callable, Iterator
from logging.handlers import QueueHandler

import pytest

from wellkept.redaction.exceptions import formatted
from wellkept.redaction.log import RedactingFilter, install_logging
from wellkept.redaction.redactor import FAILED, Redactor
from wellkept.secret import Secret

Make = Callable[..., Redactor]
VALUE = "s3cret-value"


class Json(logging.Formatter):
    """Formats what it likes, as JSON formatters do: exceptions anew, and every attribute of the record."""

    def format(self, record: logging.LogRecord) -> str:
        shown = {**vars(record), "text": record.getMessage()}
        if record.exc_info:
            shown["exc_info"] = self.formatException(record.exc_info)
        return json.dumps(shown, default=repr)


@pytest.fixture
def root(knowing: Make) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger with its own tree below it, two handlers (plain and JSON) and the filter on both."""
    top = logging.getLogger("under-test")
    top.propagate = False
    top.setLevel(logging.DEBUG)
    out = io.StringIO()
    redactor = knowing({"prod/x": VALUE}, shapes=True)
    for formatter in (logging.Formatter("%(levelname)s %(message)s"), Json()):
        handler = logging.StreamHandler(out)
        handler.setFormatter(formatter)
        handler.addFilter(RedactingFilter(redactor))
        top.addHandler(handler)
    yield top, out
    top.handlers.clear()
    top.propagate = True


def test_messages_and_arguments_of_child_loggers_are_redacted(
    root: tuple[logging.Logger, io.StringIO],
) -> None:
    _, out = root
    log = logging.getLogger("under-test.child.grandchild")
    log.info("literally s3cret-value")
    log.info("by argument %s and %d", VALUE, 5)
    log.info("by mapping %(key)s", {"key": VALUE})
    log.info("by repr %r", {"nested": [VALUE]})
    log.info("split %s%s", "s3cret-", "value")
    log.info("cut %.3s off", VALUE)  # the message does not show it; the record's arguments do
    log.warning("as shape postgresql://app:hunter22@db/app")
    text = out.getvalue()
    assert VALUE not in text
    assert "hunter22" not in text
    assert "literally [redacted:prod/x]" in text
    assert "by argument [redacted:prod/x] and 5" in text
    assert "split [redacted:prod/x]" in text
    assert "postgresql://app:[redacted]@db/app" in text


def test_exceptions_their_chains_notes_and_stacks_are_redacted(
    root: tuple[logging.Logger, io.StringIO],
) -> None:
    top, out = root
    try:
        try:
            raise KeyError(VALUE)
        except KeyError as error:
            error.add_note(f"note: {VALUE}")
            raise RuntimeError(f"outer {VALUE}") from error
    except RuntimeError:
        top.exception("failed", stack_info=True)
        top.error("failed again, %s", VALUE, exc_info=True)
    text = out.getvalue()
    assert VALUE not in text.replace('raise RuntimeError(f"outer {VALUE}")', "")
    assert "KeyError" in text
    assert "RuntimeError: outer [redacted:prod/x]" in text
    assert "note: [redacted:prod/x]" in text
    assert "Traceback (most recent call last)" in text
    assert "test_log.py" in text


def test_extra_fields_are_redacted_by_value_and_by_name(root: tuple[logging.Logger, io.StringIO]) -> None:
    top, out = root
    extra = {
        "url": f"https://x/{VALUE}",
        "tree": {"a": [VALUE, {"b": VALUE.encode()}]},
        "password": "plain-one",
    }
    top.info("with extra", extra={**extra, "count": 3, "user": "bob", "wrapped": Secret(VALUE, name="n")})
    shown = json.loads(out.getvalue().splitlines()[1])
    assert VALUE not in out.getvalue()
    assert shown["url"] == "https://x/[redacted:prod/x]"
    assert shown["tree"]["a"][0] == "[redacted:prod/x]"
    assert shown["password"] == "[redacted]"
    assert (shown["count"], shown["user"]) == (3, "bob")


def test_a_record_without_secrets_is_left_as_it_is(knowing: Make) -> None:
    try:
        raise ValueError("harmless")
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
    payload = {"a": [1, 2]}
    record = logging.LogRecord("n", logging.INFO, __file__, 1, "x %s %s", (payload, "y"), info)
    record.tree = payload
    before = dict(vars(record))
    assert RedactingFilter(knowing(x=VALUE, shapes=True)).filter(record)
    assert vars(record) == before
    assert record.args is before["args"]


def test_a_record_keeps_its_stack_for_handlers_that_report_it(knowing: Make) -> None:
    try:
        raise LookupError(f"no {VALUE}")
    except LookupError as error:
        info = (LookupError, error, error.__traceback__)
    record = logging.LogRecord("n", logging.ERROR, __file__, 1, "x", (), info)
    RedactingFilter(knowing(x=VALUE)).filter(record)
    assert record.exc_info is not None
    kind, clean, trace = record.exc_info
    assert kind is not None
    assert clean is not None
    assert (kind.__name__, str(clean), trace) == ("LookupError", "no [redacted:x]", info[2])
    assert VALUE not in formatted(clean)


def test_a_message_that_cannot_be_formatted_is_withheld(knowing: Make) -> None:
    record = logging.LogRecord("n", logging.INFO, __file__, 1, "x %d", (VALUE,), None)
    record.more = VALUE
    RedactingFilter(knowing(x=VALUE)).filter(record)
    assert record.getMessage() == FAILED
    assert VALUE not in repr(vars(record))


def test_an_error_in_the_redactor_withholds_the_record(
    knowing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    redactor = knowing(x=VALUE)
    monkeypatch.setattr(Redactor, "redact", lambda *_: 1 / 0)
    record = logging.LogRecord("n", logging.INFO, __file__, 1, f"x {VALUE}", (), None)
    RedactingFilter(redactor).filter(record)
    assert record.getMessage() == FAILED


def test_a_dict_config_can_name_the_filter() -> None:
    out = io.StringIO()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"redact": {"()": "wellkept.redaction.RedactingFilter"}},
            "handlers": {"h": {"class": "logging.StreamHandler", "filters": ["redact"], "stream": out}},
            "loggers": {"configured": {"handlers": ["h"], "level": "INFO", "propagate": False}},
        }
    )
    logging.getLogger("configured").info("token ghp_0123456789abcdefghijABCDEFGHIJ012345")
    assert out.getvalue() == "token [redacted]\n"


def test_installation_covers_every_handler_once_and_can_be_taken_back(knowing: Make) -> None:
    out = io.StringIO()
    own = logging.StreamHandler(out)
    elsewhere = logging.StreamHandler(out)
    logging.root.addHandler(own)
    aside = logging.getLogger("aside.with-own-handler")
    aside.addHandler(elsewhere)
    aside.propagate = False
    try:
        uninstall = install_logging(knowing({"prod/x": VALUE}))
        again = install_logging(knowing({"prod/x": VALUE}))
        assert sum(isinstance(f, RedactingFilter) for f in own.filters) == 1
        logging.getLogger("some.child").error("root: %s", VALUE)
        aside.error("aside: %s", VALUE)
        assert out.getvalue() == "root: [redacted:prod/x]\naside: [redacted:prod/x]\n"
        again()
        assert any(isinstance(f, RedactingFilter) for f in own.filters)
        uninstall()
        assert own.filters == elsewhere.filters == []
    finally:
        logging.root.removeHandler(own)
        aside.removeHandler(elsewhere)
        aside.propagate = True


def test_records_are_clean_before_they_enter_a_queue(knowing: Make) -> None:
    waiting: queue.Queue[logging.LogRecord] = queue.Queue()
    handler = QueueHandler(waiting)
    handler.addFilter(RedactingFilter(knowing(x=VALUE)))
    record = logging.LogRecord("n", logging.INFO, __file__, 1, "x %s", (VALUE,), None)
    handler.handle(record)
    assert waiting.get().getMessage() == "x [redacted:x]"


def test_a_second_filter_changes_nothing_more(knowing: Make) -> None:
    redactor = knowing({"prod/x": VALUE}, shapes=True)
    text = f"password={VALUE} url=postgresql://u:{VALUE}@h/d Authorization: Bearer {VALUE} token=abcd1234efgh"
    once = redactor.redact(text)
    assert VALUE not in once
    assert redactor.redact(once) == once
